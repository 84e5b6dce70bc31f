"""Proposals: who asks, who decides, and what a decision leaves."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from governance.audit import verify
from governance.models import Adoption, Approval, AuditEntry, Decision, Policy, Proposal, Waiver
from governance.proposals import (
    Refused,
    digest,
    expire,
    state_of,
    withdraw,
)
from registry.models import AIModel, Alternative, Dependency, PlanRevision, User
from tests import factories as make
from tests.factories import NOW, TODAY
from tests.governance.proposing import LATER, World, code_of, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


# --- what approvals leave ----------------------------------------------------------------------------------------


def test_an_approved_adoption_is_in_force_for_a_year_with_the_facts_it_rests_on(world: World) -> None:
    proposal = world.decide(world.adoption())
    adoption = Adoption.objects.get(proposal=proposal)
    assert proposal.state == Proposal.State.APPROVED
    assert (adoption.offering, adoption.purpose, adoption.distribution) == (world.offering, "embedding", "saas")
    assert adoption.expires_on == TODAY + timedelta(days=365)
    basis = dict(adoption.basis.values_list("fact", "value"))
    assert basis["license"] == "Apache-2.0"
    assert basis["gating"] == "open"
    assert basis["root_vendors"] == [world.offering.model.developer.slug]
    assert "revision" not in basis


def test_an_adoption_of_one_revision_rests_on_that_revision(world: World) -> None:
    proposal = world.decide(world.adoption(revision=world.offering.head_revision))
    assert proposal.adoption.basis.get(fact="revision").value == world.offering.head_revision


def test_an_approved_alternative_binds_dependency_plan_revision_and_alternative(world: World) -> None:
    proposal = world.decide(world.approval())
    approval = Approval.objects.get(proposal=proposal)
    assert (approval.dependency, approval.plan_revision) == (world.dependency, world.revision)
    assert approval.alternative == world.alternative
    basis = dict(approval.basis.values_list("fact", "value"))
    assert basis["revision"] == world.alternative.pinned_revision
    assert basis["lineage_known"] is True


def test_an_approved_alternative_without_a_model_rests_on_no_facts(world: World) -> None:
    draft = PlanRevision.objects.create(plan=world.revision.plan, number=2, created_by=world.owner)
    manual = Alternative.objects.create(plan_revision=draft, order=1, kind="manual", impact_statement="Slower.")
    PlanRevision.objects.filter(pk=draft.pk).update(submitted_at=NOW)
    manual.refresh_from_db()
    proposal = world.decide(world.approval(alternative=manual))
    assert proposal.approval.basis.count() == 0


def test_an_approved_waiver_ends_on_its_day_and_carries_its_reason(world: World) -> None:
    waiver = world.decide(world.waiver()).waiver
    assert (waiver.rule, waiver.dependency, waiver.system) == ("UD401", world.dependency, None)
    assert waiver.expires_on == TODAY + timedelta(days=30)
    assert waiver.reason == "The plan is being written."


def test_a_waiver_may_be_for_a_whole_system(world: World) -> None:
    waiver = world.decide(world.waiver(dependency=None, system=world.dependency.system)).waiver
    assert (waiver.dependency, waiver.system) == (None, world.dependency.system)


@pytest.mark.parametrize("kind", ["adoption", "approval", "waiver"])
def test_a_later_approval_of_the_same_takes_the_place_of_the_former(world: World, kind: str) -> None:
    former = getattr(world.decide(getattr(world, kind)()), kind)
    later = getattr(world.decide(getattr(world, kind)()), kind)
    former.refresh_from_db()
    assert (former.ended_at, former.end_reason) == (NOW, "replaced")
    assert later.ended_at is None


@pytest.mark.parametrize("kind", ["adoption", "approval", "waiver"])
def test_a_rejection_closes_the_proposal_and_leaves_nothing(world: World, kind: str) -> None:
    proposal = world.decide(getattr(world, kind)(), verdict="reject", comment="Not now.")
    assert (proposal.state, proposal.closed_at) == (Proposal.State.REJECTED, NOW)
    assert proposal.decisions.get().comment == "Not now."
    assert not Adoption.objects.exists()
    assert not Approval.objects.exists()
    assert not Waiver.objects.exists()


def test_how_long_decisions_hold_is_the_policy_of_the_moment(world: World) -> None:
    Policy.objects.create(
        version=1, document={"adoption_days": 30}, reason="r", author=world.reviewer, in_force_from=NOW
    )
    assert world.decide(world.adoption()).adoption.expires_on == TODAY + timedelta(days=30)


# --- who asks ----------------------------------------------------------------------------------------------------


def test_only_owners_and_reviewers_propose_to_adopt(world: World) -> None:
    for role in ("viewer", "admin", ""):
        person = make.user(role=role)
        assert code_of(lambda person=person: world.adoption(proposer=person)) == "not_allowed"
    assert world.adoption(proposer=world.reviewer).proposer == world.reviewer


@pytest.mark.parametrize("kind", ["approval", "waiver"])
def test_an_owner_of_another_team_proposes_nothing_for_this_system(world: World, kind: str) -> None:
    stranger = make.user(role="owner")
    make.team(owner=stranger)
    assert code_of(lambda: getattr(world, kind)(proposer=stranger)) == "not_allowed"


def test_an_owner_who_was_locked_out_proposes_nothing_even_with_an_old_page(world: World) -> None:
    User.objects.filter(pk=world.owner.pk).update(is_active=False)
    assert world.owner.is_active
    assert code_of(world.adoption) == "not_allowed"


def test_the_same_is_not_proposed_twice_at_once(world: World) -> None:
    first = world.adoption()
    with pytest.raises(Refused) as refused:
        world.adoption(proposer=world.reviewer)
    assert refused.value.code == "duplicate"
    assert refused.value.extra == {"proposal": first.pk}
    assert world.adoption(purpose="search").pk


def test_after_a_withdrawal_a_rejection_or_its_time_the_same_may_be_proposed_again(world: World) -> None:
    withdraw(world.adoption(), actor=world.owner, now=NOW)
    world.decide(world.adoption(), verdict="reject")
    world.adoption()
    assert world.adoption(now=NOW + timedelta(days=60)).pk


# --- bad input ---------------------------------------------------------------------------------------------------

BAD: dict[str, tuple[str, dict[str, Any], str]] = {
    "an empty purpose": ("adoption", {"purpose": ""}, "purpose"),
    "a purpose of two words": ("adoption", {"purpose": "two words"}, "purpose"),
    "a purpose with a NUL": ("adoption", {"purpose": "a\x00"}, "purpose"),
    "a purpose that is too long": ("adoption", {"purpose": "a" * 51}, "purpose"),
    "an unknown distribution": ("adoption", {"distribution": "free"}, "distribution"),
    "a revision with a NUL": ("adoption", {"revision": "a\x00"}, "revision"),
    "a revision that is too long": ("adoption", {"revision": "a" * 65}, "revision"),
    "no reason": ("adoption", {"reason": "  "}, "reason"),
    "a reason with a NUL": ("adoption", {"reason": "a\x00b"}, "reason"),
    "a reason that is too long": ("adoption", {"reason": "a" * 20_001}, "reason"),
    "no measure": ("waiver", {"compensating_measure": ""}, "compensating_measure"),
    "neither dependency nor system": ("waiver", {"dependency": None}, "dependency"),
    "an unknown rule": ("waiver", {"rule": "UD999"}, "rule"),
    "the rule of blocks": ("waiver", {"rule": "UD104"}, "rule"),
    "no end": ("waiver", {"until": None}, "until"),
    "a moment for a day": ("waiver", {"until": NOW}, "until"),
    "an end that has passed": ("waiver", {"until": TODAY - timedelta(days=1)}, "until"),
    "an end after the limit": ("waiver", {"until": TODAY + timedelta(days=91)}, "until"),
    "an end in the far future": ("waiver", {"until": date.max}, "until"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_the_field_that_is_wrong(world: World, case: str) -> None:
    kind, fields, wrong = BAD[case]
    with pytest.raises(Refused) as refused:
        getattr(world, kind)(**fields)
    assert (refused.value.code, refused.value.extra["field"]) == ("invalid", wrong)
    assert not Proposal.objects.exists()


def test_a_waiver_for_a_dependency_and_a_system_at_once_is_refused(world: World) -> None:
    assert code_of(lambda: world.waiver(system=world.dependency.system)) == "invalid"


@pytest.mark.parametrize("days", [0, 90])
def test_a_waiver_may_end_today_or_on_the_last_day_that_policy_allows(world: World, days: int) -> None:
    assert world.waiver(until=TODAY + timedelta(days=days)).until == TODAY + timedelta(days=days)


def test_a_policy_may_allow_less_than_ninety_days(world: World) -> None:
    Policy.objects.create(
        version=1, document={"waiver_max_days": 10}, reason="r", author=world.reviewer, in_force_from=NOW
    )
    assert code_of(lambda: world.waiver(until=TODAY + timedelta(days=11))) == "invalid"


def test_a_waiver_that_ended_while_it_waited_cannot_be_approved(world: World) -> None:
    proposal = world.waiver(until=TODAY)
    assert code_of(lambda: world.decide(proposal, now=LATER)) == "invalid"
    assert not Waiver.objects.exists()
    assert not Decision.objects.exists()


def test_a_withdrawn_model_is_not_proposed(world: World) -> None:
    AIModel.objects.filter(pk=world.offering.model_id).update(state=AIModel.State.WITHDRAWN)
    world.offering.refresh_from_db()
    assert code_of(world.adoption) == "invalid"


def test_a_draft_of_a_plan_is_not_proposed(world: World) -> None:
    draft = PlanRevision.objects.create(plan=world.revision.plan, number=2, created_by=world.owner)
    manual = Alternative.objects.create(plan_revision=draft, order=1, kind="manual", impact_statement="Slower.")
    assert code_of(lambda: world.approval(alternative=manual)) == "invalid"


def test_an_alternative_of_an_older_revision_is_neither_proposed_nor_approved(world: World) -> None:
    waiting = world.approval()
    make.plan(world.dependency, make.offering())
    assert code_of(world.approval) == "invalid"
    assert code_of(lambda: world.decide(waiting)) == "invalid"
    assert world.decide(waiting, verdict="reject").state == Proposal.State.REJECTED


def test_the_alternative_of_an_ended_dependency_is_not_approved(world: World) -> None:
    waiting = world.approval()
    Dependency.objects.filter(pk=world.dependency.pk).update(ended_on=TODAY)
    assert code_of(lambda: world.decide(waiting)) == "invalid"


# --- who decides -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["adoption", "approval", "waiver"])
def test_nobody_decides_on_an_own_proposal_whatever_the_roles(world: World, kind: str) -> None:
    everything = make.user(role="reviewer", is_superuser=True)
    everything.groups.add(*make.user(role="admin").groups.all(), *world.owner.groups.all())
    proposal = getattr(world, kind)(proposer=everything)
    for verdict in ("approve", "reject"):
        assert code_of(lambda v=verdict: world.decide(proposal, decider=everything, verdict=v)) == "own_proposal"
    assert not Decision.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "owner", "admin", ""])
def test_who_is_no_reviewer_does_not_decide(world: World, role: str) -> None:
    proposal = world.adoption()
    assert code_of(lambda: world.decide(proposal, decider=make.user(role=role))) == "not_allowed"


def test_a_superuser_without_the_role_does_not_decide(world: World) -> None:
    proposal = world.adoption()
    assert code_of(lambda: world.decide(proposal, decider=make.user(is_superuser=True))) == "not_allowed"


def test_a_role_taken_away_between_page_and_click_is_gone(world: World) -> None:
    proposal = world.adoption()
    seen = digest(state_of(proposal))
    opened_by = User.objects.prefetch_related("groups").get(pk=world.reviewer.pk)
    world.reviewer.groups.clear()
    assert [group.name for group in opened_by.groups.all()] == ["reviewer"]
    assert code_of(lambda: world.decide(proposal, decider=opened_by, state_digest=seen)) == "not_allowed"


def test_a_reviewer_locked_out_between_page_and_click_does_not_decide(world: World) -> None:
    proposal = world.adoption()
    User.objects.filter(pk=world.reviewer.pk).update(is_active=False)
    assert code_of(lambda: world.decide(proposal)) == "not_allowed"


def test_a_decided_proposal_is_not_decided_again(world: World) -> None:
    proposal = world.decide(world.adoption())
    assert code_of(lambda: world.decide(proposal)) == "already_decided"
    assert code_of(lambda: world.decide(proposal, decider=world.other_reviewer)) == "closed"
    assert Adoption.objects.count() == Decision.objects.count() == 1


def test_an_unknown_verdict_is_refused(world: World) -> None:
    proposal = world.adoption()
    assert code_of(lambda: world.decide(proposal, verdict="maybe")) == "invalid"


def test_only_the_proposer_withdraws_and_only_while_it_is_open(world: World) -> None:
    proposal = world.adoption()
    assert code_of(lambda: withdraw(proposal, actor=world.reviewer, now=NOW)) == "not_allowed"
    assert withdraw(proposal, actor=world.owner, now=NOW).state == Proposal.State.WITHDRAWN
    assert code_of(lambda: withdraw(proposal, actor=world.owner, now=NOW)) == "closed"
    assert code_of(lambda: world.decide(proposal)) == "closed"


# --- time --------------------------------------------------------------------------------------------------------


def test_what_nobody_decides_in_time_expires_and_can_then_not_be_decided(world: World) -> None:
    waiting, other = world.adoption(), world.waiver()
    world.decide(other)
    assert expire(NOW + timedelta(days=14)) == 0
    assert expire(NOW + timedelta(days=14, seconds=1)) == 1
    waiting.refresh_from_db()
    assert waiting.state == Proposal.State.EXPIRED
    assert expire(NOW + timedelta(days=20)) == 0
    assert AuditEntry.objects.get(tag="governance:proposal:expired").actor is None


def test_a_decision_after_its_time_is_refused_also_before_the_sweep(world: World) -> None:
    proposal = world.adoption()
    assert code_of(lambda: world.decide(proposal, now=NOW + timedelta(days=15))) == "closed"


# --- the audit chain ---------------------------------------------------------------------------------------------


def test_every_step_leaves_a_line_with_who_and_what(world: World) -> None:
    adopted = world.decide(world.adoption(), comment="Fine.")
    withdraw(world.waiver(), actor=world.owner, now=NOW)
    lines = list(AuditEntry.objects.order_by("sequence").values_list("tag", "actor__username"))
    assert lines == [
        ("governance:proposal:submitted", "olga"),
        ("governance:proposal:decided", "rita"),
        ("governance:proposal:submitted", "olga"),
        ("governance:proposal:withdrawn", "olga"),
    ]
    said = AuditEntry.objects.get(tag="governance:proposal:decided").after
    assert (said["verdict"], said["comment"]) == ("approve", "Fine.")
    assert said["granted"]["permit"] == f"governance.adoption:{adopted.adoption.pk}"
    assert said["state"]["offering"]["license"] == "Apache-2.0"
    assert verify().is_intact


def test_what_is_refused_leaves_no_line(world: World) -> None:
    proposal = world.adoption()
    before = AuditEntry.objects.count()
    code_of(lambda: world.decide(proposal, decider=world.owner))
    code_of(lambda: world.decide(proposal, state_digest="0" * 64))
    code_of(lambda: world.waiver(rule="UD104"))
    assert AuditEntry.objects.count() == before


def test_a_moment_in_another_zone_is_the_same_moment(world: World) -> None:
    proposal = world.adoption()
    moment = datetime.fromisoformat("2026-04-15T11:00:00+02:00")
    assert digest(state_of(proposal, now=moment)) == digest(state_of(proposal, now=NOW))
