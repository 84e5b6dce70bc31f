"""Fallback plans: drafts, submission, numbers, and the copy of a default plan."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from governance.models import AuditEntry
from governance.plans import copy_default_plan, draft_revision, submit_revision
from governance.refused import Refused
from registry.models import AIModel, Alternative, Dependency, FallbackPlan, Member, PlanRevision, User
from tests import factories as make
from tests.factories import NOW, TODAY

pytestmark = pytest.mark.django_db

MANUAL = {"kind": "manual", "impact_statement": "Slower."}


@pytest.fixture
def owner() -> User:
    return make.user("olga", role="owner")


@pytest.fixture
def dependency(owner: User) -> Dependency:
    return make.dependency(system=make.system(team=make.team("search", owner=owner)))


def draft(subject: Dependency | AIModel, author: User, **fields: Any) -> PlanRevision:
    given: dict[str, Any] = {
        "alternatives": [MANUAL],
        "trigger": "It is retired.",
        "switch_procedure": "Change the route.",
        "switched_by": "The team on call",
        "now": NOW,
    }
    return draft_revision(subject, author=author, **(given | fields))


def refused(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code, caught.value.extra.get("field", "")


def test_a_draft_keeps_its_alternatives_in_order_and_does_not_count_yet(dependency: Dependency, owner: User) -> None:
    offering = make.offering()
    revision = draft(dependency, owner, alternatives=[{"kind": "offering", "offering": offering}, MANUAL])
    assert list(revision.alternatives.values_list("order", "kind")) == [(1, "offering"), (2, "manual")]
    assert (revision.number, revision.created_by, revision.is_submitted) == (1, owner, False)
    assert revision.plan.current_revision is None


def test_a_submitted_revision_counts_and_cannot_change(dependency: Dependency, owner: User) -> None:
    revision = submit_revision(draft(dependency, owner), actor=owner, now=NOW)
    assert revision.submitted_at == NOW
    assert dependency.fallback_plan.current_revision == revision
    assert refused(lambda: submit_revision(revision, actor=owner, now=NOW))[0] == "closed"
    with pytest.raises(IntegrityError), transaction.atomic():
        Alternative.objects.filter(plan_revision=revision).update(description="other")


def test_each_draft_takes_the_next_number(dependency: Dependency, owner: User) -> None:
    assert [draft(dependency, owner).number for _ in range(3)] == [1, 2, 3]
    assert FallbackPlan.objects.count() == 1


def test_a_draft_before_the_current_revision_is_not_submitted(dependency: Dependency, owner: User) -> None:
    older, newer = draft(dependency, owner), draft(dependency, owner)
    submit_revision(newer, actor=owner, now=NOW)
    assert refused(lambda: submit_revision(older, actor=owner, now=NOW))[0] == "closed"


def test_only_the_owning_team_writes_and_submits(dependency: Dependency, owner: User) -> None:
    revision = draft(dependency, owner)
    stranger = make.user(role="owner")
    make.team(owner=stranger)
    for person in (stranger, make.user(role="reviewer"), make.user(role="viewer")):
        assert refused(lambda p=person: draft(dependency, p))[0] == "not_allowed"
        assert refused(lambda p=person: submit_revision(revision, actor=p, now=NOW))[0] == "not_allowed"


def test_an_owner_who_left_the_team_submits_nothing(dependency: Dependency, owner: User) -> None:
    revision = draft(dependency, owner)
    Member.objects.filter(user=owner).update(left_on=TODAY)
    assert refused(lambda: submit_revision(revision, actor=owner, now=NOW))[0] == "not_allowed"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no trigger": ({"trigger": " "}, "trigger"),
    "no procedure": ({"switch_procedure": ""}, "switch_procedure"),
    "nobody who switches": ({"switched_by": ""}, "switched_by"),
    "a name that is too long": ({"switched_by": "x" * 121}, "switched_by"),
    "a NUL": ({"trigger": "a\x00b"}, "trigger"),
    "a NUL in the rollback": ({"rollback": "a\x00b"}, "rollback"),
    "a NUL in an alternative": ({"alternatives": [MANUAL | {"description": "\x00"}]}, "alternatives[1].description"),
    "an offering that is none": ({"alternatives": [{"kind": "offering"}]}, "alternatives[1].offering"),
    "no impact statement": ({"alternatives": [MANUAL, {"kind": "manual"}]}, "alternatives[2].impact_statement"),
    "an unknown kind": ({"alternatives": [{"kind": "magic"}]}, "alternatives[1].kind"),
    "no kind": ({"alternatives": [{}]}, "alternatives[1].kind"),
    "drills less often than policy": ({"drill_every_days": 181}, "drill_every_days"),
    "no day between drills": ({"drill_every_days": 0}, "drill_every_days"),
    "a share below nothing": ({"least_score_share": -0.1}, "least_score_share"),
    "a share that is no number": ({"least_score_share": float("nan")}, "least_score_share"),
    "a time below nothing": ({"most_switch_time": timedelta(seconds=-1)}, "most_switch_time"),
    "an unknown field": ({"alternatives": [MANUAL | {"id": 7}]}, "alternatives[1].id"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_the_field_that_is_wrong(dependency: Dependency, owner: User, case: str) -> None:
    fields, wrong = BAD[case]
    assert refused(lambda: draft(dependency, owner, **fields)) == ("invalid", wrong)
    assert not PlanRevision.objects.exists()


def test_the_model_in_use_is_no_alternative_to_itself(dependency: Dependency, owner: User) -> None:
    itself = [{"kind": "offering", "offering": dependency.offering}]
    assert refused(lambda: draft(dependency, owner, alternatives=itself)) == ("invalid", "alternatives[1].offering")


def test_a_plan_without_an_alternative_is_not_submitted(dependency: Dependency, owner: User) -> None:
    revision = draft(dependency, owner, alternatives=[])
    assert refused(lambda: submit_revision(revision, actor=owner, now=NOW)) == ("invalid", "alternatives")


def test_where_there_is_an_index_the_plan_says_how_it_is_rebuilt(dependency: Dependency, owner: User) -> None:
    Dependency.objects.filter(pk=dependency.pk).update(has_index=True)
    silent = draft(dependency, owner)
    assert refused(lambda: submit_revision(silent, actor=owner, now=NOW)) == ("invalid", "reindex_plan")
    told = draft(dependency, owner, reindex_plan="Overnight, from the raw documents.")
    assert submit_revision(told, actor=owner, now=NOW).is_submitted


def test_a_default_plan_is_copied_without_the_model_in_use(dependency: Dependency, owner: User) -> None:
    model = dependency.offering.model
    model.owner = dependency.system.team
    model.save()
    other = make.offering()
    ways = [{"kind": "offering", "offering": dependency.offering}, {"kind": "offering", "offering": other}, MANUAL]
    default = submit_revision(draft(model, owner, alternatives=ways), actor=owner, now=NOW)
    copy = copy_default_plan(dependency, author=owner, now=NOW)
    assert copy.plan.dependency == dependency
    assert copy.trigger == default.trigger
    assert list(copy.alternatives.values_list("order", "kind", "offering")) == [
        (1, "offering", other.pk),
        (2, "manual", None),
    ]
    assert not copy.is_submitted


def test_without_a_default_plan_there_is_nothing_to_copy(dependency: Dependency, owner: User) -> None:
    assert refused(lambda: copy_default_plan(dependency, author=owner, now=NOW)) == ("invalid", "dependency")


def test_every_step_leaves_a_line_with_the_plan_as_it_was(dependency: Dependency, owner: User) -> None:
    submit_revision(draft(dependency, owner), actor=owner, now=NOW)
    tags = list(AuditEntry.objects.order_by("sequence").values_list("tag", "actor__username"))
    assert tags == [("governance:plan_revision:drafted", "olga"), ("governance:plan_revision:submitted", "olga")]
    said = AuditEntry.objects.get(tag="governance:plan_revision:submitted").after
    assert said["alternatives"][0]["impact_statement"] == "Slower."
