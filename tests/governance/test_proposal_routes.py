"""Several people agree, each in one place: quorum, legal, rights that are lost, and people who stand in for others."""

from datetime import timedelta
from typing import Any

import pytest

from governance.models import Adoption, AuditEntry, Decision, Delegation, Policy, Proposal, Waiver
from governance.proposals import decide, delegate, digest, edit, progress_of, route_of, state_of, take_back
from governance.terms import terms_in_force
from registry.models import Offering, Revision, User
from tests import factories as make
from tests.factories import NOW, TODAY
from tests.governance.proposing import LATER, World, code_of, make_world

pytestmark = pytest.mark.django_db

WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def world() -> World:
    return make_world()


def by(person: User, proposal: Proposal, **fields: Any) -> Proposal:
    """`person` alone decides."""
    given: dict[str, Any] = {"verdict": "approve", "state_digest": digest(state_of(proposal, now=NOW)), "now": NOW}
    return decide(proposal, decider=person, **(given | fields))


def restricted(world: World) -> None:
    Revision.objects.filter(offering=world.offering).update(license=make.license_("Llama-3.1", "restricted"))


def missing_of(proposal: Proposal) -> dict[str, int]:
    state = state_of(proposal, now=NOW)
    route = route_of(proposal, state, terms_in_force(NOW))
    return dict(progress_of(proposal, route, state_digest=digest(state)).missing)


# --- quorum ------------------------------------------------------------------------------------------------------


def test_a_waiver_for_a_critical_system_takes_two_reviewers(world: World) -> None:
    proposal = by(world.reviewer, world.waiver())
    assert (proposal.state, missing_of(proposal)) == (Proposal.State.SUBMITTED, {"reviewer": 1})
    assert not Waiver.objects.exists()
    assert by(world.other_reviewer, proposal).state == Proposal.State.APPROVED
    assert Waiver.objects.count() == 1


def test_a_waiver_for_another_system_takes_one(world: World) -> None:
    world.dependency.system.criticality = "important"
    world.dependency.system.save()
    assert by(world.reviewer, world.waiver()).state == Proposal.State.APPROVED


def test_nobody_is_two_reviewers(world: World) -> None:
    proposal = by(world.reviewer, world.waiver())
    assert code_of(lambda: by(world.reviewer, proposal)) == "already_decided"
    assert not Waiver.objects.exists()


def test_one_rejection_closes_it_whoever_had_approved(world: World) -> None:
    proposal = by(world.reviewer, world.waiver())
    assert by(world.other_reviewer, proposal, verdict="reject").state == Proposal.State.REJECTED
    assert not Waiver.objects.exists()


def test_a_license_that_restricts_takes_a_reviewer_and_legal(world: World) -> None:
    restricted(world)
    proposal = by(world.reviewer, world.adoption())
    assert missing_of(proposal) == {"legal": 1}
    assert code_of(lambda: by(world.owner, proposal)) == "own_proposal"
    assert by(world.lawyer, proposal).state == Proposal.State.APPROVED


def test_who_is_reviewer_and_of_legal_is_still_one_person(world: World) -> None:
    restricted(world)
    world.reviewer.groups.add(*world.lawyer.groups.all())
    proposal = by(world.reviewer, world.adoption())
    assert not Adoption.objects.exists()
    assert by(world.other_reviewer, proposal).state == Proposal.State.APPROVED


def test_legal_does_not_decide_what_only_reviewers_are_asked(world: World) -> None:
    proposal = world.adoption()
    assert code_of(lambda: by(world.lawyer, proposal)) == "not_allowed"


def test_the_policy_of_the_moment_says_how_many(world: World) -> None:
    proposal = world.adoption()
    document = {"routes": {"by_license_class": {"adopt_model": {"open": {"reviewer": 2}}}}}
    Policy.objects.create(version=1, document=document, reason="r", author=world.reviewer, in_force_from=NOW)
    assert by(world.reviewer, proposal).state == Proposal.State.SUBMITTED
    assert by(world.other_reviewer, proposal).state == Proposal.State.APPROVED


def test_who_approved_before_a_fact_changed_is_asked_again(world: World) -> None:
    restricted(world)
    proposal = by(world.reviewer, world.adoption())
    Offering.objects.filter(pk=world.offering.pk).update(gating="manual")
    assert missing_of(proposal) == {"reviewer": 1, "legal": 1}
    proposal = by(world.lawyer, proposal)
    assert (proposal.state, Adoption.objects.count()) == (Proposal.State.SUBMITTED, 0)
    assert by(world.reviewer, proposal).state == Proposal.State.APPROVED


# --- rights that are lost ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["role", "account"])
def test_what_was_given_with_a_right_that_is_lost_no_longer_counts(world: World, loss: str) -> None:
    proposal = by(world.reviewer, world.waiver())
    if loss == "role":
        world.reviewer.groups.clear()
    else:
        User.objects.filter(pk=world.reviewer.pk).update(is_active=False)
    proposal = by(world.other_reviewer, proposal)
    assert (proposal.state, missing_of(proposal)) == (Proposal.State.SUBMITTED, {"reviewer": 1})
    assert by(make.user(role="reviewer"), proposal).state == Proposal.State.APPROVED


