"""The Hub's webhooks over HTTP: who may send one, what it sets in motion, and that nothing in it is believed."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from registry import hints
from registry.models import Change, Hint, Offering, Section, Source
from tests import factories as make
from tests.factories import NOW
from tests.registry.payloads import payload

pytestmark = pytest.mark.django_db

SECRET = "a-long-shared-secret"
URL = "/hooks/huggingface/"
# Messages over HTTP come by the real clock.
LATER = NOW.replace(year=2036)


@pytest.fixture(autouse=True)
def secret(settings: Settings) -> None:
    settings.HF_WEBHOOK_SECRET = SECRET


@pytest.fixture
def watched() -> Section:
    """A namespace in which one model is watched; the Hub is due again in years."""
    make.offering("Acme-Labs/embed-large")
    Source.objects.filter(slug="huggingface").update(next_due_at=LATER, last_success_at=NOW)
    return Section.objects.create(source=Source.objects.get(slug="huggingface"), name="Acme-Labs", confirmed_at=NOW)


def post(body: bytes, secret: str | None = SECRET, **headers: str) -> Any:
    client = Client(enforce_csrf_checks=True)
    if secret is not None:
        headers["X-Webhook-Secret"] = secret
    return client.post(URL, body, content_type="application/json", headers=headers)


def due_at() -> datetime | None:
    return Source.objects.get(slug="huggingface").next_due_at


def hinted(section: Section) -> datetime | None:
    section.refresh_from_db()
    return section.hinted_at


@pytest.mark.parametrize("event", ["update", "delete", "config", "config_of_later_scope"])
def test_an_event_of_a_watched_model_has_its_namespace_read_soon(event: str, watched: Section) -> None:
    before = Offering.objects.values().get()

    response = post(payload(f"huggingface_webhook/{event}.json"))

    assert (response.status_code, response.json()) == (202, {"accepted": True})
    moment = hinted(watched)
    assert moment is not None
    assert due_at() == moment + hints.GATHERING
    assert Offering.objects.values().get() == before
    assert not Change.objects.exists()


def test_a_move_hints_at_both_namespaces(watched: Section) -> None:
    make.offering("acme-archive/other")
    there = Section.objects.create(source=watched.source, name="acme-archive")

    assert post(payload("huggingface_webhook/move.json")).status_code == 202

    assert hinted(watched) is not None
    assert hinted(there) == hinted(watched)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("discussion", "discussions change no model"),
        ("dataset", "only models are watched"),
        ("update_of_pull_request", "the main branch did not move"),
    ],
)
def test_what_changes_no_model_is_acknowledged_and_nothing_follows(event: str, reason: str, watched: Section) -> None:
    response = post(payload(f"huggingface_webhook/{event}.json"))

    assert (response.status_code, response.json()) == (200, {"accepted": False, "reason": reason})
    assert (hinted(watched), due_at()) == (None, LATER)


def test_a_namespace_in_which_nothing_is_watched_is_not_read() -> None:
    Source.objects.filter(slug="huggingface").update(next_due_at=LATER)

    response = post(payload("huggingface_webhook/update.json"))

    assert response.json() == {"accepted": False, "reason": "nothing is watched there"}
    assert due_at() == LATER
    assert not Hint.objects.exists()


def test_a_replay_is_refused_and_sets_nothing_in_motion(watched: Section) -> None:
    body = payload("huggingface_webhook/update.json")
    post(body)
    Section.objects.update(hinted_at=None)
    Source.objects.update(next_due_at=LATER)

    response = post(body)

    assert (response.status_code, response.json()) == (200, {"accepted": False, "reason": "seen before"})
    assert (hinted(watched), due_at()) == (None, LATER)


def test_without_the_memory_of_messages_a_replay_would_be_a_hint(watched: Section) -> None:
    body = payload("huggingface_webhook/update.json")
    post(body)
    Hint.objects.all().delete()
    Section.objects.update(hinted_at=None)

    assert post(body).status_code == 202
    assert hinted(watched) is not None


@pytest.mark.parametrize(
    ("event", "after", "reason"),
    [
        ("update", timedelta(days=29), "seen before"),
        ("update", timedelta(days=31), ""),
        # The Hub writes each change of the settings in the same bytes: gated today, not gated tomorrow.
        ("config", timedelta(minutes=9), "seen before"),
        ("config", timedelta(minutes=11), ""),
    ],
)
def test_how_long_a_message_counts_as_a_replay(event: str, after: timedelta, reason: str, watched: Section) -> None:
    message = hints.read(payload(f"huggingface_webhook/{event}.json"))
    assert hints.take(message, now=NOW) == ""
    Section.objects.update(hinted_at=None)

    assert hints.take(message, now=NOW + after) == reason
    assert hinted(watched) == (None if reason else NOW + after)


def test_many_hints_at_one_namespace_are_one_early_poll(watched: Section) -> None:
    body = json.loads(payload("huggingface_webhook/update.json"))
    for number in range(40):
        body["updatedRefs"][0]["newSha"] = f"{number:040x}"
        message = hints.read(json.dumps(body).encode())
        assert hints.take(message, now=NOW + timedelta(seconds=number)) == ""

    assert due_at() == NOW + hints.GATHERING
    assert hinted(watched) == NOW + timedelta(seconds=39)


def test_a_source_that_failed_keeps_the_pause_it_was_given(watched: Section) -> None:
    Source.objects.update(last_error_at=NOW + timedelta(hours=1))

    assert post(payload("huggingface_webhook/update.json")).status_code == 202

    assert due_at() == LATER
    assert hinted(watched) is not None


@pytest.mark.parametrize("given", [None, "", "wrong", SECRET + "x", SECRET[:-1], "ä" * len(SECRET)])
def test_a_wrong_secret_is_refused_and_nothing_follows(given: str | None, watched: Section) -> None:
    response = post(payload("huggingface_webhook/update.json"), secret=given)

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "wrong_secret"
    assert (hinted(watched), due_at(), Hint.objects.count()) == (None, LATER, 0)


def test_without_a_secret_there_is_no_webhook_even_for_an_empty_one(settings: Settings) -> None:
    settings.HF_WEBHOOK_SECRET = ""
    assert post(payload("huggingface_webhook/update.json"), secret="").status_code == 404
    assert post(payload("huggingface_webhook/update.json"), secret=None).status_code == 404


def test_a_get_is_no_message() -> None:
    assert Client().get(URL).status_code == 405


def test_a_body_above_64_kib_is_refused_unread() -> None:
    at_limit = post(b"[" + b" " * (64 * 1024 - 2) + b"]")
    above = post(b"[" + b" " * (64 * 1024 - 1) + b"]")

    assert (at_limit.status_code, above.status_code) == (400, 413)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"<html>",
        b"\xff\xfe",
        b'{"event": {}, "repo": {}}',
        b'{"event": [], "repo": {"type": "model", "name": "a/b"}}',
        b'{"event": {"scope": "repo"}, "repo": {"type": "model", "name": "a/\\u0000"}}',
        b'{"event": {"scope": "repo"}, "repo": {"type": "model", "name": "a/\\ud800"}}',
        b'{"event": {"scope": "repo"}, "repo": {"type": "model", "name": "a/b"}, "movedTo": 7}',
        b'{"event": {"scope": "repo"}, "repo": {"type": "model", "name": "a/b", "name": "c/d"}}',
        b'{"event": ' + b"[" * 20_000,
    ],
)
def test_what_is_no_message_is_a_bad_request(body: bytes) -> None:
    response = post(body)

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert not Hint.objects.exists()


@pytest.mark.parametrize("refs", ["7", "[7]", '"refs/heads/main"', '[{"ref": null}]', "{}", "[]", "null"])
@pytest.mark.usefixtures("watched")
def test_odd_refs_are_no_server_error(refs: str) -> None:
    event = '{"event": {"scope": "repo.content"}, "repo": {"type": "model", "name": "acme-labs/embed-large"}'
    response = post(f'{event}, "updatedRefs": {refs}}}'.encode())

    assert response.status_code in (200, 202)
