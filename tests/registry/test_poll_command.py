"""`manage.py poll`: what it prints, and how it says no."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from registry import runs
from registry.models import PollRun, Source
from registry.tasks import poll_source
from tests.factories import NOW
from tests.registry.feeding import chat, feed
from tests.registry.payloads import path_of

pytestmark = pytest.mark.django_db
PLAIN = str(path_of("litellm/plain.json"))


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("poll", *arguments, stdout=out)
    return out.getvalue()


def test_it_says_what_the_first_document_brought() -> None:
    assert run("litellm", "--file", PLAIN).splitlines() == [
        "LiteLLM price map: 5 records, the first document of this source",
        "       5 listed",
    ]


def test_it_says_that_nothing_changed() -> None:
    run("litellm", "--file", PLAIN)
    assert run("litellm", "--file", PLAIN) == "LiteLLM price map: unchanged\n"


def test_it_names_what_was_set_aside_with_the_reason() -> None:
    printed = run("litellm", "--file", str(path_of("litellm/year-zero.json")))
    assert "1 rejected" in printed
    assert "acme-chat-1: “deprecation_date” is 0000-01-01, which is no day of the calendar" in printed


def test_the_day_a_document_was_seen_is_kept() -> None:
    run("litellm", "--file", PLAIN, "--as-of", "2026-04-15")
    assert Source.objects.get(slug="litellm").last_observed_at == NOW.replace(hour=0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nope",), "There is no source “nope”; there are: .*huggingface, litellm"),
        (("litellm", "--as-of", "2026-04-15"), "it needs --file"),
        (("litellm", "--file", PLAIN, "--as-of", "soon"), "is no date like 2026-04-15"),
        (("litellm", "--file", "/no/such/file"), "cannot be read"),
        (("litellm", "--file", str(path_of("litellm/web-page.html"))), "failed. The document is a web page"),
    ],
)
def test_it_says_what_is_wrong(arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*arguments)


def test_it_refuses_what_is_older_than_what_is_known() -> None:
    run("litellm", "--file", PLAIN, "--as-of", "2026-04-15")
    with pytest.raises(CommandError, match=r"refused.*would turn time back"):
        run("litellm", "--file", PLAIN, "--as-of", "2026-04-14")


def test_it_takes_a_shrunken_document_when_told_to(tmp_path: Path) -> None:
    feed(tmp_path, {f"m{number}": chat() for number in range(60)})
    with pytest.raises(CommandError, match="looks broken"):
        run("litellm", "--file", PLAIN)
    assert "60 missing, which does not yet mean removed" in run("litellm", "--file", PLAIN, "--accept-shrink")


def test_it_waits_for_nobody() -> None:
    runs.begin(Source.objects.get(slug="litellm"), slot=None, now=NOW.replace(year=2036))
    with pytest.raises(CommandError, match="is being polled since"):
        run("litellm", "--file", PLAIN)


def test_the_task_leaves_a_source_alone_that_another_worker_polls() -> None:
    runs.begin(Source.objects.get(slug="litellm"), slot=None, now=NOW.replace(year=2036))
    poll_source("litellm")
    assert PollRun.objects.count() == 1


def test_it_says_what_is_held_back_and_who_decides(tmp_path: Path) -> None:
    feed(tmp_path, {f"m{number}": chat() for number in range(60)})
    path = tmp_path / "shrunk.json"
    path.write_text(json.dumps({f"m{number}": chat() for number in range(50)}), encoding="utf-8")
    printed = run("litellm", "--file", str(path))
    assert "Held back until a person releases or dismisses it: 10 of 60 rows are gone at once" in printed
    assert "missing" not in printed


def test_what_people_report_is_not_polled() -> None:
    with pytest.raises(CommandError, match="What people report is not polled"):
        run("people")
