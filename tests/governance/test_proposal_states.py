"""A decision is bound to the state that was seen: what changes it, what does not, and what a refusal shows."""

from collections.abc import Callable

import pytest

from governance.blocks import block
from governance.models import Adoption, Check, Decision, Finding, Proposal
from governance.proposals import (
    Refused,
    digest,
    state_of,
)
from registry.models import AIModel, Dependency, Offering, Revision
from tests import factories as make
from tests.factories import NOW, TODAY
from tests.governance.proposing import LATER, World, code_of, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


# --- the state that a decision is bound to -----------------------------------------------------------------------


def relicense(world: World) -> None:
    other = make.license_("CC-BY-NC-4.0", "non-commercial")
    Revision.objects.filter(offering=world.offering).update(license=other)


def gate(world: World) -> None:
    Offering.objects.filter(pk=world.offering.pk).update(gating="manual")


def re_register(world: World) -> None:
    Offering.objects.filter(pk=world.offering.pk).update(upstream_id="f" * 24)


def remove(world: World) -> None:
    Offering.objects.filter(pk=world.offering.pk).update(status="removed")


def announce_retirement(world: World) -> None:
    Offering.objects.filter(pk=world.offering.pk).update(retires_on=TODAY)


def take_over(world: World) -> None:
    developer = world.offering.model.developer
    developer.parent = make.vendor("alibaba")
    developer.save()


def learn_of_a_base(world: World) -> None:
    make.derived(world.offering.model, make.model())


def put_a_block(world: World) -> None:
    block(by=world.other_reviewer, offering=world.offering, reason="Under investigation.", now=NOW)


def withdraw_the_model(world: World) -> None:
    AIModel.objects.filter(pk=world.offering.model_id).update(state=AIModel.State.WITHDRAWN)


MATERIAL = [
    relicense,
    gate,
    re_register,
    remove,
    announce_retirement,
    take_over,
    learn_of_a_base,
    put_a_block,
    withdraw_the_model,
]


@pytest.mark.parametrize("change", MATERIAL)
def test_a_material_change_since_the_page_was_opened_stops_the_decision(
    world: World, change: Callable[[World], None]
) -> None:
    proposal = world.adoption()
    seen = digest(state_of(proposal, now=NOW))
    change(world)
    assert code_of(lambda: world.decide(proposal, state_digest=seen)) == "state_changed"
    assert not Decision.objects.exists()
    assert not Adoption.objects.exists()
    proposal.refresh_from_db()
    assert proposal.state == Proposal.State.SUBMITTED
    assert world.decide(proposal).state == Proposal.State.APPROVED


def test_the_refusal_carries_both_states_and_what_differs(world: World) -> None:
    proposal = world.adoption()
    seen = digest(state_of(proposal, now=NOW))
    gate(world)
    with pytest.raises(Refused) as refused:
        world.decide(proposal, state_digest=seen)
    extra = refused.value.extra
    assert extra["seen_state"]["offering"]["gating"] == "open"
    assert extra["current_state"]["offering"]["gating"] == "manual"
    assert extra["current_digest"] == digest(extra["current_state"])
    assert extra["differences"] == [{"fact": "offering.gating", "before": "open", "after": "manual"}]


def test_what_moves_without_a_meaning_for_the_decision_does_not_stop_it(world: World) -> None:
    proposal = world.adoption()
    seen = digest(state_of(proposal, now=NOW))
    Offering.objects.filter(pk=world.offering.pk).update(input_price="0.13", facts_as_of=LATER)
    assert world.decide(proposal, state_digest=seen).state == Proposal.State.APPROVED


@pytest.mark.parametrize("nonsense", ["", "0" * 64, "x" * 10_000, "\x00"])
def test_a_digest_of_no_state_is_a_state_that_has_changed(world: World, nonsense: str) -> None:
    proposal = world.adoption()
    with pytest.raises(Refused) as refused:
        world.decide(proposal, state_digest=nonsense)
    assert refused.value.code == "state_changed"
    assert refused.value.extra["seen_state"] is None


def test_an_approval_is_bound_to_the_facts_of_primary_and_alternative_and_to_the_dependency(world: World) -> None:
    proposal = world.approval()
    assert world.alternative.offering
    for rows, fields in (
        (Offering.objects.filter(pk=world.alternative.offering_id), {"gating": "auto"}),
        (Offering.objects.filter(pk=world.offering.pk), {"status": "deprecated"}),
        (Dependency.objects.filter(pk=world.dependency.pk), {"has_index": True}),
    ):
        seen = digest(state_of(proposal, now=NOW))
        rows.update(**fields)
        assert code_of(lambda seen=seen: world.decide(proposal, state_digest=seen)) == "state_changed"


def test_the_state_of_an_approval_shows_vendors_that_both_share(world: World) -> None:
    developer = world.offering.model.developer
    same = make.offering(model=make.model(developer=developer))
    alternative = make.plan(world.dependency, same).alternatives.get()
    state = state_of(world.approval(alternative=alternative))
    assert state["alternative"]["shares_vendors_with_primary"] == [developer.name]
    assert state["primary"]["root_vendors"] == [developer.name]


def test_the_state_of_a_waiver_shows_what_the_rule_finds_now(world: World) -> None:
    check = Check.objects.create(
        system=world.dependency.system,
        environment=world.dependency.environment,
        request={},
        verdict="fail",
        checked_at=NOW,
        policy_version=0,
    )
    for position, rule in enumerate(("UD401", "UD303")):
        Finding.objects.create(check_run=check, position=position, rule=rule, level="error", ref="a/b", message="m")
    state = state_of(world.waiver())
    assert state["open_findings"] == [{"environment": "production", "ref": "a/b", "level": "error"}]


def test_a_proposal_keeps_the_state_it_was_made_on(world: World) -> None:
    proposal = world.adoption()
    proposal.refresh_from_db()
    assert digest(proposal.submitted_state) == proposal.state_digest == digest(state_of(proposal))
