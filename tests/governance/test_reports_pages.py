"""Reporting a change and correcting a fact in the browser: who may, what is asked for, and what the person is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.models import AuditEntry
from registry.correctable import CORRECTABLE
from registry.models import Change, Correction, Member, Offering, Source, User
from registry.reportable import REPORTABLE
from tests import factories as make
from tests.governance.conftest import browser_of
from tests.registry.test_corrections import says

pytestmark = pytest.mark.django_db

PAGE = "https://vendor.example/mail"
REPORT = {"retires_on": "2036-06-01", "summary": "Their mail says so.", "source_url": PAGE}


@pytest.fixture
def service() -> Offering:
    return make.offering("claude-x", host="anthropic", kind="service", revision="", model=make.model("claude"))


@pytest.fixture
def reviewer() -> User:
    return make.user("rita", role="reviewer")


def address(name: str, *args: Any) -> str:
    return reverse(f"pages:{name}", args=args)


def told(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def correction_form(**fields: Any) -> dict[str, Any]:
    day = timezone.now().date() + timedelta(days=30)
    return {"value": "2036-09-01", "reason": "Two columns.", "evidence_url": PAGE, "ends_on": day.isoformat()} | fields


def person(who: str, offering: Offering) -> User:
    """Somebody of that name: a role, or an owner in relation to the model."""
    if who in ("viewer", "reviewer", "admin"):
        return make.user(role=who)
    owner = make.user(role="owner")
    team = make.team(owner=owner)
    if who == "owner of the model":
        offering.model.owner = team
    if who == "deputy of the model":
        offering.model.deputy = owner
    if who == "owner of a system that uses it":
        make.dependency(offering=offering, system=make.system(team=team))
    if who == "owner who has left":
        make.dependency(offering=offering, system=make.system(team=team))
        Member.objects.filter(user=owner).update(left_on=timezone.now().date())
    offering.model.save()
    return owner


# --- who may ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "reports", "corrects"),
    [
        ("viewer", 403, 403),
        ("owner of another team", 403, 403),
        ("owner who has left", 403, 403),
        ("owner of a system that uses it", 200, 403),
        ("owner of the model", 200, 403),
        ("deputy of the model", 200, 403),
        ("reviewer", 200, 200),
        ("admin", 200, 200),
    ],
)
def test_who_may_report_and_who_may_correct(who: str, reports: int, corrects: int, service: Offering) -> None:
    client = browser_of(person(who, service))

    assert client.get(address("report", service.pk)).status_code == reports
    assert client.get(address("report-kind", service.pk, "removed")).status_code == reports
    assert client.get(address("correct", service.pk)).status_code == corrects
    assert client.get(address("correct-fact", service.pk, "retires_on")).status_code == corrects


@pytest.mark.parametrize("who", ["viewer", "owner of another team", "owner of the model"])
def test_a_correction_is_neither_made_nor_lifted_without_the_right(who: str, service: Offering) -> None:
    standing = Correction.objects.create(
        offering=service,
        fact="gating",
        value="open",
        reason="x",
        evidence_url=PAGE,
        made_by=make.user(),
        made_at=timezone.now(),
        ends_on=timezone.now().date(),
    )
    client = browser_of(person(who, service))

    assert client.post(address("correct-fact", service.pk, "retires_on"), correction_form()).status_code == 403
    assert client.post(address("lift-correction", standing.pk)).status_code == 403
    assert list(Correction.objects.in_force(timezone.now().date())) == [standing]


@pytest.mark.parametrize("name", ["report", "correct", "lift-correction"])
def test_who_is_not_logged_in_is_led_to_the_log_in_page(name: str, service: Offering) -> None:
    response = Client().get(address(name, service.pk))
    assert response.headers["Location"].startswith(reverse("admin:login"))


# --- reporting --------------------------------------------------------------------------------


def test_a_report_is_entered_and_the_person_is_told_what_follows(service: Offering, reviewer: User) -> None:
    response = browser_of(reviewer).post(address("report-kind", service.pk, "retirement_announced"), REPORT)

    assert response.headers["Location"] == address("model", "claude")
    assert told(response) == ["Your report is entered. Within a minute everyone concerned is told."]
    change = Change.objects.get()
    assert (change.kind, change.reported_by, change.origin) == ("retirement_announced", reviewer, "person")


def test_who_reports_against_the_vendors_own_list_is_told_so(service: Offering, reviewer: User) -> None:
    says(service, retires_on="2036-09-01", moment=timezone.now())
    Source.objects.filter(slug="vendor_api").update(name="Anthropic's own list")

    response = browser_of(reviewer).post(address("report-kind", service.pk, "retirement_moved"), REPORT)

    assert told(response)[1] == (
        "Anthropic's own list says otherwise and counts (retires on: 2036-09-01); your report is shown beside it."
    )


def test_who_reports_what_is_known_is_told_so(service: Offering, reviewer: User) -> None:
    says(service, retires_on="2036-06-01", moment=timezone.now())

    response = browser_of(reviewer).post(address("report-kind", service.pk, "retirement_announced"), REPORT)

    assert told(response) == ["That is known already: your report is kept, and nobody is told again."]
    assert not Change.objects.exists()


def test_who_reports_a_removal_hears_who_still_lists_it(service: Offering, reviewer: User) -> None:
    says(service, mode="chat", moment=timezone.now())

    response = browser_of(reviewer).post(address("report-kind", service.pk, "removed"), REPORT)

    assert "vendor_api listed it on" in told(response)[1]


@pytest.mark.parametrize("lacking", ["retires_on", "summary", "source_url"])
def test_a_report_that_lacks_something_is_shown_again(lacking: str, service: Offering, reviewer: User) -> None:
    given = {name: value for name, value in REPORT.items() if name != lacking}

    response = browser_of(reviewer).post(address("report-kind", service.pk, "retirement_announced"), given)

    assert response.status_code == 400
    assert list(response.context["form"].errors) == [lacking]
    assert not Change.objects.exists()


def test_what_the_form_does_not_know_is_said_at_its_field(service: Offering, reviewer: User) -> None:
    given = REPORT | {"license": "Nobody-Knows-It"}
    response = browser_of(reviewer).post(address("report-kind", service.pk, "license_changed"), given)

    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["license"]


@pytest.mark.parametrize("kind", REPORTABLE)
def test_every_kind_has_its_page(kind: str, service: Offering, reviewer: User) -> None:
    client = browser_of(reviewer)
    assert address("report-kind", service.pk, kind) in client.get(address("report", service.pk)).content.decode()
    assert client.get(address("report-kind", service.pk, kind)).status_code == 200


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("report-kind", ("listed",)),
        ("correct-fact", ("sha",)),
    ],
)
def test_what_nobody_can_say_has_no_page(name: str, args: tuple[str], service: Offering, reviewer: User) -> None:
    assert browser_of(reviewer).get(address(name, service.pk, *args)).status_code == 404


# --- correcting -------------------------------------------------------------------------------


def test_a_correction_counts_and_is_shown_beside_what_sources_say(service: Offering, reviewer: User) -> None:
    says(service, retires_on="2036-06-01", moment=timezone.now())
    client = browser_of(reviewer)

    response = client.post(address("correct-fact", service.pk, "retires_on"), correction_form())
    text = client.get(address("model", "claude")).content.decode()

    service.refresh_from_db()
    assert response.headers["Location"] == address("model", "claude")
    assert str(service.retires_on) == "2036-09-01"
    assert "Day of retirement: 2036-09-01" in text
    assert "2036-06-01" in text
    assert "Corrected by rita on" in text


def test_without_a_correction_none_is_shown(service: Offering, reviewer: User) -> None:
    says(service, retires_on="2036-06-01", moment=timezone.now())
    assert "Corrected by" not in browser_of(reviewer).get(address("model", "claude")).content.decode()


def test_that_there_is_none_can_be_said_with_a_tick(service: Offering, reviewer: User) -> None:
    says(service, retires_on="2036-06-01", moment=timezone.now())

    given = correction_form(value="", none="on")
    browser_of(reviewer).post(address("correct-fact", service.pk, "retires_on"), given)

    service.refresh_from_db()
    assert service.retires_on is None
    assert Correction.objects.get().value is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": ""},
        {"value": "", "none": ""},
        {"value": "2036-09-01", "none": "on"},
        {"value": "soon"},
    ],
)
def test_a_value_or_none_is_needed_and_not_both(wrong: dict[str, str], service: Offering, reviewer: User) -> None:
    response = browser_of(reviewer).post(address("correct-fact", service.pk, "retires_on"), correction_form(**wrong))

    assert response.status_code == 400
    assert list(response.context["form"].errors) == ["value"]
    assert not Correction.objects.exists()


@pytest.mark.parametrize(
    ("fact", "value", "kept"),
    [
        ("is_retired", "no", False),
        ("is_disabled", "yes", True),
        ("gating", "manual", "manual"),
        ("license", "Apache-2.0", ["apache-2.0"]),
        ("input_price", "0.25", "0.25"),
        ("context_length", "8192", 8192),
        ("successor", "claude-y", "claude-y"),
    ],
)
def test_each_kind_of_fact_is_kept_as_records_spell_it(
    fact: str, value: str, kept: Any, service: Offering, reviewer: User
) -> None:
    browser_of(reviewer).post(address("correct-fact", service.pk, fact), correction_form(value=value))
    assert Correction.objects.get().value == kept


@pytest.mark.parametrize("fact", CORRECTABLE)
def test_every_fact_has_its_page_that_says_what_counts_now(fact: str, service: Offering, reviewer: User) -> None:
    client = browser_of(reviewer)
    assert address("correct-fact", service.pk, fact) in client.get(address("correct", service.pk)).content.decode()
    assert "what counts now" in client.get(address("correct-fact", service.pk, fact)).content.decode()


def test_what_is_corrected_already_offers_to_lift_it(service: Offering, reviewer: User) -> None:
    client = browser_of(reviewer)
    client.post(address("correct-fact", service.pk, "retires_on"), correction_form())
    made = Correction.objects.get()

    again = client.post(address("correct-fact", service.pk, "retires_on"), correction_form())

    assert again.status_code == 400
    assert "rita has corrected it already" in again.content.decode()
    assert address("lift-correction", made.pk) in client.get(address("correct", service.pk)).content.decode()


def test_looking_lifts_nothing_and_confirming_does(service: Offering, reviewer: User) -> None:
    says(service, retires_on="2036-06-01", moment=timezone.now())
    client = browser_of(reviewer)
    client.post(address("correct-fact", service.pk, "retires_on"), correction_form())
    made = Correction.objects.get()

    assert client.get(address("lift-correction", made.pk)).status_code == 200
    made.refresh_from_db()
    assert made.lifted_at is None

    client.post(address("lift-correction", made.pk))
    made.refresh_from_db()
    service.refresh_from_db()
    assert made.lifted_by == reviewer
    assert str(service.retires_on) == "2036-06-01"


def test_both_acts_stand_in_the_audit_chain(service: Offering, reviewer: User) -> None:
    client = browser_of(reviewer)
    client.post(address("correct-fact", service.pk, "retires_on"), correction_form())
    made = Correction.objects.get()
    client.post(address("lift-correction", made.pk))

    first, second = AuditEntry.objects.order_by("sequence")
    assert (first.tag, second.tag) == ("admin:correction:made", "admin:correction:lifted")
    assert {first.actor, second.actor} == {reviewer}
    assert first.subject == second.subject == f"registry.correction:{made.pk}"
    assert first.after["value"] == second.before["value"] == "2036-09-01"


def test_what_people_write_is_inert_on_the_model_page(service: Offering, reviewer: User) -> None:
    client = browser_of(reviewer)
    script = "<script>alert(1)</script>"
    client.post(address("correct-fact", service.pk, "retires_on"), correction_form(reason=script))

    assert script not in client.get(address("model", "claude")).content.decode()
