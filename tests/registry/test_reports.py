"""What people report goes the way of any source: kept as said, told where it is news, believed least."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from governance.models import Action, Impact
from governance.triage import triage_changes
from registry.ingest import due_sources
from registry.listings import map_all_new
from registry.models import Change, ChangeKind, License, Listing, Offering, PollRun, Section, Source
from registry.reportable import REPORTABLE
from registry.reports import Otherwise, Report, report_change
from tests import factories as make
from tests.factories import NOW
from tests.registry.test_corrections import put_right, says

pytestmark = pytest.mark.django_db

JUNE = date(2026, 6, 1)
PAGE = "https://vendor.example/mail"
FRESH = NOW + timedelta(hours=1)


@pytest.fixture
def service() -> Offering:
    return make.offering("claude-x", host="anthropic", kind="service", revision="")


def report(offering: Offering, kind: str, *, now: Any = FRESH, **facts: Any) -> Report:
    given = {"summary": "Their mail says so.", "source_url": PAGE, "reported_by": make.user()}
    given |= {name: facts.pop(name) for name in list(facts) if name in given}
    return report_change(offering, kind=kind, facts=facts, now=now, **given)


def errors(offering: Offering, kind: str, **facts: Any) -> set[str]:
    with pytest.raises(ValidationError) as refused:
        report(offering, kind, **facts)
    return set(refused.value.message_dict)


@pytest.mark.parametrize(
    ("kind", "facts", "after"),
    [
        ("retirement_announced", {"retires_on": "2026-06-01"}, "2026-06-01"),
        ("deprecated", {"deprecated_on": "2026-04-01"}, None),
        ("deprecated", {}, None),
        ("gated", {}, "manual"),
        ("gated", {"gating": "auto"}, "auto"),
        ("disabled", {}, None),
        ("retired", {}, None),
        ("license_changed", {"license": "MIT"}, "mit"),
        ("renamed", {"renamed_to": "claude-y"}, "claude-y"),
        ("successor_named", {"successor": "claude-y"}, "claude-y"),
        ("price_changed", {"input_price": "9"}, {"input_price": "9"}),
        ("removed", {}, None),
    ],
)
def test_each_kind_is_told_as_itself_by_the_person_with_the_page(
    kind: str, facts: dict[str, Any], after: Any, service: Offering
) -> None:
    License.objects.get_or_create(spdx_id="MIT", defaults={"name": "MIT", "license_class": "open"})
    Offering.objects.update(input_price=3)
    person = make.user()

    found = report(service, kind, reported_by=person, **facts)

    change = Change.objects.get()
    assert list(found.changes) == [change]
    assert (change.kind, change.after, change.origin) == (kind, after, "person")
    assert (change.reported_by, change.evidence_url, change.summary) == (person, PAGE, "Their mail says so.")


@pytest.mark.parametrize(
    ("said", "kind", "facts"),
    [
        ({"retires_on": "2026-06-01"}, "retirement_moved", {"retires_on": "2026-09-01"}),
        ({"retires_on": "2026-06-01"}, "retirement_withdrawn", {}),
        ({"is_deprecated": True, "deprecated_on": "2026-01-01"}, "undeprecated", {}),
        ({"gating": "manual"}, "ungated", {}),
        ({"is_disabled": True}, "restored", {}),
    ],
)
def test_what_eases_is_told_against_what_counts(
    said: dict[str, Any], kind: str, facts: dict[str, Any], service: Offering
) -> None:
    says(service, method="curated_feed", **said)
    assert [change.kind for change in report(service, kind, **facts).changes] == [kind]
    assert list(report(service, kind, now=FRESH + timedelta(hours=1), **facts).changes) == []


def test_it_counts_where_nobody_else_speaks(service: Offering) -> None:
    report(service, "retirement_announced", retires_on="2026-06-01")

    service.refresh_from_db()
    assert (service.retires_on, service.status) == (JUNE, Offering.Status.DEPRECATED)


def test_it_is_kept_as_an_observation_of_the_people_in_a_run_that_is_over(service: Offering) -> None:
    report(service, "retirement_announced", retires_on="2026-06-01")
    report(service, "gated", now=FRESH + timedelta(days=1))

    listing = Listing.objects.select_related("current__run").get(source__slug="people")
    assert (listing.external_id, listing.offering) == ("anthropic/claude-x", service)
    assert listing.current is not None
    assert listing.current.facts == {"retires_on": "2026-06-01", "gating": "manual"}
    assert (listing.current.evidence_url, listing.observations.count()) == (PAGE, 2)
    assert set(PollRun.objects.values_list("outcome", "completed_at")) == {
        ("changed", FRESH),
        ("changed", FRESH + timedelta(days=1)),
    }


def test_two_reports_at_one_moment_are_two_runs(service: Offering) -> None:
    report(service, "gated")
    report(service, "deprecated")
    assert PollRun.objects.filter(source__slug="people").count() == 2


# --- beside what others say -------------------------------------------------------------------


def test_it_never_overrides_a_fresh_vendor_api_and_says_so(service: Offering) -> None:
    says(service, retires_on="2026-09-01")
    Source.objects.filter(slug="vendor_api").update(name="Anthropic's own list")

    found = report(service, "retirement_moved", retires_on="2026-06-01")

    service.refresh_from_db()
    assert service.retires_on == date(2026, 9, 1)
    assert found.otherwise == (Otherwise("retires_on", "Anthropic's own list", date(2026, 9, 1)),)
    assert [change.kind for change in found.changes] == [ChangeKind.RETIREMENT_MOVED]


def test_it_does_not_override_a_correction_either(service: Offering) -> None:
    put_right(service, "retires_on", "2026-09-01")

    found = report(service, "retirement_moved", retires_on="2026-06-01")

    assert found.otherwise == (Otherwise("retires_on", "A person's correction", date(2026, 9, 1)),)


def test_without_the_order_of_methods_it_would_override(service: Offering) -> None:
    says(service, method="inferred", retires_on="2026-09-01")
    Source.objects.filter(slug="people").update(method="vendor_api")

    assert report(service, "retirement_moved", retires_on="2026-06-01").otherwise == ()
    service.refresh_from_db()
    assert service.retires_on == JUNE


def test_a_withdrawal_that_the_vendor_does_not_know_of_changes_nothing_effective(service: Offering) -> None:
    says(service, retires_on="2026-09-01")

    found = report(service, "retirement_withdrawn")

    service.refresh_from_db()
    assert service.retires_on == date(2026, 9, 1)
    assert [one.fact for one in found.otherwise] == ["retires_on"]


def test_a_removal_is_told_while_the_sources_decide_whether_it_is_gone(service: Offering) -> None:
    says(service, mode="chat")

    found = report(service, "removed")

    service.refresh_from_db()
    assert service.status == Offering.Status.AVAILABLE
    assert [one.source for one in found.otherwise] == ["vendor_api"]


def test_a_report_about_a_repository_has_the_hub_asked_soon() -> None:
    offering = make.offering("Acme/e5")
    hub = Source.objects.get(slug="huggingface")
    section = Section.objects.create(source=hub, name="Acme")

    report(offering, "removed")

    section.refresh_from_db()
    assert section.hinted_at == FRESH


# --- what is no news --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        ("retirement_announced", {"retires_on": "2026-06-01"}, {"retires_on": "2026-06-01"}),
        ("gated", {}, {"gating": "manual"}),
        ("deprecated", {}, {"is_deprecated": True}),
        ("disabled", {}, {"is_disabled": True}),
        ("license_changed", {"license": "Apache-2.0"}, {"license": ["Apache-2.0"]}),
        ("price_changed", {"input_price": "2.50"}, {"input_price": "2.5"}),
    ],
)
def test_what_counts_already_raises_nothing_and_is_kept(
    kind: str, facts: dict[str, Any], said: dict[str, Any], service: Offering
) -> None:
    says(service, **said)

    assert list(report(service, kind, **facts).changes) == []

    assert not Change.objects.exists()
    assert Listing.objects.filter(source__slug="people", current__isnull=False).exists()


def test_the_same_report_twice_is_told_once_even_if_another_day_counts_by_now(service: Offering) -> None:
    report(service, "retirement_announced", retires_on="2026-06-01")
    says(service, retires_on="2026-09-01", moment=FRESH + timedelta(hours=1))

    again = report(service, "retirement_announced", retires_on="2026-06-01", now=FRESH + timedelta(hours=2))

    assert list(again.changes) == []
    assert Change.objects.count() == 1


def test_a_removal_is_told_once_until_it_was_back(service: Offering) -> None:
    report(service, "removed")
    assert list(report(service, "removed").changes) == []

    Change.objects.create(
        kind="restored", severity="notice", origin="source", offering=service, detected_at=FRESH + timedelta(hours=1)
    )
    assert len(report(service, "removed", now=FRESH + timedelta(hours=2)).changes) == 1


# --- what follows -----------------------------------------------------------------------------


def test_who_uses_the_model_has_an_action(service: Offering) -> None:
    use = make.dependency(offering=service)
    triage_changes(now=NOW)

    report(service, "retirement_announced", retires_on="2026-06-01")
    triage_changes(now=FRESH)

    assert Impact.objects.get().dependency == use
    assert Action.objects.get().dependency == use


def test_a_persons_word_does_not_make_stale_facts_fresh(service: Offering) -> None:
    Offering.objects.update(facts_as_of=NOW - timedelta(days=9))

    report(service, "gated")

    service.refresh_from_db()
    assert service.facts_as_of == NOW - timedelta(days=9)


def test_people_are_never_polled() -> None:
    people = Source.objects.get(slug="people")
    Source.objects.update(next_due_at=NOW - timedelta(days=1), last_success_at=NOW)

    assert people not in due_sources(now=NOW)
    assert people in Source.objects.filter(method="reported", is_enabled=False)
    map_all_new(now=NOW)


def test_nobody_can_have_people_polled() -> None:
    client = APIClient()
    client.force_authenticate(make.user(role="admin"))

    response = client.patch("/api/v1/sources/people/", {"is_enabled": True}, format="json")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "is_enabled"
    with pytest.raises(IntegrityError), transaction.atomic():
        Source.objects.filter(slug="people").update(is_enabled=True)


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "facts", "field"),
    [
        ("retirement_announced", {}, "retires_on"),
        ("retirement_announced", {"retires_on": "soon"}, "retires_on"),
        ("retirement_withdrawn", {"retires_on": "2026-06-01"}, "retires_on"),
        ("gated", {"gating": "open"}, "gating"),
        ("gated", {"license": "MIT"}, "license"),
        ("license_changed", {"license": "Nobody-Knows-It"}, "license"),
        ("price_changed", {}, "input_price"),
        ("price_changed", {"input_price": "-1"}, "input_price"),
        ("renamed", {"renamed_to": " "}, "renamed_to"),
        ("listed", {}, "kind"),
        ("nonsense", {}, "kind"),
        ("removed", {"summary": ""}, "summary"),
        ("removed", {"summary": "x" * 301}, "summary"),
        ("removed", {"source_url": "a mail"}, "source_url"),
    ],
)
def test_what_is_lacking_is_named(kind: str, facts: dict[str, Any], field: str, service: Offering) -> None:
    assert errors(service, kind, **facts) == {field}
    assert not Change.objects.exists()
    assert not Listing.objects.exists()


@pytest.mark.parametrize("kind", REPORTABLE)
def test_every_kind_that_can_be_reported_is_one_of_the_promised_ones(kind: str) -> None:
    assert kind in ChangeKind.values
