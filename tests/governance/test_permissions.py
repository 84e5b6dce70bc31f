"""Who may do what: the whole table, by role, and for rows of one's own and of another team."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, prefetch_related_objects

from governance.models import Action, Gateway, GatewayReport, Proposal
from governance.permissions import (
    ROLES,
    TABLE,
    can_act,
    can_decide,
    can_propose,
    can_propose_for,
    roles_of,
)
from registry.models import AIModel, Alternative, Drill, FallbackPlan, Member, PlanRevision, System, User
from tests import factories as make

pytestmark = pytest.mark.django_db

ACTIONS = ("view", "add", "change", "delete")

# For each model: the roles that may add, change and delete some row of it, asked without naming one.
EXPECTED: dict[str, tuple[str, str, str]] = {
    "registry.user": ("admin", "admin", ""),
    "registry.team": ("admin", "admin", "admin"),
    "registry.member": ("admin", "admin", "admin"),
    "registry.vendor": ("reviewer admin", "reviewer admin", "admin"),
    "registry.vendoralias": ("reviewer admin", "reviewer admin", "reviewer admin"),
    "registry.hubnamespace": ("reviewer admin", "reviewer admin", "reviewer admin"),
    "registry.vendorancestor": ("", "", ""),
    "registry.license": ("reviewer admin", "reviewer admin", "admin"),
    "registry.licensename": ("reviewer admin", "reviewer admin", "reviewer admin"),
    "registry.aimodel": ("owner reviewer admin", "owner reviewer admin", "admin"),
    "registry.lineageedge": ("reviewer admin", "reviewer admin", "reviewer admin"),
    "registry.modelancestor": ("", "", ""),
    "registry.offering": ("reviewer admin", "reviewer admin", "admin"),
    "registry.revision": ("reviewer admin", "reviewer admin", "reviewer admin"),
    "registry.alias": ("reviewer admin", "reviewer admin", "reviewer admin"),
    "registry.environment": ("admin", "admin", "admin"),
    "registry.system": ("owner admin", "owner reviewer admin", "admin"),
    "registry.dependency": ("owner admin", "owner admin", ""),
    "registry.fallbackplan": ("owner", "owner", ""),
    "registry.planrevision": ("owner", "owner", "owner"),
    "registry.alternative": ("owner", "owner", "owner"),
    "registry.drill": ("owner", "", ""),
    "registry.source": ("admin", "admin", ""),
    "registry.pollrun": ("", "", ""),
    "registry.rejected": ("", "", ""),
    "registry.listing": ("", "reviewer admin", ""),
    "registry.observation": ("", "", ""),
    "registry.change": ("reviewer admin", "", ""),
    "registry.correction": ("reviewer admin", "reviewer admin", ""),
    "registry.hint": ("", "", ""),
    "registry.section": ("", "", ""),
    "registry.heldfact": ("", "", ""),
    "registry.incident": ("", "reviewer admin", ""),
    "registry.proposedsignal": ("", "reviewer admin", ""),
    "registry.bomcomponent": ("", "", ""),
    "registry.licensetext": ("", "", ""),
    "registry.requestbudget": ("", "", ""),
    "governance.policy": ("reviewer admin", "", ""),
    "governance.dryrun": ("reviewer admin", "", ""),
    "governance.dryrunpart": ("", "", ""),
    "governance.breakglass": ("owner reviewer", "owner reviewer", ""),
    "governance.proposal": ("owner reviewer", "", ""),
    "governance.decision": ("reviewer legal", "", ""),
    "governance.comment": ("viewer owner reviewer admin legal", "", ""),
    "governance.delegation": ("reviewer legal", "viewer owner reviewer admin legal", ""),
    "governance.reminder": ("", "", ""),
    "governance.adoption": ("", "", ""),
    "governance.approval": ("", "", ""),
    "governance.basis": ("", "", ""),
    "governance.waiver": ("", "", ""),
    "governance.block": ("reviewer", "reviewer", ""),
    "governance.check": ("viewer owner reviewer admin legal", "", ""),
    "governance.finding": ("", "", ""),
    "governance.gateway": ("owner reviewer admin", "owner reviewer admin", ""),
    "governance.gatewayreport": ("owner reviewer admin", "", ""),
    "governance.drift": ("", "", ""),
    "governance.grounds": ("", "", ""),
    "governance.idempotencykey": ("", "", ""),
    "governance.outlook": ("", "", ""),
    "governance.forewarning": ("", "", ""),
    "governance.whatifreport": ("viewer owner reviewer admin legal", "", ""),
    "governance.concentration": ("", "", ""),
    "governance.triage": ("", "", ""),
    "governance.triagefailure": ("", "", ""),
    "governance.evaluation": ("", "", ""),
    "governance.impact": ("", "", ""),
    "governance.action": ("", "owner", ""),
    "governance.attestation": ("owner", "", ""),
    "governance.channel": ("admin", "admin", "admin"),
    "governance.notice": ("", "admin", ""),
    "governance.noticeitem": ("", "", ""),
    "governance.delivery": ("", "", ""),
    "governance.ticket": ("", "", ""),
    "governance.auditentry": ("", "", ""),
    "governance.incidenttold": ("", "", ""),
    "governance.token": ("viewer owner reviewer admin legal", "viewer owner reviewer admin legal", ""),
    "governance.pipeline": ("owner admin", "owner reviewer admin", ""),
    "governance.spentidentity": ("", "", ""),
    "governance.pace": ("", "", ""),
}


def permission(action: str, label: str) -> str:
    return label.replace(".", f".{action}_")


def test_every_model_of_both_apps_stands_in_the_table() -> None:
    models = {model for app in ("registry", "governance") for model in apps.get_app_config(app).get_models()}
    assert models - set(TABLE) == set()
    assert {model._meta.label_lower for model in models} == set(EXPECTED)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_exactly_what_the_table_says(role: str) -> None:
    person = make.user(role=role)
    prefetch_related_objects([person], "groups", "memberships")
    expected = {
        permission(action, label): role in roles.split()
        for label, columns in EXPECTED.items()
        for action, roles in zip(ACTIONS, (" ".join(ROLES), *columns), strict=True)
    }
    assert {name: person.has_perm(name) for name in expected} == expected


def people_without_rights() -> dict[str, Callable[[], Any]]:
    return {
        "no role": make.user,
        "anonymous": AnonymousUser,
        "locked out": lambda: make.user(role="admin", is_active=False),
        "locked out superuser": lambda: make.user(is_superuser=True, is_active=False),
    }


@pytest.mark.parametrize("who", people_without_rights())
def test_who_has_no_role_or_is_locked_out_may_nothing(who: str) -> None:
    person = people_without_rights()[who]()
    allowed = [permission(a, label) for label in EXPECTED for a in ACTIONS if person.has_perm(permission(a, label))]
    assert allowed == []
    assert not can_decide(person)
    assert not can_propose(person)


@pytest.fixture
def owner() -> User:
    return make.user("olga", role="owner")


def rows_of(team_owner: User) -> dict[str, Model]:
    """One row of each model that owners change, belonging to the team of `team_owner`."""
    team = make.team(owner=team_owner)
    system = make.system(team=team)
    dependency = make.dependency(system=system)
    revision = make.plan(dependency, make.offering())
    draft = PlanRevision.objects.create(plan=revision.plan, number=2, created_by=team_owner)
    alternative = Alternative(plan_revision=draft, order=1, kind="offering", offering=make.offering())
    action = Action(dependency=dependency, team=team, due_on=make.TODAY)
    return {
        "registry.aimodel": make.model(owner=team),
        "registry.system": system,
        "registry.dependency": dependency,
        "registry.fallbackplan": revision.plan,
        "registry.planrevision": draft,
        "registry.alternative": alternative,
        "registry.drill": Drill(alternative=alternative),
        "governance.action": action,
        "governance.gateway": Gateway(team=team),
        "governance.gatewayreport": GatewayReport(gateway=Gateway(team=team)),
    }


@pytest.mark.parametrize("label", [name for name, columns in EXPECTED.items() if "owner" in columns[0] + columns[1]])
def test_an_owner_may_with_rows_of_an_own_team_what_a_stranger_may_not(label: str, owner: User) -> None:
    own, other = rows_of(owner), rows_of(make.user(role="owner"))
    for action, roles in zip(ACTIONS[1:], EXPECTED[label], strict=True):
        if label not in own:
            continue
        asked = permission(action, label)
        assert owner.has_perm(asked, own[label]) == ("owner" in roles.split()), asked
        assert not owner.has_perm(asked, other[label]), asked
    assert owner.has_perm(permission("view", label), other.get(label))


@pytest.mark.parametrize("role", ["viewer", "reviewer", "admin"])
def test_membership_in_a_team_gives_no_right_without_the_role_of_an_owner(role: str) -> None:
    member = make.user(role=role)
    rows = rows_of(member)
    for label in ("registry.fallbackplan", "registry.planrevision", "registry.drill", "governance.action"):
        asked = permission("add" if label.endswith("drill") else "change", label)
        assert not member.has_perm(asked, rows[label]), asked


def test_an_owner_who_left_the_team_may_no_more_change_its_rows(owner: User) -> None:
    rows = rows_of(owner)
    Member.objects.filter(user=owner).update(left_on=make.TODAY)
    assert [label for label, row in rows.items() if owner.has_perm(permission("change", label), row)] == []


def test_a_deputy_may_change_the_model_and_its_default_plan_but_not_the_system(owner: User) -> None:
    model = make.model(deputy=owner)
    plan = FallbackPlan.objects.create(model=model)
    draft = PlanRevision.objects.create(plan=plan, number=1, created_by=owner)
    assert owner.has_perm("registry.change_aimodel", model)
    assert owner.has_perm("registry.change_fallbackplan", plan)
    assert owner.has_perm("registry.change_planrevision", draft)
    assert not owner.has_perm("registry.change_system", make.system(team=model.owner))


def test_a_submitted_plan_revision_may_be_changed_by_nobody(owner: User) -> None:
    revision = make.plan(make.dependency(system=make.system(team=make.team(owner=owner))), make.offering())
    assert not owner.has_perm("registry.change_planrevision", revision)
    assert not owner.has_perm("registry.delete_planrevision", revision)
    assert not owner.has_perm("registry.change_alternative", revision.alternatives.get())


def test_a_right_taken_away_is_gone_at_once_also_for_a_person_already_loaded() -> None:
    person = make.user(role="reviewer")
    prefetch_related_objects([person], "groups")
    assert can_decide(person)
    person.groups.clear()
    assert not can_decide(person)
    assert roles_of(person) == frozenset()


def test_a_superuser_passes_the_permissions_of_forms_but_does_not_decide() -> None:
    person = make.user(is_superuser=True)
    assert person.has_perm("registry.delete_system")
    assert not can_decide(person)


def test_nobody_is_offered_the_decision_on_an_own_proposal() -> None:
    person, other = make.user(role="reviewer"), make.user(role="reviewer")
    mine = Proposal(proposer=person)
    assert person.has_perm("governance.decide_proposal")
    assert not person.has_perm("governance.decide_proposal", mine)
    assert other.has_perm("governance.decide_proposal", mine)
    assert person.has_perm("governance.withdraw_proposal", mine)
    assert not other.has_perm("governance.withdraw_proposal", mine)


def test_an_owner_proposes_for_own_dependencies_and_a_reviewer_for_all(owner: User) -> None:
    own = make.dependency(system=make.system(team=make.team(owner=owner)))
    other = make.dependency()
    assert can_propose_for(owner, own)
    assert not can_propose_for(owner, other)
    assert can_propose_for(make.user(role="reviewer"), other)
    assert not can_propose_for(make.user(role="viewer"), other)
    assert not can_propose_for(make.user(role="admin"), other)


def test_only_the_owning_team_acts_on_an_action(owner: User) -> None:
    action = rows_of(owner)["governance.action"]
    assert isinstance(action, Action)
    assert can_act(owner, action)
    assert not can_act(make.user(role="owner"), action)


def test_owners_cannot_state_a_lineage_alone(owner: User) -> None:
    model = make.model(owner=make.team(owner=owner))
    assert not owner.has_perm("registry.assert_lineage", model)
    assert make.user(role="reviewer").has_perm("registry.assert_lineage", model)


def test_the_rights_of_one_request_cost_one_query_when_the_person_is_prefetched(
    django_assert_num_queries: Any, owner: User
) -> None:
    rows = [AIModel(owner=make.team(owner=owner)) for _ in range(3)]
    with django_assert_num_queries(2):
        prefetch_related_objects([owner], "groups", "memberships")
        assert all(owner.has_perm("registry.change_aimodel", row) for row in rows)
        assert owner.has_perm("registry.change_system", System(team=rows[0].owner))
