"""Which door an act came through, and under which request, stands in the line that it leaves."""

import runpy
import sys

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from config.celery import app
from governance import audit
from governance.doors import Door, passage, through
from governance.models import AuditEntry
from registry.models import User
from tests import factories as make
from tests.architecture.files import ROOT
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer() -> User:
    return make.user(role="reviewer")


def last() -> AuditEntry:
    return AuditEntry.objects.latest("sequence")


def test_without_a_door_the_line_says_what_the_caller_says(reviewer: User) -> None:
    audit.record("shell:user:changed", reviewer, actor=None)
    assert (last().tag, last().request_id) == ("shell:user:changed", "")


def test_an_act_that_knows_no_door_is_recorded_under_the_one_it_came_through(reviewer: User) -> None:
    with through(Door.TASK, "t-1"):
        audit.record("governance:user:changed", reviewer, actor=None)
    assert (last().tag, last().request_id) == ("task:user:changed", "t-1")
    assert passage().door is None


def test_the_outermost_door_counts() -> None:
    with through(Door.COMMAND, "c-1"), through(Door.TASK, "t-1"):
        assert (passage().door, passage().request_id) == (Door.COMMAND, "c-1")


def test_the_api_names_each_request_in_the_answer_and_in_the_line(reviewer: User) -> None:
    body = {"model": make.model().slug, "reason": "Leaks."}
    answer = client_of(reviewer).post("/api/v1/blocks/", body, format="json")
    assert answer.status_code == 201
    assert last().tag == "api:block:set"
    assert last().request_id == answer.headers["X-Request-ID"] != ""


def test_a_page_is_the_door_of_the_admin(reviewer: User, client: Client) -> None:
    client.force_login(reviewer)
    answer = client.post("/blocks/new/", {"model": make.model().slug, "reason": "Leaks."})
    assert answer.status_code == 302
    assert (last().tag, last().request_id) == ("admin:block:set", answer.headers["X-Request-ID"])


def test_a_request_id_that_a_proxy_brings_is_kept(reviewer: User) -> None:
    client_of(reviewer).post(
        "/api/v1/blocks/",
        {"model": make.model().slug, "reason": "x"},
        format="json",
        headers={"X-Request-ID": "edge-7"},
    )
    assert last().request_id == "edge-7"


@pytest.mark.parametrize("given", ["", "a b", "<script>", "x" * 65, "-", "é"])
def test_what_is_no_request_id_is_replaced(given: str) -> None:
    answer = APIClient().get("/api/v1/models/", headers={"X-Request-ID": given.encode().decode("latin-1")})
    assert len(answer.headers["X-Request-ID"]) == 32


def test_a_task_is_a_door(reviewer: User) -> None:
    @app.task(name="tests.record", shared=False)  # type: ignore[untyped-decorator]
    def act() -> None:
        audit.record("governance:user:changed", reviewer, actor=None)

    act.apply(task_id="run-1")
    assert (last().tag, last().request_id) == ("task:user:changed", "run-1")


def test_a_command_is_a_door(reviewer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    Group.objects.get_or_create(name="viewer")
    monkeypatch.setattr(sys, "argv", ["manage.py", "create_token", reviewer.username])
    # Django's own closes the connection afterwards, which is the test's.
    monkeypatch.setattr("django.core.management.execute_from_command_line", lambda argv: call_command(*argv[1:]))
    runpy.run_path(str(ROOT / "manage.py"), run_name="__main__")
    assert last().tag == "command:token:made"
    assert len(last().request_id) == 32
