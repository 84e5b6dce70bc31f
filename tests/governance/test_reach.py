"""Nobody reads or writes across teams what the rules forbid (D4): every operation, each role and token, three objects.

Generated from docs/openapi.yaml: an operation without an entry in `reach_table` fails.
"""

import json
import re
from functools import cache
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model, QuerySet
from django.test import Client

from registry import scope
from registry.models import Member, User
from tests import factories as make
from tests.governance.openapi import paths
from tests.governance.reach_table import (
    ALL,
    BOUND,
    ELSEWHERE,
    OF_ALL,
    READ_BY,
    ROWLESS,
    SHARED,
    WRITES,
    Write,
    key_of,
    system_of,
    team_of,
)

pytestmark = pytest.mark.django_db

OPERATIONS = sorted(
    (method.upper(), re.sub(r"{[^}]*}", "{}", path).removeprefix("/api/v1/").rstrip("/"))
    for path, methods in paths().items()
    for method in methods
    if method in {"get", "post", "put", "patch", "delete"}
)
READS = [path for method, path in OPERATIONS if method == "GET" and path.split("/")[0] not in ELSEWHERE]
ABSENT = {"licenses": "LicenseRef-never"}
MAKERS = BOUND | SHARED | OF_ALL
# By whom a row may be read that is not one's own: the register is the whole organisation's.
DENIED = {401, 403}


def test_every_operation_has_an_entry_and_nothing_else_has() -> None:
    resources = {path.split("/")[0] for _, path in OPERATIONS}
    assert resources - ELSEWHERE == set(MAKERS) | ROWLESS
    writes = {f"{method} {path}" for method, path in OPERATIONS if method != "GET"}
    assert {one for one in writes if one.split()[1].split("/")[0] not in ELSEWHERE} == set(WRITES)


@cache
def client() -> Client:
    """One for all: each makes the middleware anew."""
    return Client(raise_request_exception=False)


def send(token: str, method: str, path: str, body: Any = None) -> Any:
    """The answer, and whatever it wrote taken back."""
    said = "" if body is None else json.dumps(body)
    headers = {"Authorization": f"Bearer {token}"}
    with transaction.atomic():
        answer = client().generic(
            method,
            f"/api/v1/{path}{'' if path.endswith('.svg') else '/'}",
            said,
            content_type="application/json",
            headers=headers,
        )
        transaction.set_rollback(True)
    return answer


def listed(token: str, path: str, query: str = "count=true") -> Any:
    return client().get(f"/api/v1/{path}/?{query}", headers={"Authorization": f"Bearer {token}"})


def row_for(resource: str, number: int = 1) -> Model:
    """A row of the resource; what is asked without one has a dependency's."""
    return MAKERS.get(resource, BOUND["dependencies"])(number)


def address(path: str, row: Any) -> str:
    return path.replace("{}", str(row))


def absent(resource: str) -> str:
    return ABSENT.get(resource, "00000000-0000-4000-8000-000000000000" if resource == "checks" else "999999999")


def people_of(row: Model) -> dict[str, tuple[User, str]]:
    """A person of each role and a token of theirs; the owner belongs to the team of `row`."""
    people = {role: make.user(role=role) for role in ALL}
    if type(row) in scope.WAYS:
        Member.objects.create(team=team_of(row), user=people["owner"])
    return {role: (person, make.token(person)) for role, person in people.items()}


# --- people --------------------------------------------------------------------------------------------------------------


@pytest.mark.services
@pytest.mark.parametrize("path", READS)
def test_a_role_reads_the_rows_of_all_teams_alike(path: str) -> None:
    resource = path.split("/", maxsplit=1)[0]
    row = row_for(resource)
    for role, (_, token) in people_of(row).items():
        expected = {200} if role in READ_BY.get(resource, ALL) else DENIED
        if path.endswith("/due"):
            expected |= DENIED  # what one has to confirm oneself
        assert send(token, "GET", address(path, key_of(row))).status_code in expected, role
    if "{}" in path:
        _, token = people_of(row)["reviewer"]
        assert send(token, "GET", address(path, absent(resource))).status_code == 404


@pytest.mark.services
@pytest.mark.parametrize("operation", WRITES)
def test_a_role_writes_its_own_rows_and_those_of_others_as_the_table_says(operation: str) -> None:
    method, path = operation.split()
    entry: Write = WRITES[operation]
    own, foreign = row_for(path.split("/")[0], 1), row_for(path.split("/")[0], 2)
    people = people_of(own)
    for row, allowed in ((own, entry.own), (foreign, entry.foreign)):
        for role, (_, token) in people.items():
            code = send(token, method, address(path, key_of(row)), entry.body(row)).status_code
            assert code < 500 and code not in {404, 405, 415}, (role, code)  # noqa: PT018
            assert (code not in DENIED) == (role in allowed), (role, row is own, code)
    if "{}" in path:
        for role, (_, token) in people.items():
            answer = send(token, method, address(path, absent(path.split("/")[0])), entry.body(own))
            assert answer.status_code in {404, *DENIED}, role


@pytest.mark.services
def test_nobody_without_a_role_gets_in() -> None:
    token, operations = make.token(make.user()), [one for one in OPERATIONS if one[1].split("/")[0] not in ELSEWHERE]
    codes = {(method, path): send(token, method, address(path, 1), {}).status_code for method, path in operations}
    assert {one for one, code in codes.items() if code not in DENIED} == set()
    codes = {(method, path): send("ustd_no", method, address(path, 1), {}).status_code for method, path in operations}
    assert {one for one, code in codes.items() if code != 401} == set()


# --- tokens that are bound to a system or a team ---------------------------------------------------------------------------

BINDINGS = ("system", "team")


