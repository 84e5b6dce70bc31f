"""What is queued for whom: digests per window, one ticket per concern, introductions, and the life of an action."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Sum

from governance import notices
from governance.actions import acknowledge, finish, snooze, wake
from governance.deliver import deliver_due
from governance.models import Action, AuditEntry, Channel, Impact, Notice, NoticeItem, Ticket
from governance.notices import close_windows, ensure_channels, window_end
from governance.triage import triage_changes
from registry.models import Change, Dependency, Severity, Team
from registry.reports import report_vendor_signal
from tests import factories as make
from tests.factories import NOW, TODAY, day

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _tracker_is_known(settings: Any) -> None:
    settings.JIRA_URL = "http://127.0.0.1:9"
    settings.DIGEST_WINDOW = timedelta(minutes=15)


def told(dependency: Dependency) -> Team:
    """The team of the dependency's system, with its channels and nothing left to introduce."""
    ensure_channels(dependency.system.team)
    triage_changes(now=NOW - timedelta(days=1))
    return dependency.system.team


def gate(dependency: Dependency, **fields: Any) -> Change:
    defaults = {"kind": "gated", "severity": "warning", "origin": "source", "detected_at": NOW}
    return Change.objects.create(offering=dependency.offering, **(defaults | fields))


def test_a_thousand_changes_in_one_sweep_are_one_digest_per_recipient_with_nothing_left_out(mailoutbox: Any) -> None:
    team = make.team("search")
    model = make.model(owner=team)
    systems = [make.system(team=team) for _ in range(10)]
    uses = [make.dependency(system=systems[n % 10], offering=make.offering(model=model)) for n in range(20)]
    told(uses[0])
    rows = [
        Change(
            kind="retirement_announced",
            severity="warning",
            origin="source",
            offering=uses[n % 20].offering,
            detected_at=NOW,
            effective_on=day("2026-09-30"),
            evidence_url=f"https://news.example/{n}",
        )
        for n in range(1000)
    ]
    Change.objects.bulk_create(rows)
    assert triage_changes(now=NOW) == 1000
    digest = Notice.objects.get(channel__transport="email")
    assert (digest.item_count, digest.items.count()) == (1000, 1000)
    deliver_due(["email"], now=window_end(NOW))
    (mail,) = mailoutbox
    assert [f"https://news.example/{n}\n" in mail.body for n in range(1000)] == [True] * 1000
    assert mail.body.count("Acknowledge, snooze or close") == 20


def test_a_digest_waits_for_the_end_of_its_window(mailoutbox: Any) -> None:
    used = make.dependency()
    told(used)
    gate(used)
    triage_changes(now=NOW)
    deliver_due(["email"], now=window_end(NOW) - timedelta(seconds=1))
    assert not mailoutbox
    deliver_due(["email"], now=window_end(NOW))
    assert len(mailoutbox) == 1


def test_windows_lie_the_same_for_everybody() -> None:
    assert window_end(NOW) == NOW + timedelta(minutes=15)
    assert window_end(NOW + timedelta(minutes=14, seconds=59)) == NOW + timedelta(minutes=15)


def test_what_comes_after_the_digest_was_taken_goes_into_the_next_window() -> None:
    used = make.dependency()
    told(used)
    gate(used)
    triage_changes(now=NOW)
    close_windows(now=NOW)
    deliver_due(["email"], now=NOW)
    late = gate(used, kind="retired")
    triage_changes(now=NOW)
    digests = Notice.objects.filter(channel__transport="email").order_by("due_at")
    assert [digest.state for digest in digests] == ["sent", "queued"]
    assert [item.change for item in digests[1].items.all()] == [late]
    assert digests[1].due_at == window_end(NOW) + timedelta(minutes=15)


def test_a_digest_that_was_tried_once_takes_nothing_in_because_its_receiver_may_know_it() -> None:
    used = make.dependency()
    told(used)
    gate(used)
    triage_changes(now=NOW)
    Notice.objects.filter(channel__transport="email").update(attempts=1)
    gate(used, kind="retired")
    triage_changes(now=NOW)
    assert Notice.objects.filter(channel__transport="email").count() == 2


