"""A release that got through and would be stopped now: its owner hears of it once, before the next one."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail

from governance.blocks import block, lift
from governance.check import CheckRequest, RequestedModel, check
from governance.deliver import deliver_due
from governance.models import Block, Check, Forewarning, Notice, Outlook, Policy
from governance.notices import ensure_channels
from governance.outlook import AT_LEAST_EVERY, due, look
from governance.triage import triage_changes
from registry.models import Change, ChangeKind, Dependency, Offering, User
from tests import factories as f
from tests.factories import NOW
from tests.governance.gate_world import green

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
LATER = NOW + AT_LEAST_EVERY + HOUR


@pytest.fixture
def used() -> Dependency:
    dependency = green(f.system("product-search", name="Product search"), offering=f.offering("acme/e5"))
    ensure_channels(dependency.system.team)
    triage_changes(now=NOW)
    Notice.objects.all().delete()
    return dependency


@pytest.fixture
def rita() -> User:
    return f.user("rita", role="reviewer")


def ask(used: Dependency, *, now: datetime = NOW) -> Check:
    request = CheckRequest(used.system.slug, used.environment.slug, (RequestedModel(used.offering.external_id),))
    return check(request, asked_by=None, now=now)


def forewarned() -> list[str]:
    """The letters about what would be stopped, by the systems that each names."""
    rows = Notice.objects.filter(forewarnings__isnull=False).distinct().order_by("pk")
    return [",".join(one.check_run.system.slug for one in row.forewarnings.all()) for row in rows]


def stop(used: Dependency, rita: User) -> Block:
    return block(by=rita, reason="Under investigation.", now=NOW + HOUR, offering=used.offering)


def test_what_would_be_stopped_now_is_told_once(used: Dependency, rita: User) -> None:
    assert ask(used).verdict == "pass"
    stop(used, rita)

    assert [look(now=LATER + number * AT_LEAST_EVERY) for number in range(3)] == [1, 0, 0]
    assert forewarned() == ["product-search"]
    assert Forewarning.objects.get().findings[0]["rule"] == "UD104"


def test_while_it_still_gets_through_nobody_is_told(used: Dependency) -> None:
    """The control: what is told is the block and not the looking."""
    ask(used)

    assert look(now=LATER) == 0
    assert forewarned() == []
    assert Outlook.objects.get().looked_at == LATER


def test_who_was_stopped_already_knows(used: Dependency, rita: User) -> None:
    ask(used)
    stop(used, rita)
    assert ask(used, now=NOW + 2 * HOUR).verdict == "fail"

    assert look(now=LATER + 2 * HOUR) == 0


def test_another_set_of_findings_is_told_and_the_same_one_again_only_after_a_new_release(
    used: Dependency, rita: User
) -> None:
    ask(used)
    first = stop(used, rita)
    look(now=LATER)
    Offering.objects.filter(pk=used.offering_id).update(status="removed")
    assert look(now=LATER + AT_LEAST_EVERY) == 1
    Offering.objects.filter(pk=used.offering_id).update(status="available")
    assert look(now=LATER + 2 * AT_LEAST_EVERY) == 0

    lift(first, by=rita, reason="Over.", now=LATER + 2 * AT_LEAST_EVERY)
    assert ask(used, now=LATER + 3 * AT_LEAST_EVERY).verdict == "pass"
    stop(used, rita)
    assert look(now=LATER + 5 * AT_LEAST_EVERY) == 1


def test_a_policy_that_takes_force_is_looked_at_without_delay(used: Dependency) -> None:
    ask(used)
    # Nobody but "open" ships as a service any more, and one thing is told although nothing upstream moved.
    Policy.objects.create(
        version=1,
        document={"allowed_license_classes": {"saas": []}},
        reason="r",
        author=f.user(),
        in_force_from=NOW + HOUR,
    )

    assert look(now=NOW + HOUR / 2) == 0
    assert look(now=NOW + HOUR + timedelta(minutes=1)) == 1
    assert [one["rule"] for one in Forewarning.objects.get().findings][:1] == ["UD202"]


def removed(used: Dependency, *, now: datetime) -> None:
    """Upstream takes it away, a source tells it, and triage gives the owner something to do."""
    Offering.objects.filter(pk=used.offering_id).update(status="removed")
    Change.objects.create(
        kind=ChangeKind.REMOVED, severity="critical", origin="source", offering=used.offering, detected_at=now
    )


def test_what_triage_told_already_is_not_told_again(used: Dependency) -> None:
    ask(used)
    removed(used, now=NOW + HOUR)
    triage_changes(now=NOW + HOUR)
    overdue = NOW + timedelta(days=90)

    told = Notice.objects.count()
    assert look(now=overdue) == 0
    assert Forewarning.objects.get().findings[0]["rule"] == "UD301"
    assert (Notice.objects.count(), forewarned()) == (told, [])


def test_what_stops_it_beside_what_triage_told_is_told(used: Dependency, rita: User) -> None:
    """The control of the test above."""
    ask(used)
    removed(used, now=NOW + HOUR)
    triage_changes(now=NOW + HOUR)
    stop(used, rita)

    assert look(now=NOW + timedelta(days=90)) == 1


def test_triage_has_the_first_word(used: Dependency, rita: User) -> None:
    ask(used)
    stop(used, rita)
    removed(used, now=NOW + HOUR)

    assert look(now=LATER) == 0
    triage_changes(now=LATER)
    assert look(now=LATER + HOUR) == 1


def test_what_a_change_reached_is_looked_at_first_and_a_look_is_bounded(used: Dependency) -> None:
    others = [green() for _ in range(3)]
    triage_changes(now=NOW)
    for number, other in enumerate([*others, used]):
        ask(other, now=NOW + timedelta(seconds=number))
    removed(used, now=NOW + HOUR)
    triage_changes(now=NOW + HOUR)

    assert due(now=LATER)[0].system == used.system
    look(now=LATER, limit=2)
    assert Outlook.objects.count() == 2
    look(now=LATER, limit=2)
    assert Outlook.objects.count() == 4


def test_two_looks_at_once_tell_it_once(used: Dependency, rita: User) -> None:
    ask(used)
    stop(used, rita)
    Outlook.objects.create(system=used.system, environment=used.environment, looked_at=NOW)
    from governance.outlook import _look_at  # noqa: PLC0415  (the worker that found it due a moment before)

    (row,) = due(now=LATER)
    assert [_look_at(row, now=LATER), _look_at(row, now=LATER)] == [True, False]


@pytest.mark.usefixtures("rita")
def test_all_of_a_window_is_one_letter_that_names_system_rule_and_gate(
    used: Dependency, rita: User, settings: Any
) -> None:
    settings.BASE_URL = "https://understudy.example"
    other = green(f.system("help-centre", name="Help centre", team=used.system.team))
    triage_changes(now=NOW)
    Notice.objects.all().delete()
    for one in (used, other):
        ask(one)
        stop(one, rita)

    assert look(now=LATER) == 2
    deliver_due(["email"], now=LATER + HOUR)
    (letter,) = mail.outbox

    assert letter.subject == "[Understudy] 2 next releases would be stopped"
    for said in ("Product search in production", "Help centre in production", "UD104", "Under investigation."):
        assert said in letter.body
    assert "https://understudy.example/systems/product-search/gate/?environment=production" in letter.body


def test_a_team_that_switched_its_channel_off_gets_nothing(used: Dependency, rita: User) -> None:
    used.system.team.channels.update(is_enabled=False)
    ask(used)
    stop(used, rita)
    look(now=LATER)

    assert forewarned() == []
