"""What if they go, over random worlds: the gate's definition as a second opinion, and promises of help kept."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.rules.facts import AlternativeFacts, DependencyFacts, OfferingFacts
from governance.whatif import fates as whatif_fates
from governance.whatif.fates import Outcome, Reason, judge
from governance.whatif.fixes import Help, done, most_helpful
from governance.whatif.question import Exposed, Lost
from registry.capabilities import Needs
from tests.governance import facts_of_rules as f
from tests.governance import oracle
from tests.governance.exposures import DRILLED, exposed, scene, tried
from tests.governance.test_rules_oracle import alternative, offering
from tests.governance.test_whatif_fixes import way


def lost_of(world: oracle.World, vendor: int) -> Lost:
    """The vendor with its children, we ourselves left out, as loading resolves it."""
    family = [
        one for one in range(len(world.parents)) if vendor in oracle.chain_of(world, one) and one != world.is_self
    ]
    return Lost(vendors={one: f"V{one}" for one in family} if vendor != world.is_self else {})


def is_lost_by_hand(world: oracle.World, model: int, vendor: int, gone: int) -> bool:
    """The vendor stands behind it, or it is the one model that goes as well."""
    return model == gone or (vendor != world.is_self and vendor in oracle.vendors_behind(world, model))


def needing(
    world: oracle.World, primary: OfferingFacts, alternatives: list[AlternativeFacts], **fields: Any
) -> DependencyFacts:
    """A use that needs what the oracle takes for needed."""
    needs = Needs(context_length=oracle.NEEDED)
    return f.dependency(primary, plan=f.plan(*alternatives), needs=needs, has_index=world.has_index, **fields)


def random_exposed(dice: Random, world: oracle.World, number: int) -> Exposed:
    ways = [oracle.random_way(dice, len(world.bases)) for _ in range(dice.randrange(4))]
    alternatives = [
        tried(alternative(world, way, order), dice.choice([DRILLED, DRILLED, None]), dice.choice([0.5, 40.0]))
        for order, way in enumerate(ways, start=1)
    ]
    primary = offering(world, dice.randrange(len(world.bases)))
    dependency = needing(world, primary, alternatives, has_verified_copy=dice.random() < 0.2)
    return Exposed(dependency=replace(dependency, id=number), system=f.system())


def agrees(seed: int) -> bool:
    """Whether the fate's plan holds exactly where the definition of the gate says so for what is left of the plan."""
    dice = Random(seed)  # noqa: S311 - a world for a test, not a secret
    world, primary, plan = oracle.random_plan(seed)
    vendor, gone = dice.randrange(len(world.parents)), dice.randrange(len(world.bases))
    alternatives = [alternative(world, way, order) for order, way in enumerate(plan, start=1)]
    one = exposed(needing(world, offering(world, primary), alternatives))
    lost = replace(lost_of(world, vendor), offering_ids=frozenset({offering(world, gone).id}))
    fate = judge(one, scene(lost, gone_on=f.TODAY + timedelta(days=1)))
    left = [way for way in plan if way.kind != "offering" or not is_lost_by_hand(world, way.model, vendor, gone)]
    holds = any(holds_tomorrow(world, primary, way) for way in left)
    touched = is_lost_by_hand(world, primary, vendor, gone)
    survives_by_plan = fate.reason == Reason.PLAN
    is_a_model = fate.by is not None and fate.by.is_model
    return (fate.plan_holds, bool(fate.ways)) == (holds, touched) and (
        not touched or not is_a_model or survives_by_plan == holds
    )


def holds_tomorrow(world: oracle.World, primary: int, way: oracle.Way) -> bool:
    """By the definition, a day later: what retires on the first day after the lead time is within it by then."""
    later = None if way.retires_in is None else way.retires_in - 1
    return oracle.holds_by_definition(world, primary, replace(way, retires_in=later))


@settings(max_examples=200, deadline=None, database=None)
@given(seed=st.integers(0, 2**64))
def test_a_plan_holds_without_what_is_lost_exactly_when_the_gate_says_so(seed: int) -> None:
    assert agrees(seed)


def test_the_oracle_notices_when_the_lost_are_left_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(agrees(seed) for seed in range(120))

    monkeypatch.setattr(whatif_fates, "without_the_lost", lambda one, _scene: one.dependency)

    assert not all(agrees(seed) for seed in range(120))


@settings(max_examples=60, deadline=None, database=None)
@given(seed=st.integers(0, 2**64))
def test_doing_it_keeps_running_exactly_what_was_promised(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - a world for a test, not a secret
    world = oracle.random_world(dice)
    at = scene(lost_of(world, dice.randrange(len(world.parents))))
    members = [random_exposed(dice, world, number) for number in range(4)]
    use = ("embedding", "saas")
    candidates = {use: [way(f.adopted(offering(world, model))) for model in range(len(world.bases))]}
    fates = [judge(one, at) for one in members]

    for help_ in most_helpful(fates, at, candidates):
        after = [judge(done(help_.act, one, at, candidates) if is_for(help_, one) else one, at) for one in members]
        still = {one.exposed.dependency.id for one in after if one.outcome == Outcome.STOPS}
        before = {one.exposed.dependency.id for one in fates if one.outcome == Outcome.STOPS}
        assert set(help_.kept_running) == before - still
        assert set(help_.made_whole) <= {one.exposed.dependency.id for one in after if one.outcome == Outcome.SURVIVES}


def is_for(help_: Help, one: Exposed) -> bool:
    """A decision on a model counts for everybody; what is put into a plan is put into those that are named."""
    return help_.act.kind != "plan" or one.dependency.id in help_.dependencies