def bound_token(row: Model, binding: str, *, kind: str = "write") -> str:
    """A token of a superuser, so that nothing but its scope can stop it."""
    person = make.user(role="admin", is_superuser=True)
    if binding == "system":
        return make.token(person, kind=kind, system=system_of(row))
    return make.token(person, kind=kind, team=team_of(row))


def bindings_of(row: Model) -> list[str]:
    """What a row can belong to: a notice is a team's alone."""
    return [one for one in BINDINGS if one == "team" or system_of(row) is not None]


@pytest.mark.services
@pytest.mark.parametrize("path", [path for path in READS if path.split("/")[0] in BOUND and "{}" in path])
def test_a_bound_token_reads_its_own_and_takes_others_for_absent(path: str) -> None:
    resource = path.split("/", maxsplit=1)[0]
    own, foreign = row_for(resource, 1), row_for(resource, 2)
    for binding in bindings_of(own):
        token = bound_token(own, binding, kind="read")
        assert send(token, "GET", address(path, key_of(own))).status_code == 200
        other, never = (send(token, "GET", address(path, key)) for key in (key_of(foreign), absent(resource)))
        assert (other.status_code, other.json()) == (404, never.json())


@pytest.mark.parametrize("path", [path for path in READS if path.split("/")[0] in BOUND and "{}" not in path])
def test_a_list_tells_a_bound_token_nothing_of_others(path: str) -> None:
    resource = path.split("/", maxsplit=1)[0]
    own, foreign = row_for(resource, 1), row_for(resource, 2)
    marks = {team_of(foreign).slug} | ({system_of(foreign).slug} if system_of(foreign) else set())
    for binding in bindings_of(own):
        token = bound_token(own, binding, kind="read")
        answer = listed(token, path)
        assert answer.status_code == 200
        assert not any(f'"{mark}"' in answer.content.decode() for mark in marks)
        if not path.endswith("/due"):
            assert [one.get("slug", one.get("id")) for one in answer.json()["results"]] == [_shown(key_of(own))]
            assert answer.json()["count"] == 1


def _shown(key: Any) -> Any:
    return str(key) if not isinstance(key, int) else key


FILTERS = {
    "approvals": ("dependency", "alternative"),
    "attestations": ("dependency",),
    "fallback-plans": ("dependency",),
    "impacts": ("dependency",),
    "actions": ("dependency",),
    "tickets": ("dependency",),
    "waivers": ("dependency",),
    "proposals": ("dependency",),
    "drills": ("alternative",),
}


@pytest.mark.parametrize("resource", FILTERS)
def test_a_filter_takes_rows_of_others_for_absent(resource: str) -> None:
    own, foreign = row_for(resource, 1), row_for(resource, 2)
    token = bound_token(own, "system", kind="read")
    for name in FILTERS[resource]:
        hidden = listed(token, resource, f"{name}={getattr(foreign, f'{name}_id')}")
        never = listed(token, resource, f"{name}=999999999")
        assert (hidden.status_code, hidden.content) == (never.status_code, never.content)


@pytest.mark.services
@pytest.mark.parametrize("path", [path for path in READS if path.split("/")[0] in SHARED])
def test_a_bound_token_reads_what_is_shared(path: str) -> None:
    row = row_for(path.split("/", maxsplit=1)[0])
    for binding in BINDINGS:
        token = bound_token(make.dependency(), binding, kind="read")
        assert send(token, "GET", address(path, key_of(row))).status_code == 200


@pytest.mark.services
@pytest.mark.parametrize("path", [path for path in READS if path.split("/")[0] in OF_ALL])
def test_a_bound_token_reads_nothing_that_tells_of_all(path: str) -> None:
    row = row_for(path.split("/", maxsplit=1)[0])
    for binding in BINDINGS:
        answer = send(bound_token(make.dependency(), binding), "GET", address(path, key_of(row)))
        assert (answer.status_code, answer.json()["code"]) == (403, "beyond_token")


@pytest.mark.services
@pytest.mark.parametrize("operation", [one for one in WRITES if one.split()[1].split("/")[0] in BOUND])
def test_a_bound_token_writes_nothing_of_others(operation: str) -> None:
    method, path = operation.split()
    resource = path.split("/")[0]
    own, foreign = row_for(resource, 1), row_for(resource, 2)
    for binding in bindings_of(own):
        token = bound_token(own, binding)
        body = WRITES[operation].body(foreign)
        other = send(token, method, address(path, key_of(foreign)), body)
        if "{}" in path:
            never = send(token, method, address(path, absent(resource)), body)
            # A body that is wrong for every row is refused before any is looked for.
            assert (other.status_code, other.content) == (never.status_code, never.content)
        assert other.status_code in {400, 403, 404}


@pytest.mark.services
@pytest.mark.parametrize("operation", [one for one in WRITES if one.split()[1].split("/")[0] not in BOUND])
def test_a_bound_token_writes_nothing_that_is_shared(operation: str) -> None:
    method, path = operation.split()
    row = row_for(path.split("/")[0])
    answer = send(
        bound_token(make.dependency(), "team"), method, address(path, key_of(row)), WRITES[operation].body(row)
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "beyond_token")


def all_of(rows: QuerySet[Any]) -> QuerySet[Any]:
    """What `scope.narrow` would be if nothing looked at what a token is bound to."""
    return rows


def test_without_the_bounds_the_rows_of_others_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    own, foreign = make.dependency(), make.dependency()
    token = bound_token(own, "system", kind="read")
    assert send(token, "GET", f"dependencies/{foreign.pk}").status_code == 404
    monkeypatch.setattr(scope, "narrow", all_of)
    assert send(token, "GET", f"dependencies/{foreign.pk}").status_code == 200
    assert listed(token, "dependencies").json()["count"] == 2
