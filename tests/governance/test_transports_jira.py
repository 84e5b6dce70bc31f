"""Tickets at a tracker that is a real HTTP server: what they say, how they are updated, and every way to fail."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from governance import deliver as delivery
from governance.actions import finish
from governance.deliver import Tally, deliver_due
from governance.letters import reference_of
from governance.models import Action, AuditEntry, Channel, Delivery, Notice, Ticket
from governance.notices import ensure_channels, replay
from governance.transports import rest
from governance.transports.jira import SEARCH_LAG
from governance.triage import triage_changes
from registry.models import Change, Dependency
from tests import factories as make
from tests.factories import NOW, day
from tests.fakes.tracker import Tracker

pytestmark = pytest.mark.django_db

DICE = Random(1)  # noqa: S311 - the tests are to be the same each time
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def tracker(settings: Any) -> Iterator[Tracker]:
    with Tracker() as tracker:
        settings.JIRA_URL = tracker.url
        settings.JIRA_USER, settings.JIRA_TOKEN = "understudy", "token"
        yield tracker


@pytest.fixture
def used(tracker: Tracker) -> Dependency:  # noqa: ARG001 - its address goes into the channel
    """A use of a model whose team has a channel to the tracker, and nothing to be told yet."""
    owner = make.user("nadia", first_name="Nadia", last_name="Okafor")
    system = make.system("product-search", name="Product search", team=make.team("search", owner=owner))
    dependency = make.dependency(system=system, offering=make.offering("acme/e5"))
    ensure_channels(system.team)
    triage_changes(now=NOW)
    return dependency


def announce(dependency: Dependency, kind: str = "retirement_announced", *, at: datetime = NOW, **fields: Any) -> None:
    defaults = {
        "severity": "warning",
        "origin": "source",
        "evidence_url": "https://hub.example/acme/e5/discussions/1",
        "effective_on": day("2026-09-30"),
    }
    Change.objects.create(offering=dependency.offering, kind=kind, detected_at=at, **(defaults | fields))
    triage_changes(now=at)


def deliver(at: datetime = NOW) -> Tally:
    return deliver_due(["jira"], now=at, dice=DICE)


def plain(document: Any) -> str:
    """The text of an Atlassian document, and its links."""
    if isinstance(document, list):
        return "\n".join(map(plain, document))
    if not isinstance(document, dict):
        return ""
    links = [mark["attrs"]["href"] for mark in document.get("marks", []) if mark["type"] == "link"]
    return "\n".join(filter(None, [document.get("text", ""), *links, plain(document.get("content", []))]))


def test_a_ticket_names_system_owner_day_fix_link_and_evidence(tracker: Tracker, used: Dependency) -> None:
    announce(used)
    assert deliver() == Tally(sent=1)
    (issue,) = tracker.issues.values()
    action = Action.objects.get()
    assert issue.fields["summary"] == "Product search: acme/e5 (huggingface) retires on 2026-09-30"
    assert issue.fields["duedate"] == action.due_on.isoformat()
    said = plain(issue.fields["description"])
    for needed in (
        "Product search (critical)",
        "Nadia Okafor",
        "acme/e5 (huggingface), for embedding in Production",
        action.due_on.isoformat(),
        "Move to an alternative before 2026-09-30.",
        f"/actions/{action.pk}/",
        "https://hub.example/acme/e5/discussions/1",
    ):
        assert needed in said
    ticket = Ticket.objects.get()
    assert (ticket.external_key, ticket.url) == ("OPS-1", f"{tracker.url}/browse/OPS-1")


def test_a_later_change_updates_the_same_ticket_and_says_in_a_comment_what_is_new(
    tracker: Tracker, used: Dependency
) -> None:
    announce(used)
    deliver()
    announce(used, "retired", severity="critical", at=LATER, evidence_url="https://hub.example/gone")
    assert deliver(LATER) == Tally(sent=1)
    (issue,) = tracker.issues.values()
    assert issue.fields["summary"] == "Product search: acme/e5 (huggingface) is retired"
    assert "https://hub.example/acme/e5/discussions/1" in plain(issue.fields["description"])
    (comment,) = issue.comments
    assert "https://hub.example/gone" in plain(comment["body"])
    assert "discussions/1" not in plain(comment["body"])


def test_a_settled_concern_is_said_in_its_ticket(tracker: Tracker, used: Dependency) -> None:
    announce(used)
    deliver()
    announce(used, "retirement_withdrawn", severity="notice", at=LATER, effective_on=None)
    deliver(LATER)
    (issue,) = tracker.issues.values()
    assert "Nothing is left to do." in plain(issue.comments[0]["body"])
    assert "done" in plain(issue.fields["description"])


def test_a_new_action_after_a_finished_one_goes_on_in_the_same_ticket(tracker: Tracker, used: Dependency) -> None:
    announce(used)
    deliver()
    finish(Action.objects.get(), reason="moved", actor=make.user(), now=NOW)
    announce(used, "retired", at=LATER)
    deliver(LATER)
    assert list(tracker.issues) == ["OPS-1"]


def test_an_answer_that_was_lost_after_the_creation_leaves_one_ticket(tracker: Tracker, used: Dependency) -> None:
    tracker.fail("reset", on="create", after=True)
    announce(used)
    assert deliver() == Tally(retry=1)
    assert Notice.objects.get(ticket__isnull=False).due_at >= NOW + SEARCH_LAG
    assert deliver(NOW + SEARCH_LAG * 2) == Tally(sent=1)
    assert tracker.labels == [reference_of(f"ticket:{used.pk}:retirement")]
    assert Ticket.objects.get().external_key == "OPS-1"
    assert not tracker.issues["OPS-1"].comments


def test_without_the_look_up_the_lost_answer_makes_a_second_ticket(
    tracker: Tracker, used: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("governance.transports.jira._look_up", lambda *_args: None)
    tracker.fail("reset", on="create", after=True)
    announce(used)
    deliver()
    deliver(NOW + SEARCH_LAG * 2)
    assert len(tracker.labels) == 2


def test_without_the_wait_the_lag_of_the_search_makes_a_second_ticket(tracker: Tracker, used: Dependency) -> None:
    tracker.search_lag = 60.0
    tracker.fail("reset", on="create", after=True)
    announce(used)
    deliver()
    Notice.objects.update(due_at=NOW)
    deliver()
    assert len(tracker.labels) == 2


def test_an_answer_that_was_lost_after_a_comment_leaves_one_comment(tracker: Tracker, used: Dependency) -> None:
    announce(used)
    deliver()
    tracker.fail("reset", on="comment", after=True)
    announce(used, "retired", at=LATER)
    assert deliver(LATER) == Tally(retry=1)
    assert deliver(LATER + timedelta(hours=1)) == Tally(sent=1)
    assert len(tracker.issues["OPS-1"].comments) == 1


def test_an_update_cut_off_before_its_comment_says_it_on_the_next_attempt(tracker: Tracker, used: Dependency) -> None:
    announce(used)
    deliver()
    tracker.fail("500", on="comment")
    announce(used, "retired", at=LATER)
    deliver(LATER)
    deliver(LATER + timedelta(hours=1))
    assert len(tracker.issues["OPS-1"].comments) == 1


def test_a_deleted_ticket_is_created_again(tracker: Tracker, used: Dependency) -> None:
    announce(used)
    deliver()
    tracker.issues.clear()
    announce(used, "retired", at=LATER)
    assert deliver(LATER) == Tally(sent=1)
    assert len(tracker.issues) == 1


def test_a_project_without_a_due_date_field_gets_the_ticket_without_it(tracker: Tracker, used: Dependency) -> None:
    tracker.has_due_date = False
    announce(used)
    assert deliver() == Tally(sent=1)
    (issue,) = tracker.issues.values()
    assert "duedate" not in issue.fields


def test_a_request_to_pause_holds_everything_for_that_tracker_until_then(tracker: Tracker, used: Dependency) -> None:
    tracker.fail("429", on="any", headers={"Retry-After": "600"})
    announce(used)
    announce(used, "gated")
    assert deliver() == Tally(retry=1)
    assert deliver(NOW + timedelta(seconds=590)) == Tally()
    assert len(tracker.log) == 0
    deliver(NOW + timedelta(seconds=610))
    assert len(tracker.issues) == 2


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("500", "answered 500"), ("401", "Check the account and its token"), ("302", "redirects to"), ("reset", "")],
)
def test_what_may_pass_is_tried_again_and_the_rest_of_that_tracker_waits(
    tracker: Tracker, used: Dependency, mode: str, reason: str
) -> None:
    tracker.fail(mode, on="search", headers={"Location": "https://elsewhere.example/"})
    announce(used)
    announce(used, "gated")
    assert deliver() == Tally(retry=1)
    failed = Notice.objects.get(attempts=1)
    assert failed.state == Notice.State.QUEUED
    assert reason in failed.last_error
    assert deliver(NOW + timedelta(seconds=20)) == Tally(sent=1)
    assert deliver(LATER) == Tally(sent=1)


def test_what_the_tracker_refuses_for_good_is_a_dead_letter_that_can_be_sent_again(
    tracker: Tracker, used: Dependency
) -> None:
    tracker.projects = ("OTHER",)
    announce(used)
    assert deliver() == Tally(refused=1)
    dead = Notice.objects.get(ticket__isnull=False)
    assert (dead.state, "valid project is required" in dead.last_error) == (Notice.State.DEAD, True)
    assert deliver(LATER) == Tally()
    tracker.projects = ("OPS",)
    admin = make.user(role="admin")
    replay(dead, actor=admin, now=LATER)
    assert deliver(LATER) == Tally(sent=1)
    assert AuditEntry.objects.get(tag="governance:notice:replayed").actor == admin


def test_after_ten_failures_a_ticket_is_a_dead_letter_and_every_attempt_is_on_record(
    tracker: Tracker, used: Dependency
) -> None:
    announce(used)
    at = NOW
    for _ in range(12):
        tracker.fail("500", on="search")
        deliver(at)
        at += timedelta(days=2)
    assert Notice.objects.get(ticket__isnull=False).state == Notice.State.DEAD
    outcomes = Delivery.objects.order_by("attempt").values_list("attempt", "outcome")
    assert list(outcomes) == [*((number, "retry") for number in range(1, 10)), (10, "refused")]


def test_a_dead_letter_does_not_hold_up_the_next_word_about_the_same_ticket(tracker: Tracker, used: Dependency) -> None:
    announce(used)
    Notice.objects.filter(ticket__isnull=False).update(state="dead", attempts=10)
    announce(used, "retired", at=LATER)
    assert deliver(LATER) == Tally(sent=1)
    assert len(tracker.issues) == 1


def test_the_next_word_about_a_ticket_waits_for_the_one_before(tracker: Tracker, used: Dependency) -> None:
    tracker.fail("500", on="search")
    announce(used)
    deliver()
    announce(used, "retired", at=NOW + timedelta(seconds=1))
    assert deliver(NOW + timedelta(seconds=2)) == Tally()
    assert deliver(LATER) == Tally(sent=2)
    assert [entry[:2] for entry in tracker.log if entry[0] == "PUT"] == [("PUT", "/rest/api/3/issue/OPS-1")]


def test_a_tracker_that_hangs_is_given_up_after_its_time_and_mail_goes_out_meanwhile(
    tracker: Tracker, used: Dependency, monkeypatch: pytest.MonkeyPatch, mailoutbox: Any
) -> None:
    monkeypatch.setattr(rest, "TIMEOUT_SECONDS", 1.0)
    tracker.fail("hang", on="search")
    announce(used)
    Notice.objects.update(due_at=NOW)
    assert deliver_due(["jira", "email"], now=NOW, dice=DICE) == Tally(sent=1, retry=1)
    mail_at = Delivery.objects.get(notice__channel__transport="email").finished_at
    ticket_at = Delivery.objects.get(notice__channel__transport="jira").finished_at
    assert mail_at is not None
    assert ticket_at is not None
    assert ticket_at - mail_at > timedelta(seconds=0.5)
    assert len(mailoutbox) == 1


def test_the_token_goes_to_the_configured_tracker_alone(tracker: Tracker, used: Dependency) -> None:
    with Tracker() as stranger:
        Channel.objects.filter(transport="jira").update(address=stranger.url)
        announce(used)
        assert deliver() == Tally(refused=1)
        assert stranger.log == []
    assert "is not the tracker of this platform" in Notice.objects.get(ticket__isnull=False).last_error
    assert tracker.log == []


def test_upstream_text_stays_text_in_a_ticket(tracker: Tracker, used: Dependency) -> None:
    announce(used, "renamed", after='"}]<script>\u2028{noformat}\x1b[2J', evidence_url="javascript:alert(1)")
    announce(used, "gated", evidence_url="http://[bad")
    assert deliver() == Tally(sent=2)
    issues = [issue.fields for issue in tracker.issues.values()]
    assert '"}]<script> {noformat} [2J' in issues[0]["summary"]
    assert "javascript:" not in json.dumps(issues)
    assert "[bad" not in json.dumps(issues)


def test_a_notice_that_cannot_be_written_is_set_aside_in_time_and_holds_up_nobody(
    used: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(used)
    poison = Notice.objects.get(ticket__isnull=False)
    announce(used, "gated")
    write = delivery.write
    monkeypatch.setattr(delivery, "write", lambda notice: 1 / 0 if notice.pk == poison.pk else write(notice))
    assert deliver() == Tally(sent=1, retry=1)
    poison.refresh_from_db()
    assert "ZeroDivisionError" in poison.last_error
