"""What is old goes in batches, each with its line of audit; what somebody still needs stays."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from governance import audit, retention, tasks
from governance.check import CheckRequest, RequestedModel, check
from governance.models import Action, AuditEntry, Channel, Check, Delivery, Finding, Notice, Ticket
from governance.retention import forget
from registry.models import Dependency, Incident, Observation
from tests import factories as f
from tests.factories import NOW
from tests.registry.feeding import chat, feed

pytestmark = pytest.mark.django_db
DAYS = 400
LONG_AFTER = NOW + timedelta(days=DAYS + 10)


def asked(dependency: Dependency, *, at: datetime, environment: str = "production") -> Check:
    f.environment(environment)
    ref = RequestedModel(ref=dependency.offering.external_id)
    return check(
        CheckRequest(system=dependency.system.slug, environment=environment, models=(ref,)), asked_by=None, now=at
    )


# --- checks --------------------------------------------------------------------------------------------------------------


def test_old_checks_go_with_their_findings_but_for_the_last_two_of_each_system_and_environment() -> None:
    used, other = f.dependency(), f.dependency()
    rows = [asked(used, at=NOW + timedelta(hours=hour)) for hour in range(4)]
    elsewhere = asked(used, at=NOW, environment="staging")
    others = asked(other, at=NOW)

    assert forget(now=LONG_AFTER, days=DAYS) == {"check": 2}
    assert set(Check.objects.all()) == {*rows[2:], elsewhere, others}
    assert set(Finding.objects.values_list("check_run", flat=True)) <= set(Check.objects.values_list("pk", flat=True))


def test_a_check_goes_after_its_days_and_not_before() -> None:
    used = f.dependency()
    for day in range(3):
        asked(used, at=NOW + timedelta(days=day))
    assert forget(now=NOW + timedelta(days=DAYS), days=DAYS) == {}
    assert forget(now=NOW + timedelta(days=DAYS, hours=1), days=DAYS) == {"check": 1}


# --- deliveries ----------------------------------------------------------------------------------------------------------


def sent(*, state: str = "sent", **fields: object) -> Notice:
    """A notice that took two attempts."""
    channel, _ = Channel.objects.get_or_create(transport="email", address="care@northwind.example")
    key = f"key-{Notice.objects.count()}"
    notice = Notice.objects.create(
        channel=channel, key=key, state=state, due_at=NOW, created_at=NOW, sent_at=NOW, attempts=2, **fields
    )
    for attempt in (1, 2):
        Delivery.objects.create(notice=notice, attempt=attempt, started_at=NOW, finished_at=NOW, outcome="sent")
    return notice


def test_deliveries_of_what_was_sent_long_ago_go_and_the_notice_stays() -> None:
    notice = sent()
    assert forget(now=LONG_AFTER, days=DAYS) == {"delivery": 2}
    assert list(Notice.objects.all()) == [notice]


@pytest.mark.parametrize("state", ["queued", "sending", "dead"])
def test_deliveries_of_what_waits_or_died_stay(state: str) -> None:
    sent(state=state)
    assert forget(now=LONG_AFTER, days=DAYS) == {}


@pytest.mark.parametrize(
    ("state", "gone"), [("open", {}), ("acknowledged", {}), ("snoozed", {}), ("done", {"delivery": 2})]
)
def test_deliveries_of_a_ticket_stay_until_its_action_is_done(state: str, gone: dict[str, int]) -> None:
    used = f.dependency()
    Action.objects.create(
        dependency=used, concern="license", team=used.system.team, state=state, title="Read the license",
        what_to_do="Read it.", due_on=NOW.date(), created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    channel = Channel.objects.create(transport="jira", address="OPS")
    ticket = Ticket.objects.create(channel=channel, dependency=used, concern="license", created_at=NOW, updated_at=NOW)
    sent(ticket=ticket)
    assert forget(now=LONG_AFTER, days=DAYS) == gone


@pytest.mark.parametrize(("closed_at", "gone"), [(None, {}), (NOW, {"delivery": 2})])
def test_deliveries_about_a_source_stay_until_it_is_well(closed_at: datetime | None, gone: dict[str, int]) -> None:
    incident = Incident.objects.create(
        source=f.source(), kind="failing", opened_at=NOW, closed_at=closed_at, reason="It is silent."
    )
    sent(incident=incident)
    assert forget(now=LONG_AFTER, days=DAYS) == gone


# --- how it goes ---------------------------------------------------------------------------------------------------------


def overtaken(folder: Path, count: int) -> None:
    """As many observations that another one has taken the place of."""
    for number in range(count + 1):
        feed(folder, {"gpt-4o": chat(max_input_tokens=1000 + number)}, now=NOW + timedelta(hours=number))


def test_each_batch_leaves_a_line_that_says_how_many_of_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overtaken(tmp_path, 5)
    monkeypatch.setattr(retention, "BATCH", 2)
    assert forget(now=LONG_AFTER, days=DAYS) == {"observation": 5}

    lines = AuditEntry.objects.filter(tag="governance:observation:forgotten").order_by("sequence")
    assert [line.after["rows"] for line in lines] == [2, 2, 1]
    assert {line.after["older_than"] for line in lines} == {"2026-04-25"}
    assert {line.actor for line in lines} == {None}
    assert audit.verify().is_intact


def test_what_one_round_leaves_the_next_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overtaken(tmp_path, 5)
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "MOST_BATCHES", 2)
    rounds = [forget(now=LONG_AFTER, days=DAYS) for _ in range(3)]
    assert rounds == [{"observation": 4}, {"observation": 1}, {}]


def test_a_round_with_nothing_to_remove_leaves_no_line() -> None:
    asked(f.dependency(), at=NOW)
    assert forget(now=LONG_AFTER, days=DAYS) == {}
    assert not AuditEntry.objects.filter(tag__endswith=":forgotten").exists()


def test_the_task_keeps_as_long_as_the_setting_says(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    overtaken(tmp_path, 1)
    settings.RETENTION_DAYS = 36_500  # type: ignore[attr-defined]  # pytest-django's settings
    tasks.forget_old()
    assert Observation.objects.count() == 2
    settings.RETENTION_DAYS = 90  # type: ignore[attr-defined]  # pytest-django's settings
    tasks.forget_old()
    assert Observation.objects.count() == 1
