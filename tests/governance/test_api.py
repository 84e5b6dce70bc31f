"""What every resource of the API promises."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from config.api import router
from governance.token_text import is_token
from registry.models import Team, Vendor
from tests import factories as f
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db

AsRole = Callable[[str], APIClient]
# A question, which has no rows to list, is none.
RESOURCES = [prefix for prefix, view, _ in router.registry if hasattr(view, "list")]


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_list_answers_a_viewer_with_a_page(resource: str, as_role: AsRole) -> None:
    response = as_role("viewer").get(f"/api/v1/{resource}/?count=true")

    assert response.status_code == 200
    assert {"count", "next", "previous", "results"} == set(response.json())


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_list_tells_nothing_to_a_stranger(resource: str) -> None:
    response = APIClient().get(f"/api/v1/{resource}/")

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"


def test_an_address_that_leads_nowhere_is_a_problem_in_the_api_and_a_page_elsewhere() -> None:
    there, elsewhere = APIClient().get("/api/v1/nothing/"), Client().get("/nothing/")

    assert (there.status_code, elsewhere.status_code) == (404, 404)
    assert there.headers["Content-Type"] == "application/problem+json"
    assert there.json()["code"] == "not_found"
    assert elsewhere.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_person_without_a_role_sees_nothing(resource: str) -> None:
    assert client_of(f.user()).get(f"/api/v1/{resource}/").status_code == 403


def test_a_missing_row_is_a_problem_with_a_stable_code(as_role: AsRole) -> None:
    response = as_role("viewer").get("/api/v1/vendors/nobody/")

    assert response.status_code == 404
    assert response.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "No Vendor matches the given query.",
    }


def test_a_bad_field_is_named(as_role: AsRole) -> None:
    response = as_role("admin").post("/api/v1/vendors/", {"slug": "no spaces", "name": "X"}, format="json")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "slug"


def test_a_viewer_writes_nothing(as_role: AsRole) -> None:
    response = as_role("viewer").post("/api/v1/vendors/", {"slug": "lab", "name": "Lab"}, format="json")

    assert response.status_code == 403
    assert not Vendor.objects.filter(slug="lab").exists()


def test_an_owner_changes_the_own_system_and_no_other() -> None:
    owner = f.user(role="owner")
    own, other = f.system(team=f.team(owner=owner)), f.system()
    client = client_of(owner)

    assert client.patch(f"/api/v1/systems/{own.slug}/", {"name": "Mine"}, format="json").status_code == 200
    assert client.patch(f"/api/v1/systems/{other.slug}/", {"name": "Mine"}, format="json").status_code == 403


def test_a_system_cannot_be_handed_to_a_foreign_team_or_created_for_it() -> None:
    owner = f.user(role="owner")
    own, foreign = f.system(team=f.team(owner=owner)), f.team("foreign")
    client = client_of(owner)
    new = {"slug": "new", "name": "New", "team": "foreign", "criticality": "normal", "distribution": "internal"}

    assert client.patch(f"/api/v1/systems/{own.slug}/", {"team": "foreign"}, format="json").status_code == 403
    assert client.post("/api/v1/systems/", new, format="json").status_code == 403
    assert not Team.objects.get(pk=foreign.pk).systems.exists()


def test_a_cycle_of_vendors_is_refused_with_the_field(as_role: AsRole) -> None:
    lab = f.vendor("lab")
    f.vendor("brand", parent=lab)

    response = as_role("admin").patch("/api/v1/vendors/lab/", {"parent": "brand"}, format="json")

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "parent"


def test_a_body_of_ten_megabytes_is_refused_before_it_is_parsed(as_role: AsRole) -> None:
    body = b'{"name": "' + b"x" * 10_000_000 + b'"}'
    response = as_role("admin").post("/api/v1/vendors/", body, content_type="application/json")

    assert response.status_code == 413
    assert response.json()["code"] == "too_large"


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"name": "\\ud800"}', b"{", b"\xff", b'{"a": NaN}', b'"text"', b"[1]", b"null"]
)
def test_hostile_json_is_a_bad_request(body: bytes, as_role: AsRole) -> None:
    response = as_role("admin").post("/api/v1/vendors/", body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["status"] == 400


@pytest.mark.parametrize("query", ["cursor=nonsense", "parent=%00", "page_size=-1"])
def test_hostile_queries_are_no_server_errors(query: str, as_role: AsRole) -> None:
    assert as_role("viewer").get(f"/api/v1/vendors/?{query}").status_code in {200, 400, 404}


def test_no_nul_reaches_the_database_through_an_address_or_the_name_of_a_row(as_role: AsRole) -> None:
    client, vendor = as_role("admin"), f.vendor("lab")

    with CaptureQueriesContext(connection) as queries:
        absent = client.get("/api/v1/vendors/a%00/")
        renamed = client.patch(f"/api/v1/vendors/{vendor.slug}/", {"parent": "a\x00"}, format="json")
        merged = client.post(f"/api/v1/vendors/{vendor.slug}/merge/", {"into": "a\x00", "reason": "x"}, format="json")

    assert (absent.status_code, absent.json()["code"]) == (404, "not_found")
    assert [one.json()["errors"][0]["field"] for one in (renamed, merged)] == ["parent", "into"]
    assert not [one["sql"] for one in queries if "\x00" in one["sql"]]


@pytest.mark.parametrize("address", ["/concentration/?team=a%00", "/admin/registry/vendor/?q=a%00", "/rules/a%00/"])
def test_nor_through_a_page(address: str) -> None:
    client = Client()
    client.force_login(f.user(role="admin"))

    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 400

    assert len(queries) == 0


def test_a_password_is_exchanged_for_a_token_that_works() -> None:
    f.user("ada", role="viewer")
    client = Client(headers={"Authorization": "Basic YWRhOmNvcnJlY3QgaG9yc2U="})

    token = client.post("/api/v1/tokens/", {}, content_type="application/json").json()["token"]
    answer = Client(headers={"Authorization": f"Token {token}"}).get("/api/v1/vendors/")

    assert is_token(token)
    assert answer.status_code == 200


@pytest.mark.parametrize("resource", ["models", "offerings", "dependencies", "systems", "changes", "teams", "vendors"])
def test_more_rows_cost_no_more_queries(resource: str, as_role: AsRole) -> None:
    client = as_role("viewer")
    f.dependency()
    few = _queries(client, resource)
    for _ in range(5):
        f.dependency()

    assert _queries(client, resource) == few


def _queries(client: APIClient, resource: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/api/v1/{resource}/")
    return len(captured)


def test_the_audit_chain_has_a_line_for_a_write(as_role: AsRole) -> None:
    as_role("admin").post("/api/v1/vendors/", {"slug": "lab", "name": "Lab"}, format="json")
    entry: dict[str, Any] = as_role("admin").get("/api/v1/audit/").json()["results"][0]

    assert (entry["tag"], entry["after"]["slug"]) == ("api:vendor:created", "lab")
