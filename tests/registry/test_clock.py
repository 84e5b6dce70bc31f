"""A retirement comes with its day, not with a poll."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from registry.clock import retire_due
from registry.models import Change, Offering
from tests import factories as f
from tests.factories import NOW
from tests.registry.feeding import chat, feed

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
WEEK = timedelta(days=7)


def service(name: str = "m", **fields: object) -> Offering:
    return f.offering(name, host="openai", kind=Offering.Kind.SERVICE, **fields)


def retired() -> list[tuple[str, str, date | None]]:
    rows = Change.objects.filter(kind="retired").order_by("pk")
    return [(str(row.offering), row.origin, row.effective_on) for row in rows]


def test_what_a_feed_announced_in_time_retires_on_its_day(tmp_path: Path) -> None:
    offering = service()
    feed(tmp_path, {"m": chat(deprecation_date=f"{TODAY + WEEK}")})
    assert retire_due(now=NOW + WEEK - timedelta(days=1)) == []

    retire_due(now=NOW + WEEK)
    offering.refresh_from_db()
    assert (offering.status, retired()) == ("retired", [("m (openai)", "clock", TODAY + WEEK)])


def test_it_is_told_once(tmp_path: Path) -> None:
    service()
    feed(tmp_path, {"m": chat(deprecation_date=f"{TODAY + WEEK}")})
    assert len(retire_due(now=NOW + WEEK)) == 1
    assert retire_due(now=NOW + 2 * WEEK) == []


def test_a_day_that_a_feed_brings_when_it_has_passed_is_for_a_person_to_look_at(tmp_path: Path) -> None:
    offering = service()
    feed(tmp_path, {"m": chat(deprecation_date=f"{TODAY + 10 * WEEK}")})
    feed(tmp_path, {"m": chat(deprecation_date=f"{TODAY - WEEK}")}, now=NOW + timedelta(hours=1))
    assert retire_due(now=NOW + timedelta(days=1)) == []
    offering.refresh_from_db()
    assert offering.status == "deprecated"
    assert Change.objects.filter(kind="retirement_moved", effective_on=TODAY - WEEK).exists()


def test_a_day_that_a_person_entered_counts() -> None:
    service("by-hand", retires_on=TODAY)
    assert len(retire_due(now=NOW)) == 1


def test_what_is_gone_otherwise_does_not_retire() -> None:
    service("gone", retires_on=TODAY, status=Offering.Status.REMOVED)
    assert retire_due(now=NOW) == []


def test_a_retired_offering_whose_day_is_moved_lives_again(tmp_path: Path) -> None:
    offering = service()
    feed(tmp_path, {"m": chat(deprecation_date=f"{TODAY + WEEK}")})
    retire_due(now=NOW + WEEK)
    feed(tmp_path, {"m": chat(deprecation_date=f"{TODAY + 9 * WEEK}")}, now=NOW + WEEK + timedelta(days=1))
    offering.refresh_from_db()
    assert offering.status == "deprecated"
