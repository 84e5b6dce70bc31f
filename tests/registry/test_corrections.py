"""A person puts a fact right: it counts at once, above every source, until it ends or is lifted."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from config.celery import app
from governance.tasks import end_corrections
from registry.apply import apply_effective
from registry.corrections import correct, end_passed, lift
from registry.models import (
    AIModel,
    Change,
    ChangeKind,
    Correction,
    License,
    Listing,
    Observation,
    Offering,
    PollRun,
    Source,
    User,
)
from tests import factories as make
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db

JUNE, SEPTEMBER = date(2026, 6, 1), date(2026, 9, 1)
PAGE = "https://vendor.example/lifecycle"


def says(offering: Offering, *, method: str = "vendor_api", moment: Any = NOW, **facts: Any) -> Listing:
    """The source of that method states `facts` of the offering, now and instead of what it said before."""
    source = make.source(method, method=method)
    run = PollRun.objects.create(
        source=source, slot=moment, started_at=moment, lease_until=moment, completed_at=moment, outcome="changed"
    )
    listing, _ = Listing.objects.get_or_create(
        source=source, external_id=offering.external_id, defaults={"first_seen_at": moment, "offering": offering}
    )
    listing.current = Observation.objects.create(
        listing=listing, run=run, facts=facts, observed_at=moment, last_confirmed_at=moment
    )
    listing.save()
    apply_effective({offering.pk}, now=moment)
    offering.refresh_from_db()
    return listing


def put_right(offering: Offering, fact: str, value: Any, **fields: Any) -> Correction:
    given = {
        "reason": "The table of the page has two columns of dates.",
        "evidence_url": PAGE,
        "ends_on": TODAY + timedelta(days=30),
        "now": NOW,
    } | fields
    given.setdefault("by", make.user())
    return correct(offering, fact=fact, value=value, **given)


def errors(offering: Offering, fact: str, value: Any, **fields: Any) -> set[str]:
    with pytest.raises(ValidationError) as refused:
        put_right(offering, fact, value, **fields)
    return set(refused.value.message_dict)


@pytest.fixture
def service() -> Offering:
    return make.offering("claude-x", host="anthropic", kind="service", revision="")


def test_a_correction_counts_at_once_above_a_fresh_vendor_api(service: Offering) -> None:
    says(service, retires_on="2026-06-01")

    put_right(service, "retires_on", "2026-09-01")

    service.refresh_from_db()
    assert (service.retires_on, service.status) == (SEPTEMBER, Offering.Status.DEPRECATED)


def test_without_the_correction_the_vendor_counts(service: Offering) -> None:
    says(service, retires_on="2026-06-01")
    assert service.retires_on == JUNE


def test_what_sources_say_later_does_not_override_it(service: Offering) -> None:
    put_right(service, "retires_on", "2026-09-01")

    says(service, retires_on="2026-06-01", moment=NOW + timedelta(hours=6))

    assert service.retires_on == SEPTEMBER


def test_that_there_is_none_takes_the_fact_back(service: Offering) -> None:
    says(service, retires_on="2026-06-01")
    Offering.objects.update(status="retired")

    put_right(service, "retires_on", None)

    service.refresh_from_db()
    assert (service.retires_on, service.status) == (None, Offering.Status.AVAILABLE)


@pytest.mark.parametrize(
    ("said", "fact", "value", "status"),
    [
        ({}, "is_retired", True, "retired"),
        ({}, "is_disabled", True, "disabled"),
        ({"is_disabled": True}, "is_disabled", False, "available"),
        ({}, "is_deprecated", True, "deprecated"),
        ({"is_deprecated": True, "deprecated_on": "2026-01-01"}, "is_deprecated", False, "available"),
    ],
)
def test_flags_decide_the_status(said: dict[str, Any], fact: str, value: Any, status: str, service: Offering) -> None:
    says(service, mode="chat", **said)

    put_right(service, fact, value)

    service.refresh_from_db()
    assert service.status == status


def test_prices_and_gating_are_put_right(service: Offering) -> None:
    says(service, input_price="2.5", gating="manual")

    put_right(service, "input_price", "0.25")
    put_right(service, "gating", "open")

    service.refresh_from_db()
    assert (str(service.input_price), service.gating) == ("0.250000", "open")


def test_a_license_is_put_right_for_the_newest_revision() -> None:
    License.objects.get_or_create(spdx_id="MIT", defaults={"name": "MIT", "license_class": "open"})
    offering = make.offering("acme/e5", revision="b" * 40)
    says(offering, license=["apache-2.0"], sha="b" * 40)

    correction = put_right(offering, "license", "MIT")
    assert offering.revisions.get(revision="b" * 40).license == License.objects.get(spdx_id="MIT")

    lift(correction, by=make.user(), now=NOW)
    assert offering.revisions.get(revision="b" * 40).license == License.objects.get(spdx_id="Apache-2.0")


def test_a_fact_of_the_model_is_overwritten_and_comes_back(service: Offering) -> None:
    says(service, context_length=4096)

    correction = put_right(service, "context_length", 200_000)
    assert AIModel.objects.get(pk=service.model_id).context_length == 200_000

    lift(correction, by=make.user(), now=NOW)
    assert AIModel.objects.get(pk=service.model_id).context_length == 4096


def test_two_offerings_of_a_model_do_not_correct_the_same_fact_of_it(service: Offering) -> None:
    other = make.offering("claude-x-bedrock", host="bedrock", kind="service", model=service.model)
    put_right(service, "context_length", 200_000)

    assert errors(other, "context_length", 100_000) == {"fact"}
    put_right(other, "retires_on", "2026-09-01")


# --- its end ----------------------------------------------------------------------------------


def test_lifted_it_counts_no_more_and_sources_do(service: Offering) -> None:
    says(service, retires_on="2026-06-01")
    correction = put_right(service, "retires_on", "2026-09-01")
    person = make.user()

    lift(correction, by=person, now=NOW + timedelta(days=1))

    service.refresh_from_db()
    correction.refresh_from_db()
    assert service.retires_on == JUNE
    assert (correction.lifted_at, correction.lifted_by) == (NOW + timedelta(days=1), person)


def test_it_counts_on_its_last_day_and_not_on_the_next(service: Offering) -> None:
    says(service, retires_on="2026-06-01")
    correction = put_right(service, "retires_on", "2026-09-01", ends_on=TODAY + timedelta(days=3))

    assert end_passed(now=NOW + timedelta(days=3)) == []
    service.refresh_from_db()
    assert service.retires_on == SEPTEMBER

    assert [one.lifted_by for one in end_passed(now=NOW + timedelta(days=4))] == [None]
    service.refresh_from_db()
    correction.refresh_from_db()
    assert service.retires_on == JUNE
    assert correction.lifted_by is None


def test_beat_ends_them_by_itself(service: Offering) -> None:
    correction = put_right(service, "retires_on", "2026-09-01", ends_on=TODAY)

    # By the real clock that day has long passed.
    end_corrections()

    correction.refresh_from_db()
    assert correction.lifted_at is not None
    assert end_corrections.name in {one["task"] for one in app.conf.beat_schedule.values()}


def test_what_stood_there_without_any_source_comes_back(service: Offering) -> None:
    Offering.objects.update(retires_on=JUNE, status="unknown")
    correction = put_right(service, "retires_on", "2026-09-01")

    lift(correction, by=make.user(), now=NOW)

    service.refresh_from_db()
    assert (service.retires_on, service.status) == (JUNE, "unknown")


def test_what_a_source_has_withdrawn_meanwhile_does_not_come_back(service: Offering) -> None:
    says(service, retires_on="2026-06-01")
    correction = put_right(service, "retires_on", "2026-09-01")
    says(service, mode="chat", moment=NOW + timedelta(hours=6))

    lift(correction, by=make.user(), now=NOW + timedelta(hours=7))

    service.refresh_from_db()
    assert (service.retires_on, service.status) == (None, Offering.Status.AVAILABLE)


def test_a_removal_that_came_meanwhile_stays(service: Offering) -> None:
    correction = put_right(service, "retires_on", "2026-09-01")
    Offering.objects.update(status="removed")

    lift(correction, by=make.user(), now=NOW)

    service.refresh_from_db()
    assert service.status == Offering.Status.REMOVED


def test_it_is_lifted_once(service: Offering) -> None:
    correction = put_right(service, "retires_on", "2026-09-01")
    lift(correction, by=make.user(), now=NOW)

    with pytest.raises(ValidationError, match="already"):
        lift(correction, by=make.user(), now=NOW)


# --- what it tells ----------------------------------------------------------------------------


def test_who_uses_the_model_is_told_what_is_different(service: Offering) -> None:
    says(service, retires_on="2026-06-01")
    person = make.user("kim")

    correction = put_right(service, "retires_on", "2026-09-01", by=person)
    told = Change.objects.get()
    lift(correction, by=person, now=NOW + timedelta(days=1))

    assert (told.kind, told.before, told.after) == (ChangeKind.RETIREMENT_MOVED, "2026-06-01", "2026-09-01")
    assert (told.origin, told.reported_by, told.evidence_url) == ("person", person, PAGE)
    assert told.summary == "Corrected by kim: The table of the page has two columns of dates."
    back = Change.objects.exclude(pk=told.pk).get()
    assert (back.kind, back.after) == (ChangeKind.RETIREMENT_MOVED, "2026-06-01")


def test_the_end_of_its_time_is_told_as_the_clocks_doing(service: Offering) -> None:
    says(service, retires_on="2026-06-01")
    put_right(service, "retires_on", None, ends_on=TODAY)

    end_passed(now=NOW + timedelta(days=1))

    assert list(Change.objects.order_by("pk").values_list("kind", "origin")) == [
        (ChangeKind.RETIREMENT_WITHDRAWN, "person"),
        (ChangeKind.RETIREMENT_ANNOUNCED, "clock"),
    ]


def test_what_counts_already_raises_nothing(service: Offering) -> None:
    says(service, retires_on="2026-06-01")
    put_right(service, "retires_on", "2026-06-01")
    assert not Change.objects.exists()


def test_a_persons_word_on_one_fact_does_not_make_the_others_fresh(service: Offering) -> None:
    Offering.objects.update(facts_as_of=NOW - timedelta(days=9))

    put_right(service, "retires_on", "2026-09-01")

    service.refresh_from_db()
    assert service.facts_as_of == NOW - timedelta(days=9)


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("retires_on", "soon"),
        ("retires_on", 7),
        ("deprecated_on", "2026-02-30"),
        ("is_retired", "yes"),
        ("is_retired", None),
        ("gating", "closed"),
        ("gating", None),
        ("license", "LicenseRef-nobody-knows"),
        ("license", ["mit"]),
        ("input_price", "-1"),
        ("input_price", "NaN"),
        ("input_price", True),
        ("output_price", "1e99"),
        ("output_price", "0.0000001"),
        ("context_length", 0),
        ("context_length", 2**31),
        ("context_length", "8192"),
        ("successor", "a\x00b"),
        ("successor", "x" * 301),
    ],
)
def test_a_value_that_no_record_spells_is_refused(fact: str, value: Any, service: Offering) -> None:
    assert errors(service, fact, value) == {"value"}
    assert not Correction.objects.exists()


@pytest.mark.parametrize("fact", ["sha", "upstream_id", "external_id", "base_models", "", "nonsense"])
def test_what_identifies_a_model_or_is_not_shown_cannot_be_corrected(fact: str, service: Offering) -> None:
    assert errors(service, fact, "x") == {"fact"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", " "),
        ("reason", "x" * 501),
        ("reason", "a\x00b"),
        ("evidence_url", ""),
        ("evidence_url", "javascript:alert(1)"),
        ("evidence_url", "https://a.example/" + "x" * 500),
        ("ends_on", TODAY - timedelta(days=1)),
        ("ends_on", TODAY + timedelta(days=366)),
    ],
)
def test_reason_evidence_and_an_end_within_a_year_are_needed(field: str, value: Any, service: Offering) -> None:
    assert errors(service, "retires_on", "2026-09-01", **{field: value}) == {field}


def test_all_that_is_wrong_is_said_at_once(service: Offering) -> None:
    wrong = {"reason": "", "evidence_url": "", "ends_on": TODAY - timedelta(days=1)}
    assert errors(service, "retires_on", "soon", **wrong) == {"value", *wrong}


def test_a_year_is_the_longest(service: Offering) -> None:
    put_right(service, "retires_on", "2026-09-01", ends_on=TODAY + timedelta(days=365))


def test_a_fact_has_one_correction_until_it_is_lifted(service: Offering) -> None:
    first = put_right(service, "retires_on", "2026-09-01", by=make.user("kim"))

    with pytest.raises(ValidationError, match="kim has corrected it already"):
        put_right(service, "retires_on", None)

    lift(first, by=User.objects.get(username="kim"), now=NOW)
    put_right(service, "retires_on", None)


def test_one_whose_time_is_over_stands_in_nobodys_way(service: Offering) -> None:
    put_right(service, "retires_on", "2026-09-01", ends_on=TODAY)

    put_right(service, "retires_on", None, now=NOW + timedelta(days=1), ends_on=TODAY + timedelta(days=9))

    assert Correction.objects.in_force(TODAY + timedelta(days=1)).count() == 1


def test_the_source_of_people_is_never_due() -> None:
    assert Source.objects.get(slug="people") not in Source.objects.due(NOW)
