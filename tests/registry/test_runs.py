"""Each due poll happens once, whatever the number of beats; a killed one leaves nothing and is taken up again."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from registry import ingest, runs, store
from registry.ingest import due_sources, poll
from registry.listings import map_all_new
from registry.models import Change, Listing, Observation, PollRun, Source
from registry.runs import LEASE, Busy, LeaseLost
from registry.tasks import poll_due_sources
from registry.upstream import Document, Known, LiteLLM, UpstreamError
from tests import factories as f
from tests.factories import NOW
from tests.registry.feeding import chat, feed
from tests.registry.payloads import payload

pytestmark = pytest.mark.django_db
LATER = NOW + LEASE + timedelta(seconds=1)


class Killed(BaseException):
    """As SIGKILL: nothing in the program gets to see it."""


def source() -> Source:
    return Source.objects.get(slug="litellm")


def answer_with(monkeypatch: pytest.MonkeyPatch, raw: bytes | UpstreamError) -> list[Known]:
    """Let LiteLLM answer so; what was known at each fetch comes back."""
    asked: list[Known] = []

    def fetch(_self: LiteLLM, known: Known) -> Document | None:
        asked.append(known)
        if isinstance(raw, UpstreamError):
            raise raw
        return Document(raw, "https://litellm.example/map.json", etag='"v1"')

    monkeypatch.setattr(LiteLLM, "fetch", fetch)
    return asked


def kill_in(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    def die(*_args: Any, **_kwargs: Any) -> None:
        raise Killed

    monkeypatch.setattr(module, name, die)


def kill_during(folder: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, document: object) -> None:
    """Feed `document` and die in the middle of it."""
    with monkeypatch.context() as patched:
        kill_in(patched, module, name)
        with pytest.raises(Killed):
            feed(folder, document)


def test_a_slot_is_polled_once_however_many_beats_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_with(monkeypatch, payload("litellm/plain.json"))
    slot = runs.next_slot(source(), now=NOW)
    assert runs.next_slot(source(), now=NOW + timedelta(seconds=7)) == slot

    first = poll("litellm", now=NOW, slot=slot)
    second = poll("litellm", now=NOW + timedelta(seconds=7), slot=slot)

    assert (first.pk, len(asked)) == (second.pk, 1)
    assert Observation.objects.count() == 5


def test_a_slot_without_the_unique_key_would_be_polled_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_with(monkeypatch, payload("litellm/plain.json"))
    poll("litellm", now=NOW)
    poll("litellm", now=NOW)
    assert len(asked) == 2


def test_a_poll_sets_the_next_one_and_keeps_what_the_server_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer_with(monkeypatch, payload("litellm/plain.json"))
    poll("litellm", now=NOW)
    poll("litellm", now=LATER)

    assert source().next_due_at == LATER + source().interval
    assert [known.etag for known in asked] == ["", '"v1"']


def test_a_document_fed_by_hand_leaves_the_schedule_alone(tmp_path: Path) -> None:
    Source.objects.update(next_due_at=NOW + timedelta(hours=1))
    feed(tmp_path, {"a": chat()})
    assert source().next_due_at == NOW + timedelta(hours=1)


def test_a_passing_failure_is_tried_again_soon_and_no_sooner_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, UpstreamError("limit", retryable=True, retry_after=timedelta(minutes=40)))
    run = poll("litellm", now=NOW)

    assert (run.outcome, run.completed_at) == (PollRun.Outcome.FAILED, None)
    assert (source().last_error, source().last_error_at) == ("limit", NOW)
    assert source().next_due_at == NOW + timedelta(minutes=40)


def test_a_lasting_failure_waits_for_the_next_regular_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, UpstreamError("wrong address", retryable=False))
    poll("litellm", now=NOW)
    assert source().next_due_at == NOW + source().interval


def test_a_fault_of_ours_is_kept_in_the_run_and_raised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(ingest, "complete", broken)
    with pytest.raises(ZeroDivisionError):
        feed(tmp_path, {"a": chat()})
    assert PollRun.objects.get().error == "The poll broke off: ZeroDivisionError: a fault"
    assert not Observation.objects.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [(ingest, "write"), (store, "_keep_texts"), (ingest, "complete"), (store, "succeed"), (store, "map_new_offerings")],
)
def test_a_killed_poll_leaves_nothing_that_counts_and_is_taken_up_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: Any, name: str
) -> None:
    offering = f.offering("a", host="openai", kind="service", status="unknown")
    document = {"a": chat(deprecation_date="2027-01-01"), "b": chat(), "bad": 1}
    kill_during(tmp_path, monkeypatch, module, name, document)

    assert not Change.objects.in_force().exists()
    assert not Listing.objects.exclude(current=None).exists()
    offering.refresh_from_db()
    assert offering.status == "unknown"
    with pytest.raises(Busy):
        feed(tmp_path, document)

    run = feed(tmp_path, document, now=LATER)
    assert (run.listed_count, run.rejected_count, run.is_baseline) == (2, 1, True)
    assert Change.objects.exclude(listing=None).count() == 2
    assert Observation.objects.count() == 2


def test_a_killed_poll_of_a_slot_is_taken_up_in_the_same_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, payload("litellm/plain.json"))
    slot = runs.next_slot(source(), now=NOW)
    with monkeypatch.context() as patched:
        kill_in(patched, ingest, "complete")
        with pytest.raises(Killed):
            poll("litellm", now=NOW, slot=slot)
    assert source() in Source.objects.due(LATER)

    run = poll("litellm", now=LATER, slot=slot)

    assert PollRun.objects.get() == run
    assert (run.outcome, run.listed_count) == (PollRun.Outcome.CHANGED, 5)
    assert Observation.objects.count() == 5


def test_a_worker_that_was_given_up_writes_nothing_more(tmp_path: Path) -> None:
    held = runs.begin(source(), slot=None, now=NOW)
    assert isinstance(held, runs.Held)
    feed(tmp_path, {"a": chat()}, now=LATER)

    with pytest.raises(LeaseLost):
        runs.hold(held)


def test_a_source_that_is_being_polled_is_not_handed_out_again() -> None:
    runs.begin(source(), slot=None, now=NOW)
    assert source() not in due_sources(now=NOW)
    assert source() in due_sources(now=LATER)


def test_a_repository_that_is_new_in_the_register_brings_the_next_poll_forward(tmp_path: Path) -> None:
    Source.objects.update(next_due_at=NOW + timedelta(hours=6))
    assert due_sources(now=NOW) == []

    f.offering("acme/e5")
    assert [one.slug for one in due_sources(now=NOW)] == ["huggingface"]

    unknown = {"id": "acme/e5", "problem": "unknown", "detail": "missing or private"}
    feed(tmp_path, [unknown, {"id": "acme/bge"}], to="huggingface")
    Source.objects.update(next_due_at=NOW + timedelta(hours=6))
    assert due_sources(now=LATER) == [], "it was asked for once, and its turn comes with the others"


def test_a_source_that_just_failed_is_not_brought_forward() -> None:
    f.offering("acme/e5")
    Source.objects.update(next_due_at=NOW + timedelta(hours=6), last_error_at=NOW)
    assert due_sources(now=NOW + timedelta(minutes=9)) == []
    assert [one.slug for one in due_sources(now=LATER)] == ["huggingface"]


def test_due_sources_are_handed_to_the_workers_with_their_slots(settings: Settings) -> None:
    queue = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_out"])
    before = set(queue.iterdir())
    slot = datetime(2026, 4, 15, tzinfo=UTC)
    Source.objects.filter(slug="litellm").update(next_due_at=slot)
    Source.objects.exclude(slug="litellm").update(is_enabled=False)

    poll_due_sources()

    (message,) = (json.loads(path.read_text()) for path in set(queue.iterdir()) - before)
    arguments, *_ = json.loads(base64.b64decode(message["body"]))
    assert (message["headers"]["task"], arguments) == ("registry.tasks.poll_source", ["litellm", slot.isoformat()])


def test_a_source_whose_package_is_gone_says_so() -> None:
    f.source("elsewhere")
    run = poll("elsewhere", now=NOW)
    assert run.error == "No installed package provides the source “elsewhere”; turn it off or install it."


def test_a_source_whose_package_is_gone_keeps_no_other_from_its_turn() -> None:
    f.offering("acme/e5")
    Source.objects.update(next_due_at=NOW + timedelta(hours=6))
    f.source("elsewhere", next_due_at=NOW + timedelta(hours=6), last_success_at=NOW)
    assert [one.slug for one in due_sources(now=NOW)] == ["huggingface"]
    assert map_all_new(now=NOW) == 0
