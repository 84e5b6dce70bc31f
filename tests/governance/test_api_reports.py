"""Reports and corrections through the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from registry.models import Change, Correction, Offering
from tests import factories as make
from tests.governance.conftest import client_of
from tests.registry.test_corrections import says

pytestmark = pytest.mark.django_db

AsRole = Callable[[str], APIClient]
PAGE = "https://vendor.example/mail"


@pytest.fixture
def service() -> Offering:
    return make.offering("claude-x", host="anthropic", kind="service", revision="")


def a_report(offering: Offering, /, **fields: Any) -> dict[str, Any]:
    given = {"offering": offering.pk, "kind": "retirement_announced", "retires_on": "2036-06-01"}
    return given | {"summary": "Their mail says so.", "source_url": PAGE} | fields


def a_correction(offering: Offering, /, **fields: Any) -> dict[str, Any]:
    day = timezone.now().date() + timedelta(days=30)
    given = {"offering": offering.pk, "fact": "retires_on", "value": "2036-09-01", "reason": "Two columns."}
    return given | {"evidence_url": PAGE, "ends_on": day.isoformat()} | fields


def test_a_report_answers_with_the_changes_and_with_what_counts_instead(service: Offering, as_role: AsRole) -> None:
    says(service, retires_on="2036-09-01", moment=timezone.now())

    response = as_role("reviewer").post("/api/v1/reports/", a_report(service), format="json")

    assert response.status_code == 201
    body = response.json()
    assert [(one["kind"], one["origin"], one["source"]) for one in body["changes"]] == [
        ("retirement_moved", "person", "people")
    ]
    assert body["otherwise"] == [{"fact": "retires_on", "source": "vendor_api", "value": "2036-09-01"}]


def test_the_list_holds_what_people_reported_and_nothing_else(service: Offering, as_role: AsRole) -> None:
    Change.objects.create(
        kind="gated", severity="warning", origin="source", offering=service, detected_at=timezone.now()
    )
    client = as_role("reviewer")
    client.post("/api/v1/reports/", a_report(service), format="json")

    assert [one["kind"] for one in client.get("/api/v1/reports/").json()["results"]] == ["retirement_announced"]


def test_who_uses_the_model_reports_and_another_owner_does_not(service: Offering) -> None:
    user, other = make.user(role="owner"), make.user(role="owner")
    make.team(owner=other)
    make.dependency(offering=service, system=make.system(team=make.team(owner=user)))

    assert client_of(user).post("/api/v1/reports/", a_report(service), format="json").status_code == 201
    assert client_of(other).post("/api/v1/reports/", a_report(service), format="json").status_code == 403


@pytest.mark.parametrize("role", ["viewer", "owner"])
def test_without_the_right_nothing_is_corrected_or_lifted(role: str, service: Offering, as_role: AsRole) -> None:
    made = as_role("admin").post("/api/v1/corrections/", a_correction(service), format="json").json()
    client = as_role(role)

    assert client.post("/api/v1/corrections/", a_correction(service, fact="gating"), format="json").status_code == 403
    assert client.post(f"/api/v1/corrections/{made['id']}/lift/").status_code == 403
    assert Correction.objects.get().lifted_at is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "listed"}, "kind"),
        ({"offering": 0}, "offering"),
        ({"summary": ""}, "summary"),
        ({"source_url": "javascript:alert(1)"}, "source_url"),
        ({"retires_on": "soon"}, "retires_on"),
        ({"kind": "gated"}, "retires_on"),
        ({"kind": "license_changed", "license": "Nobody-Knows-It", "retires_on": None}, "retires_on"),
        ({"input_price": "1"}, "input_price"),
    ],
)
def test_a_bad_report_is_a_problem_that_names_the_field(
    fields: dict[str, Any], field: str, service: Offering, as_role: AsRole
) -> None:
    response = as_role("reviewer").post("/api/v1/reports/", a_report(service, **fields), format="json")

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"fact": "sha"}, "fact"),
        ({"value": "soon"}, "value"),
        ({"value": {"a": [1]}}, "value"),
        ({"fact": "is_retired", "value": None}, "value"),
        ({"fact": "input_price", "value": [1]}, "value"),
        ({"fact": "license", "value": {"a": 1}}, "value"),
        ({"fact": "gating", "value": {"a": 1}}, "value"),
        ({"reason": ""}, "reason"),
        ({"evidence_url": "nowhere"}, "evidence_url"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
        ({"ends_on": "2999-01-01"}, "ends_on"),
    ],
)
def test_a_bad_correction_is_a_problem_that_names_the_field(
    fields: dict[str, Any], field: str, service: Offering, as_role: AsRole
) -> None:
    response = as_role("reviewer").post("/api/v1/corrections/", a_correction(service, **fields), format="json")

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Correction.objects.exists()


def test_a_correction_is_made_read_and_lifted(service: Offering) -> None:
    reviewer = make.user("rita", role="reviewer")
    client = client_of(reviewer)

    made = client.post("/api/v1/corrections/", a_correction(service, value=None), format="json")
    assert (made.status_code, made.json()["value"], made.json()["made_by"]) == (201, None, "rita")

    path = f"/api/v1/corrections/{made.json()['id']}/"
    assert client.get(path).json() == made.json()
    assert len(client.get(f"/api/v1/corrections/?offering={service.pk}&fact=retires_on").json()["results"]) == 1

    assert client.post(f"{path}lift/").json()["lifted_by"] == "rita"
    again = client.post(f"{path}lift/")
    assert (again.status_code, again.json()["code"]) == (409, "closed")
