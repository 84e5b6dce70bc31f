"""Which facts are stale: from the rows of the sources to the answer of the gate."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from governance.check import CheckRequest, RequestedModel, evaluate
from governance.facts import load_offerings, load_staleness
from governance.rules.facts import StaleFacts
from registry.models import Listing, Observation, Offering, PollRun, Section, Source
from tests import factories as f
from tests.factories import NOW
from tests.governance.gate_world import green

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def source(slug: str = "hub", **fields: Any) -> Source:
    Source.objects.filter(slug=slug).delete()
    return f.source(slug, **({"interval": 6 * HOUR} | fields))


def listed(offering: Offering, by: Source, *, ago: timedelta, section: timedelta | None = None) -> Listing:
    """A listing that was confirmed `ago`; its section, if any, was `section` ago."""
    seen_at = NOW - ago
    times = dict.fromkeys(("started_at", "lease_until", "completed_at"), seen_at)
    run, _ = PollRun.objects.get_or_create(source=by, slot=seen_at, defaults=times | {"outcome": "changed"})
    row = f.listing(offering.external_id, offering=offering, source_=by)
    moments = {"observed_at": seen_at, "last_confirmed_at": seen_at}
    row.current = Observation.objects.create(listing=row, run=run, facts={}, **moments)
    if section is not None:
        row.section = Section.objects.create(source=by, name=offering.external_id, confirmed_at=NOW - section)
    row.save()
    return row


def stale(offering: Offering) -> StaleFacts | None:
    return load_staleness([offering.pk], now=NOW).get(offering.pk)


def test_facts_are_stale_when_no_source_has_confirmed_them_for_two_of_its_intervals() -> None:
    offering, hub = f.offering(), source()
    listed(offering, hub, ago=12 * HOUR)
    assert stale(offering) is None
    Observation.objects.update(last_confirmed_at=NOW - 13 * HOUR)
    assert stale(offering) == StaleFacts(hub.pk, hub.name, NOW - 13 * HOUR)


def test_one_source_that_answers_is_enough() -> None:
    offering = f.offering()
    listed(offering, source(), ago=90 * HOUR)
    listed(offering, source("litellm", interval=timedelta(days=1)), ago=40 * HOUR)
    assert stale(offering) is None


def test_of_several_silent_sources_the_one_that_answered_last_is_named() -> None:
    offering, feed = f.offering(), source("litellm")
    listed(offering, source(), ago=90 * HOUR)
    listed(offering, feed, ago=40 * HOUR)
    assert stale(offering) == StaleFacts(feed.pk, feed.name, NOW - 40 * HOUR)


def test_a_section_that_was_confirmed_confirms_all_that_it_lists() -> None:
    offering = f.offering()
    row = listed(offering, source(), ago=90 * HOUR, section=HOUR)
    assert stale(offering) is None
    Listing.objects.filter(pk=row.pk).update(missing_since=NOW - 50 * HOUR)
    assert stale(offering) is not None


def test_that_it_is_absent_is_an_answer_too() -> None:
    offering = f.offering()
    row = listed(offering, source(), ago=90 * HOUR, section=HOUR)
    Listing.objects.filter(pk=row.pk).update(missing_since=NOW - 50 * HOUR, last_absent_at=NOW - 2 * HOUR)
    assert stale(offering) is None


def test_what_no_polled_source_lists_is_never_stale() -> None:
    offering = f.offering()
    assert stale(offering) is None
    listed(offering, source(is_enabled=False), ago=90 * HOUR)
    assert stale(offering) is None


@pytest.mark.parametrize("count", [1, 20])
def test_any_number_of_offerings_takes_one_query(count: int, django_assert_num_queries: Any) -> None:
    hub = source()
    offerings = [f.offering() for _ in range(count)]
    for offering in offerings:
        listed(offering, hub, ago=90 * HOUR)
    with django_assert_num_queries(1):
        found = load_staleness([offering.pk for offering in offerings], now=NOW)
    assert len(found) == count


def test_facts_are_as_old_as_the_section_that_confirms_them() -> None:
    offering = f.offering(facts_as_of=NOW - 90 * HOUR)
    listed(offering, source(), ago=90 * HOUR, section=HOUR)
    assert load_offerings([offering.pk], now=NOW)[offering.pk].facts_as_of == NOW - HOUR


def check(system: Any, *, environment: str = "production", now: datetime = NOW) -> Any:
    models = tuple(RequestedModel(one.offering.external_id) for one in system.dependencies.all())
    return evaluate(CheckRequest(system.slug, environment, models), now=now)


def test_the_gate_does_not_know_while_the_source_is_silent_and_knows_again_afterwards() -> None:
    used = green()
    listed(used.offering, source(), ago=HOUR)
    assert check(used.system).verdict == "pass"

    answer = check(used.system, now=NOW + 12 * HOUR)
    assert (answer.verdict, [finding.rule for finding in answer.findings]) == ("unknown", ["UD306"])
    assert answer.facts_as_of == NOW

    Observation.objects.update(last_confirmed_at=NOW + 12 * HOUR)
    assert check(used.system, now=NOW + 13 * HOUR).verdict == "pass"
