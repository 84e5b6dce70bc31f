"""Drills: what is recorded, by whom, and how long it counts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from governance.drills import answered_by_another, record_drill
from governance.models import AuditEntry, Policy
from governance.refused import Refused
from registry.models import Alias, Alternative, Dependency, Drill, PlanRevision, User
from tests import factories as make
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make.user("olga", role="owner")


@pytest.fixture
def alternative(owner: User) -> Alternative:
    dependency = make.dependency(system=make.system(team=make.team(owner=owner)))
    return make.plan(dependency, make.offering("BAAI/bge-m3")).alternatives.get()


def drill(alternative: Alternative, owner: User, **fields: Any) -> Drill:
    given: dict[str, Any] = {
        "drilled_on": TODAY,
        "outcome": "passed",
        "suite": "last month's hardest requests",
        "now": NOW,
    }
    return record_drill(alternative, recorded_by=owner, **(given | fields))


def refused(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code, caught.value.extra.get("field", "")


def test_a_drill_counts_for_as_long_as_the_policy_says(alternative: Alternative, owner: User) -> None:
    assert drill(alternative, owner).expires_on == TODAY + timedelta(days=180)
    Policy.objects.create(version=1, document={"drill_days": 30}, reason="r", author=owner, in_force_from=NOW)
    assert drill(alternative, owner).expires_on == TODAY + timedelta(days=30)


def test_what_was_measured_is_kept_and_stands_in_the_audit_chain(alternative: Alternative, owner: User) -> None:
    made = drill(
        alternative, owner, primary_score=0.83, alternative_score=0.81, switch_time=timedelta(hours=3), cost_usd="1.20"
    )
    made.refresh_from_db()
    assert (made.primary_score, made.switch_time, made.recorded_by) == (0.83, timedelta(hours=3), owner)
    said = AuditEntry.objects.get(tag="governance:drill:recorded").after
    assert (said["alternative_score"], said["switch_time"]) == ("0.81", "P0DT03H00M00S")


def test_where_there_is_an_index_a_pass_says_how_long_re_indexing_took(alternative: Alternative, owner: User) -> None:
    Dependency.objects.update(has_index=True)
    assert refused(lambda: drill(alternative, owner)) == ("invalid", "reindex_time")
    assert drill(alternative, owner, outcome="failed").pk
    assert drill(alternative, owner, reindex_time=timedelta(hours=9)).pk


@pytest.mark.parametrize(
    ("answered", "by_another"),
    [("BAAI/bge-m3", False), ("baai/BGE-m3", False), ("bge", False), ("", False), ("gpt", True)],
)
def test_a_drill_that_another_model_answered_is_kept_and_marked(
    alternative: Alternative,
    owner: User,
    answered: str,
    by_another: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert alternative.offering
    Alias.objects.create(namespace="name", text="bge", offering=alternative.offering)
    made = drill(alternative, owner, answered_by=answered)
    assert answered_by_another(made) is by_another
    assert AuditEntry.objects.get(tag="governance:drill:recorded").after["answered_by_another"] is by_another


def test_only_the_owning_team_records(alternative: Alternative) -> None:
    for person in (make.user(role="owner"), make.user(role="reviewer"), make.user(role="viewer")):
        assert refused(lambda p=person: drill(alternative, p))[0] == "not_allowed"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a day to come": ({"drilled_on": TODAY + timedelta(days=1)}, "drilled_on"),
    "an unknown outcome": ({"outcome": "maybe"}, "outcome"),
    "no suite": ({"suite": " "}, "suite"),
    "a suite that is too long": ({"suite": "x" * 201}, "suite"),
    "a time below zero": ({"switch_time": timedelta(seconds=-1)}, "switch_time"),
    "an address that is none": ({"run_url": "javascript:alert(1)"}, "run_url"),
    "a NUL": ({"answered_by": "a\x00"}, "answered_by"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_the_field_that_is_wrong(alternative: Alternative, owner: User, case: str) -> None:
    fields, wrong = BAD[case]
    assert refused(lambda: drill(alternative, owner, **fields)) == ("invalid", wrong)
    assert not Drill.objects.exists()


def test_a_draft_is_not_drilled(alternative: Alternative, owner: User) -> None:
    made = PlanRevision.objects.create(plan=alternative.plan_revision.plan, number=2, created_by=owner)
    manual = Alternative.objects.create(plan_revision=made, order=1, kind="manual", impact_statement="Slower.")
    assert refused(lambda: drill(manual, owner)) == ("invalid", "alternative")
