"""People are reminded of what waits and of what ends: each milestone once, and one letter for all of a window."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from governance.deliver import deliver_due
from governance.letters import write
from governance.models import Channel, Notice, Reminder
from governance.notices import ensure_channels
from governance.reminders import milestone_of, remind
from registry.models import User
from tests import factories as make
from tests.factories import NOW, TODAY
from tests.governance.proposing import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    made = make_world()
    ensure_channels(made.dependency.system.team)
    return made


def on(days: int) -> dict[str, Any]:
    return {"now": NOW + timedelta(days=days)}


def told() -> list[tuple[str, str]]:
    """Who was told of what, in the order of the notices."""
    notices = Notice.objects.filter(reminders__isnull=False).order_by("pk")
    rows = notices.values_list("channel__address", "reminders__milestone")
    return sorted((str(address).split("@")[0], str(milestone)) for address, milestone in rows)


def test_a_month_and_a_week_before_and_the_day_after_each_once(world: World) -> None:
    world.decide(world.adoption())
    days = [0, 334, 335, 336, 357, 358, 359, 365, 366, 367]
    assert [remind(**on(day)) for day in days] == [0, 0, 1, 0, 0, 1, 0, 0, 1, 0]
    assert list(Reminder.objects.order_by("pk").values_list("milestone", flat=True)) == ["month", "week", "ended"]


def test_the_owning_team_and_who_decides_are_told(world: World) -> None:
    world.decide(world.approval())
    remind(**on(358))
    team = world.dependency.system.team.slug
    assert told() == sorted((name, "week") for name in (team, "rita", "rolf", "lena"))


def test_a_waiver_that_runs_thirty_days_is_not_announced_on_its_first(world: World) -> None:
    waiver = world.decide(world.waiver()).waiver
    assert milestone_of(waiver, TODAY) == ""
    assert milestone_of(waiver, TODAY + timedelta(days=23)) == "week"
    assert milestone_of(waiver, TODAY + timedelta(days=31)) == "ended"


def test_what_was_replaced_or_belongs_to_an_ended_use_is_not_reminded_of(world: World) -> None:
    world.decide(world.waiver())
    world.decide(world.waiver())
    world.dependency.ended_on = TODAY
    world.dependency.save()
    assert remind(**on(25)) == 0


def test_what_nobody_decides_in_time_goes_to_who_decides_and_the_administrators_once(world: World) -> None:
    make.user("ada", role="admin")
    world.adoption(proposer=world.reviewer)
    assert [remind(**on(day)) for day in (7, 8, 9)] == [0, 1, 0]
    # Rita asked; the others are waited for.
    assert told() == [("ada", "overdue"), ("lena", "overdue"), ("rolf", "overdue")]


def test_a_day_on_which_much_ends_is_one_letter_for_each(world: World) -> None:
    for number in range(5):
        world.decide(world.adoption(purpose=f"use-{number}"))
    remind(**on(358))
    assert Notice.objects.filter(channel__address__startswith="rita@").count() == 1
    letter = write(Notice.objects.get(channel__address__startswith="rita@"))
    assert letter.alert is not None
    assert letter.alert.headline == "5 decisions end soon"
    assert len(letter.alert.items) == 5


def test_the_letter_says_what_ends_when_and_where_to_go_on(world: World) -> None:
    proposal = world.decide(world.waiver())
    remind(**on(25))
    deliver_due(["email"], now=NOW + timedelta(days=26))
    text = str(next(one for one in mail.outbox if one.to[0].startswith("rita@")).body)
    assert "Waive UD401" in text
    assert "ends on 2026-05-15" in text
    assert f"/proposals/{proposal.pk}/" in text
    assert "Propose again" in text
    assert "source" not in text


def test_a_channel_that_was_switched_off_stays_off_and_who_left_hears_nothing(world: World) -> None:
    world.decide(world.adoption())
    remind(**on(335))
    Channel.objects.filter(person=world.reviewer).update(is_enabled=False)
    User.objects.filter(pk=world.other_reviewer.pk).update(is_active=False)
    remind(**on(358))
    weeks = [name for name, milestone in told() if milestone == "week"]
    assert "rita" not in weeks
    assert "rolf" not in weeks


def test_a_person_s_channel_hears_nothing_of_sources(world: World) -> None:
    from governance.incidents import operator_channels  # noqa: PLC0415 - the one thing that is compared with

    world.decide(world.adoption())
    remind(**on(335))
    assert [channel.person for channel in operator_channels(now=NOW)] == []


def test_what_is_overdue_is_loud_on_home(world: World, client: Client) -> None:
    world.adoption()
    client.force_login(world.reviewer)
    assert "should have been decided" in client.get("/").content.decode()
    client.force_login(world.owner)
    assert "should have been decided" not in client.get("/").content.decode()