def test_the_owner_of_the_model_is_told_what_the_team_of_the_system_has_to_do(mailoutbox: Any) -> None:
    used = make.dependency()
    told(used)
    owner = used.offering.model.owner
    assert owner is not None
    ensure_channels(owner)
    gate(used)
    triage_changes(now=NOW)
    deliver_due(["email"], now=window_end(NOW))
    by_address = {mail.to[0]: mail.body for mail in mailoutbox}
    assert "To do\n" in by_address[used.system.team.email]
    assert "To do\n" not in by_address[owner.email]
    assert f"{used.system.team} has to act by" in by_address[owner.email]


def test_a_ticket_is_one_for_each_dependency_and_concern_and_later_changes_update_it() -> None:
    used = make.dependency()
    told(used)
    gate(used)
    gate(used, kind="deprecated")
    triage_changes(now=NOW)
    Notice.objects.update(state="sent", attempts=1)
    gate(used, kind="retired", detected_at=LATER)
    triage_changes(now=LATER)
    assert set(Ticket.objects.values_list("dependency_id", "concern")) == {
        (used.pk, "access"),
        (used.pk, "retirement"),
    }
    keys = Notice.objects.filter(ticket__isnull=False).order_by("pk").values_list("key", flat=True)
    assert list(keys) == [
        f"ticket:{used.pk}:access:1",
        f"ticket:{used.pk}:retirement:1",
        f"ticket:{used.pk}:retirement:2",
    ]


def test_changes_of_one_concern_share_the_notice_while_nobody_has_taken_it() -> None:
    used = make.dependency()
    told(used)
    gate(used, kind="deprecated")
    gate(used, kind="retired")
    triage_changes(now=NOW)
    notice = Notice.objects.get(ticket__isnull=False)
    assert (notice.item_count, notice.items.count()) == (2, 2)


def test_mere_knowledge_makes_no_ticket() -> None:
    used = make.dependency()
    told(used)
    gate(used, kind="ungated")
    triage_changes(now=NOW)
    assert Notice.objects.get().channel.transport == "email"
    assert not Ticket.objects.exists()


def test_a_new_channel_starts_with_the_state_as_it_stands_and_only_once() -> None:
    used = make.dependency()
    change = gate(used)
    triage_changes(now=NOW)
    assert not Notice.objects.exists()
    ensure_channels(used.system.team)
    triage_changes(now=LATER)
    triage_changes(now=LATER)
    assert sorted(Notice.objects.values_list("channel__transport", "item_count")) == [("email", 1), ("jira", 1)]
    assert {item.change for item in NoticeItem.objects.all()} == {change}


def test_a_channel_that_is_off_gets_nothing_and_a_done_action_is_no_news_for_a_new_one() -> None:
    used = make.dependency()
    ensure_channels(used.system.team)
    Channel.objects.update(is_enabled=False)
    gate(used)
    triage_changes(now=NOW)
    Action.objects.update(state="done")
    Channel.objects.update(is_enabled=True)
    triage_changes(now=LATER)
    assert not Notice.objects.exists()


def test_a_ticket_moves_to_the_new_tracker_when_its_own_channel_was_switched_off() -> None:
    used = make.dependency()
    told(used)
    gate(used)
    triage_changes(now=NOW)
    Ticket.objects.update(external_key="OLD-1")
    Notice.objects.update(state="sent")
    Channel.objects.filter(transport="jira").update(is_enabled=False)
    moved = Channel.objects.create(team=used.system.team, transport="jira", address="http://127.0.0.1:8")
    gate(used, detected_at=LATER)
    triage_changes(now=LATER)
    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.external_key) == (moved, "")


def test_channels_come_from_what_the_team_says_and_only_once(settings: Any) -> None:
    team = make.team("search", ticket_project="SRCH")
    ensure_channels(team)
    ensure_channels(team)
    assert sorted(team.channels.values_list("transport", "address")) == [
        ("email", "search@northwind.example"),
        ("jira", "http://127.0.0.1:9"),
    ]
    settings.JIRA_URL = ""
    assert [channel.transport for channel in ensure_channels(make.team())] == ["email", "folder"]
    settings.TICKET_FOLDER = None
    assert [channel.transport for channel in ensure_channels(make.team())] == ["email"]