# --- two hats ----------------------------------------------------------------------------------------------------


def test_who_wrote_the_plan_does_not_decide_on_it_when_somebody_else_proposes_it(world: World) -> None:
    alternative = make.plan(world.dependency, make.offering(), author=world.reviewer).alternatives.get()
    proposal = world.approval(alternative=alternative)
    for verdict in ("approve", "reject"):
        assert code_of(lambda v=verdict: by(world.reviewer, proposal, verdict=v)) == "own_proposal"
    assert by(world.other_reviewer, proposal).state == Proposal.State.APPROVED


# --- standing in for somebody ------------------------------------------------------------------------------------


def ask(delegator: User, other: User, **fields: Any) -> Delegation:
    given: dict[str, Any] = {"until": WEEK, "reason": "On leave.", "now": NOW}
    return delegate(delegator=delegator, delegate=other, **(given | fields))


def test_who_stands_in_decides_in_the_other_persons_place_and_it_says_so(world: World) -> None:
    stand_in = make.user(role="viewer")
    ask(world.reviewer, stand_in)
    proposal = by(stand_in, world.adoption())
    given = proposal.decisions.get()
    assert (given.decider, given.acting_for) == (stand_in, world.reviewer)
    assert proposal.state == Proposal.State.APPROVED
    said = AuditEntry.objects.get(tag="governance:proposal:decided").after
    assert said["acting_for"] == world.reviewer.pk


def test_nobody_decides_for_the_proposer_nor_on_an_own_proposal_through_a_delegation(world: World) -> None:
    stand_in = make.user(role="owner")
    ask(world.reviewer, stand_in)
    make.team(owner=stand_in)
    by_the_delegator = world.adoption(proposer=world.reviewer)
    by_the_stand_in = world.adoption(proposer=stand_in, purpose="search")
    assert code_of(lambda: by(stand_in, by_the_delegator)) == "not_allowed"
    assert code_of(lambda: by(stand_in, by_the_stand_in)) == "own_proposal"
    assert not Decision.objects.exists()


def test_nobody_decides_through_a_delegation_for_who_wrote_the_plan(world: World) -> None:
    stand_in = make.user(role="viewer")
    ask(world.reviewer, stand_in)
    alternative = make.plan(world.dependency, make.offering(), author=world.reviewer).alternatives.get()
    proposal = world.approval(alternative=alternative)
    assert code_of(lambda: by(stand_in, proposal)) == "not_allowed"


def test_a_person_and_who_stands_in_for_them_are_one_vote(world: World) -> None:
    stand_in = make.user(role="viewer")
    ask(world.reviewer, stand_in)
    proposal = by(stand_in, world.waiver())
    assert code_of(lambda: by(world.reviewer, proposal)) == "already_decided"
    assert not Waiver.objects.exists()


def test_who_decides_themselves_does_not_decide_again_for_another(world: World) -> None:
    ask(world.other_reviewer, world.reviewer)
    proposal = by(world.reviewer, world.waiver())
    assert code_of(lambda: by(world.reviewer, proposal)) == "already_decided"


def test_a_reviewer_who_stands_in_for_legal_takes_the_place_that_is_missing(world: World) -> None:
    restricted(world)
    ask(world.lawyer, world.other_reviewer)
    proposal = by(world.other_reviewer, by(world.reviewer, world.adoption()))
    assert proposal.state == Proposal.State.APPROVED
    assert proposal.decisions.get(decider=world.other_reviewer).acting_for == world.lawyer


@pytest.mark.parametrize("day", [-1, 8])
def test_before_its_first_day_and_after_its_last_a_delegation_gives_nothing(world: World, day: int) -> None:
    stand_in = make.user(role="viewer")
    ask(world.reviewer, stand_in)
    proposal = world.adoption(now=NOW - timedelta(days=1))
    assert code_of(lambda: by(stand_in, proposal, now=NOW + timedelta(days=day))) == "not_allowed"


def test_a_delegation_passes_on_only_what_the_other_still_has(world: World) -> None:
    stand_in = make.user(role="viewer")
    ask(world.reviewer, stand_in)
    proposal = by(stand_in, world.waiver())
    world.reviewer.groups.clear()
    assert code_of(lambda: by(stand_in, world.adoption())) == "not_allowed"
    assert by(world.other_reviewer, proposal).state == Proposal.State.SUBMITTED


def test_a_delegation_is_not_passed_on(world: World) -> None:
    stand_in, third = make.user(role="viewer"), make.user(role="viewer")
    ask(world.reviewer, stand_in)
    assert code_of(lambda: ask(stand_in, third)) == "not_allowed"


def test_what_was_given_by_a_delegation_that_is_taken_back_no_longer_counts(world: World) -> None:
    stand_in = make.user(role="viewer")
    made = ask(world.reviewer, stand_in)
    proposal = by(stand_in, world.waiver())
    take_back(made, by=world.reviewer, now=NOW)
    assert missing_of(proposal) == {"reviewer": 2}
    assert code_of(lambda: by(stand_in, world.adoption())) == "not_allowed"


