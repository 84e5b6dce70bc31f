"""The verdict on a plan against the oracle's, over random worlds of values."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.rules import plan as rules_of_plans
from governance.rules.facts import AlternativeFacts, BlockFacts, LicenseFacts, OfferingFacts, RootFacts
from governance.rules.plan import Place, PlanState, plan_state
from governance.rules.policy import Policy
from registry.capabilities import Capabilities, Needs
from registry.lineage import Ancestor, Roots, Vendor, roots
from tests.governance import facts_of_rules as f
from tests.governance.oracle import (
    NEEDED,
    WORLDS,
    Way,
    World,
    chain_of,
    holds_by_definition,
    random_plan,
    random_world,
)

roots_in_use: Callable[[Collection[Ancestor]], Roots] = roots


def lineage(world: World, model: int) -> list[Ancestor]:
    seen, todo = [], [model]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.append(current)
            todo += [base for base, _ in world.bases[current]]
    return [ancestor(world, one) for one in seen]


def ancestor(world: World, model: int) -> Ancestor:
    chain = chain_of(world, world.developers[model])
    relations = [relation for _, relation in world.bases[model]]
    return Ancestor(
        pk=model,
        name=f"model-{model}",
        status=world.statuses[model],
        has_bases=bool(relations),
        is_only_quantized=bool(relations) and set(relations) == {"quantized"},
        owners=tuple(Vendor(vendor, f"V{vendor}", vendor == world.is_self, f"v{vendor}") for vendor in chain),
    )


def offering(world: World, model: int) -> OfferingFacts:
    found = roots_in_use(lineage(world, model))
    facts = RootFacts(
        {vendor.pk: vendor.name for vendor in found.vendors},
        tuple(vendor.slug for vendor in found.vendors),
        found.is_known,
        found.unknown_models,
    )
    return f.unadopted(f"hub/model-{model}", "", id=model + 1, model_id=model + 1, roots=facts)


def alternative(world: World, way: Way, order: int) -> AlternativeFacts:
    model = offering(world, way.model)
    model = replace(
        model,
        status=way.status,
        retires_on=None if way.retires_in is None else f.TODAY + timedelta(days=way.retires_in),
        blocks=(BlockFacts("this offering", "No.", None),) if way.blocked else (),
        licenses={f.SHA: LicenseFacts("X", way.license_class)},
        capabilities=Capabilities(context_length=way.context),
    )
    model = f.adopted(model) if way.adopted else model
    given = {"offering": model, "pinned_revision": f.SHA} if way.kind == "offering" else {"impact_statement": "Slower."}
    one = AlternativeFacts(id=order, order=order, kind=way.kind, has_verified_copy=way.held, **given)  # type: ignore[arg-type]  # fields by kind
    if not way.approved:
        return one
    one = f.approved(one, expires_on=f.TODAY - timedelta(days=1) if way.expired else f.LATER)
    return replace(one, offering=replace(model, upstream_id="e" * 24)) if way.fact_changed and one.offering else one


def judge(world: World, primary: int, plan: list[Way]) -> PlanState:
    alternatives = [alternative(world, way, order) for order, way in enumerate(plan, start=1)]
    needs, plan_of_it = Needs(context_length=NEEDED), f.plan(*alternatives)
    declared = f.dependency(offering(world, primary), plan=plan_of_it, needs=needs, has_index=world.has_index)
    return plan_state(Place(f.system(), declared, Policy(), f.TODAY))


def agrees(seed: int) -> bool:
    world, primary, plan = random_plan(seed)
    state = judge(world, primary, plan)
    return [standing.holds for standing in state.standings] == [
        holds_by_definition(world, primary, way) for way in plan
    ]


@settings(max_examples=WORLDS, deadline=None, database=None)
@given(seed=st.integers(0, 2**64))
def test_a_plan_holds_exactly_when_the_definition_says_so(seed: int) -> None:
    world, primary, plan = random_plan(seed)

    state = judge(world, primary, plan)

    expected = [holds_by_definition(world, primary, way) for way in plan]
    assert [standing.holds for standing in state.standings] == expected, (world, primary, plan)
    assert state.holds == any(expected)
    assert state.holding is None or expected.index(True) + 1 == state.holding.order


@settings(max_examples=WORLDS // 5, deadline=None, database=None)
@given(seed=st.integers(0, 2**64))
def test_the_nearest_has_the_fewest_flaws_and_then_the_first_place(seed: int) -> None:
    state = judge(*random_plan(seed))
    flaws = [len(standing.flaws) for standing in state.standings]

    assert (state.nearest.alternative.order if state.nearest else None) == (
        flaws.index(min(flaws)) + 1 if flaws else None
    )


def test_both_answers_are_common_among_the_random_worlds() -> None:
    holding = sum(judge(*random_plan(seed)).holds for seed in range(500))

    assert 50 < holding < 450


@pytest.mark.parametrize("left_out", ["_approval", "_independence", "_aliveness", "_permission", "lacks"])
def test_the_oracle_notices_when_one_of_the_questions_is_left_out(
    left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(agrees(seed) for seed in range(300))

    remaining = tuple(test for test in rules_of_plans._OF_A_MODEL if test.__name__ != left_out)  # noqa: SLF001 - the control
    monkeypatch.setattr(rules_of_plans, "_OF_A_MODEL", remaining)

    assert not all(agrees(seed) for seed in range(300))


def blind_to_owners(lineage: Collection[Ancestor]) -> Roots:
    return roots([replace(model, owners=model.owners[:1]) for model in lineage])


def blind_to_quantising(lineage: Collection[Ancestor]) -> Roots:
    return roots([replace(model, is_only_quantized=False) for model in lineage])


def blind_to_bases(lineage: Collection[Ancestor]) -> Roots:
    return roots(list(lineage)[:1])


def trusting(lineage: Collection[Ancestor]) -> Roots:
    return replace(roots(lineage), is_known=True)


@pytest.mark.parametrize("mutant", [blind_to_owners, blind_to_quantising, blind_to_bases, trusting])
def test_the_oracle_notices_a_definition_that_is_bent(mutant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(agrees_on_lineage(seed) for seed in range(60))

    monkeypatch.setitem(globals(), "roots_in_use", mutant)

    assert not all(agrees_on_lineage(seed) for seed in range(60))


def agrees_on_lineage(seed: int) -> bool:
    """Whether both say the same of alternatives that have nothing against them but who stands behind them."""
    dice = Random(seed)  # noqa: S311 - a world for a test, not a secret
    world = replace(random_world(dice), has_index=False)
    models = len(world.bases)
    plan = [flawless(dice.randrange(models)) for _ in range(12)]
    primary = dice.randrange(models)
    return [one.holds for one in judge(world, primary, plan).standings] == [
        holds_by_definition(world, primary, way) for way in plan
    ]


def flawless(model: int) -> Way:
    return Way(
        kind="offering",
        model=model,
        approved=True,
        expired=False,
        fact_changed=False,
        status="available",
        held=False,
        retires_in=None,
        blocked=False,
        adopted=True,
        license_class="open",
        context=8192,
    )