def test_a_snoozed_action_wakes_up_on_its_day_and_tells_its_team_again() -> None:
    used = make.dependency()
    told(used)
    gate(used)
    triage_changes(now=NOW)
    Notice.objects.update(state="sent")
    snooze(Action.objects.get(), until=day("2026-04-20"), reason="after the release", actor=make.user(), now=NOW)
    assert wake(now=NOW) == 0
    assert wake(now=NOW + timedelta(days=5)) == 1
    assert Action.objects.get().state == "open"
    assert Notice.objects.filter(state="queued").aggregate(Sum("item_count"))["item_count__sum"] == 2


def test_each_step_of_an_action_is_written_down_with_its_reason() -> None:
    used = make.dependency()
    gate(used)
    triage_changes(now=NOW)
    person = make.user()
    acknowledge(Action.objects.get(), actor=person, now=NOW)
    finished = finish(Action.objects.get(), reason="access granted", actor=person, now=NOW)
    assert (finished.state, finished.state_reason, finished.changed_by) == ("done", "access granted", person)
    tags = AuditEntry.objects.order_by("sequence").values_list("tag", "actor")
    assert list(tags) == [("governance:action:acknowledged", person.pk), ("governance:action:done", person.pk)]


@pytest.mark.parametrize(
    ("until", "reason", "field"),
    [("2026-04-15", "r", "until"), ("2026-08-01", "r", "until"), ("2026-04-20", "  ", "reason")],
)
def test_a_snooze_needs_a_reason_and_a_near_day(until: str, reason: str, field: str) -> None:
    used = make.dependency()
    gate(used)
    triage_changes(now=NOW)
    with pytest.raises(ValidationError) as refused:
        snooze(Action.objects.get(), until=day(until), reason=reason, actor=make.user(), now=NOW)
    assert list(refused.value.message_dict) == [field]


def test_a_done_action_cannot_be_moved() -> None:
    used = make.dependency()
    gate(used)
    triage_changes(now=NOW)
    Action.objects.update(state="done")
    with pytest.raises(ValidationError, match="done already"):
        acknowledge(Action.objects.get(), actor=make.user(), now=NOW)


def test_a_vendor_signal_enters_with_its_source_and_reaches_triage_as_any_change() -> None:
    vendor = make.vendor("alibaba")
    used = make.dependency(offering=make.offering(model=make.model(developer=vendor)))
    row = report_vendor_signal(
        vendor,
        summary="Shifts from open models\nto revenue",
        source_url="https://news.example/alibaba",
        severity=Severity.WARNING,
        reported_by=make.user(),
        now=NOW,
    )
    triage_changes(now=NOW)
    assert row.summary == "Shifts from open models to revenue"
    assert Impact.objects.get().dependency == used
    assert Action.objects.get().due_on == TODAY + timedelta(days=14)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"summary": "  "}, "summary"),
        ({"summary": "x" * 301}, "summary"),
        ({"summary": "a\x00b"}, "summary"),
        ({"source_url": ""}, "source_url"),
        ({"source_url": "javascript:alert(1)"}, "source_url"),
        ({"severity": "urgent"}, "severity"),
    ],
)
def test_a_vendor_signal_without_what_it_needs_is_refused_by_field(given: dict[str, str], field: str) -> None:
    good = {"summary": "s", "source_url": "https://news.example/a", "severity": "warning"}
    with pytest.raises(ValidationError) as refused:
        report_vendor_signal(make.vendor(), **(good | given), reported_by=make.user(), now=NOW)
    assert list(refused.value.message_dict) == [field]
    assert not Change.objects.exists()


def test_a_notice_is_only_there_together_with_what_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    used = make.dependency()
    told(used)
    gate(used)

    def die(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(notices, "_add", die)
    triage_changes(now=NOW)
    assert not Action.objects.exists()
    assert not Notice.objects.exists()