@pytest.mark.parametrize("loss", ["role", "account"])
def test_who_stands_in_and_loses_the_own_rights_no_longer_counts_nor_decides(world: World, loss: str) -> None:
    stand_in = make.user(role="viewer")
    ask(world.reviewer, stand_in)
    proposal = by(stand_in, world.waiver())
    assert missing_of(proposal) == {"reviewer": 1}
    if loss == "role":
        stand_in.groups.clear()
    else:
        User.objects.filter(pk=stand_in.pk).update(is_active=False)
    stand_in = User.objects.get(pk=stand_in.pk)
    assert missing_of(proposal) == {"reviewer": 2}
    assert code_of(lambda: by(stand_in, world.adoption())) == "not_allowed"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "longer than the policy allows": ({"until": TODAY + timedelta(days=31)}, "invalid"),
    "backwards": ({"until": TODAY - timedelta(days=1)}, "invalid"),
    "from yesterday": ({"starts_on": TODAY - timedelta(days=1)}, "invalid"),
    "in two years": ({"starts_on": TODAY + timedelta(days=700), "until": TODAY + timedelta(days=701)}, "invalid"),
    "without a reason": ({"reason": " "}, "invalid"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_delegation_that_cannot_be_meant_is_refused(world: World, case: str) -> None:
    fields, code = BAD[case]
    assert code_of(lambda: ask(world.reviewer, world.owner, **fields)) == code


def test_only_who_decides_delegates_and_to_somebody_else_who_is_there(world: World) -> None:
    assert code_of(lambda: ask(world.owner, world.reviewer)) == "not_allowed"
    assert code_of(lambda: ask(world.reviewer, world.reviewer)) == "invalid"
    assert code_of(lambda: ask(world.reviewer, make.user())) == "invalid"
    ask(world.reviewer, world.owner)
    assert code_of(lambda: ask(world.reviewer, world.owner)) == "duplicate"


def test_a_delegation_is_taken_back_by_the_two_or_an_administrator_once(world: World) -> None:
    made = ask(world.reviewer, world.owner)
    assert code_of(lambda: take_back(made, by=world.other_reviewer, now=NOW)) == "not_allowed"
    take_back(made, by=make.user(role="admin"), now=NOW)
    assert code_of(lambda: take_back(made, by=world.reviewer, now=NOW)) == "closed"
    tags = AuditEntry.objects.filter(subject=f"governance.delegation:{made.pk}").order_by("sequence")
    assert list(tags.values_list("tag", flat=True)) == ["governance:delegation:made", "governance:delegation:ended"]


# --- edits -------------------------------------------------------------------------------------------------------


def test_an_edit_begins_a_round_in_which_nothing_given_before_counts(world: World) -> None:
    proposal = by(world.reviewer, world.waiver())
    before = digest(state_of(proposal, now=NOW))
    edited = edit(proposal, actor=world.owner, reason="Another reason.", until=WEEK, now=NOW)
    assert (edited.round, edited.reason, edited.until) == (2, "Another reason.", WEEK)
    assert digest(state_of(edited, now=NOW)) == edited.state_digest != before
    assert missing_of(edited) == {"reviewer": 2}
    assert by(world.other_reviewer, edited).state == Proposal.State.SUBMITTED
    assert by(world.reviewer, edited).state == Proposal.State.APPROVED
    assert Waiver.objects.get().expires_on == WEEK


def test_what_was_seen_before_an_edit_is_an_older_state(world: World) -> None:
    proposal = world.adoption()
    seen = digest(state_of(proposal, now=NOW))
    edit(proposal, actor=world.owner, reason="Another reason.", now=NOW)
    assert code_of(lambda: by(world.reviewer, proposal, state_digest=seen)) == "state_changed"


def test_only_the_proposer_edits_and_only_while_it_is_open(world: World) -> None:
    proposal = world.adoption()
    assert code_of(lambda: edit(proposal, actor=world.reviewer, reason="Mine.", now=NOW)) == "not_allowed"
    assert code_of(lambda: edit(proposal, actor=world.owner, reason=" ", now=NOW)) == "invalid"
    by(world.reviewer, proposal)
    assert code_of(lambda: edit(proposal, actor=world.owner, reason="Late.", now=NOW)) == "closed"


def test_an_edit_does_not_make_a_waiver_longer_than_the_policy_allows(world: World) -> None:
    proposal = world.waiver()
    assert code_of(lambda: edit(proposal, actor=world.owner, until=TODAY + timedelta(days=91), now=NOW)) == "invalid"


def test_an_edit_is_audited_with_what_was_there_before(world: World) -> None:
    edit(world.waiver(), actor=world.owner, reason="Another reason.", now=LATER)
    line = AuditEntry.objects.get(tag="governance:proposal:edited")
    assert (line.before["reason"], line.after["reason"]) == ("The plan is being written.", "Another reason.")
    assert (line.before["round"], line.after["round"]) == (1, 2)
