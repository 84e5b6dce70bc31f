"""The verdict on a plan against a slow and obvious second opinion, over random worlds.

The oracle knows nothing of the product's code: a world is vendors with parents, models with bases and developers,
and alternatives with a few switches. It walks the graph by hand and asks the definition's questions one by one.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.rules import plan as rules_of_plans
from governance.rules.facts import AlternativeFacts, BlockFacts, LicenseFacts, OfferingFacts, RootFacts
from governance.rules.plan import Place, PlanState, plan_state
from governance.rules.policy import Policy
from registry.lineage import Ancestor, Vendor, roots
from tests.governance import facts_of_rules as f

VENDORS, MODELS, LEAD_DAYS = 5, 6, 90
LIKELY = 0.85


@dataclass(frozen=True)
class World:
    """`parents` by vendor, `bases` by model as (base, relation); a smaller number is nearer the root, so no circles."""

    parents: tuple[int | None, ...]
    is_self: int | None
    developers: tuple[int, ...]
    bases: tuple[tuple[tuple[int, str], ...], ...]
    statuses: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """An alternative, as a person would tick it off."""

    kind: str
    model: int
    approved: bool
    expired: bool
    fact_changed: bool
    status: str
    held: bool
    retires_in: int | None
    blocked: bool
    adopted: bool
    license_class: str


def random_world(dice: Random) -> World:
    bases = tuple(tuple(_bases(dice, model)) for model in range(MODELS))
    return World(
        parents=tuple(dice.choice([None, *range(vendor)]) for vendor in range(VENDORS)),
        is_self=dice.choice([None, *range(VENDORS)]),
        developers=tuple(dice.randrange(VENDORS) for _ in range(MODELS)),
        bases=bases,
        statuses=tuple(_status(dice, has_bases=bool(own)) for own in bases),
    )


def _bases(dice: Random, model: int) -> list[tuple[int, str]]:
    count = dice.choice([0, 0, 1, 2]) if model else 0
    return [(dice.randrange(model), dice.choice(["finetune", "quantized", "merge"])) for _ in range(count)]


def _status(dice: Random, *, has_bases: bool) -> str:
    likely = "complete" if has_bases else "asserted_root"
    return dice.choice([likely] * 6 + ["complete", "partial", "unknown"])


def random_way(dice: Random) -> Way:
    return Way(
        kind=dice.choice(["offering"] * 5 + ["rule_based"]),
        model=dice.randrange(MODELS),
        approved=dice.random() < LIKELY,
        expired=dice.random() > LIKELY,
        fact_changed=dice.random() > LIKELY,
        status=dice.choice(["available"] * 6 + ["deprecated", "removed"]),
        held=dice.random() > LIKELY,
        retires_in=dice.choice([None] * 5 + [30, LEAD_DAYS, LEAD_DAYS + 1]),
        blocked=dice.random() > LIKELY,
        adopted=dice.random() < LIKELY,
        license_class=dice.choice(["open"] * 4 + ["restricted", "non-commercial", "unknown"]),
    )


def random_plan(seed: int) -> tuple[World, int, list[Way]]:
    dice = Random(seed)  # noqa: S311 - a world for a test, not a secret
    return random_world(dice), dice.randrange(MODELS), [random_way(dice) for _ in range(dice.randrange(5))]


# --- the oracle ------------------------------------------------------------------------------


def vendors_behind(world: World, model: int) -> set[int]:
    """Root vendors by the glossary: the developer with all parents, with those of the bases; quantised: bases only."""
    found: set[int] = set()
    for base, _ in world.bases[model]:
        found |= vendors_behind(world, base)
    only_quantized = bool(world.bases[model]) and all(relation == "quantized" for _, relation in world.bases[model])
    if not only_quantized:
        chain = chain_of(world, world.developers[model])
        found |= set() if world.is_self in chain else set(chain)
    return found


def chain_of(world: World, vendor: int) -> list[int]:
    parent = world.parents[vendor]
    return [vendor] + (chain_of(world, parent) if parent is not None else [])


def is_lineage_known(world: World, model: int) -> bool:
    status = world.statuses[model]
    settled = status == "asserted_root" or (status == "complete" and bool(world.bases[model]))
    return settled and all(is_lineage_known(world, base) for base, _ in world.bases[model])


def holds_by_definition(world: World, primary: int, way: Way) -> bool:
    if not way.approved or way.expired:
        return False
    if way.kind != "offering":
        return True
    if way.fact_changed:
        return False
    alive = way.held or (way.status != "removed" and (way.retires_in is None or way.retires_in > LEAD_DAYS))
    allowed = not way.blocked and way.adopted and way.license_class in {"open", "restricted", "proprietary"}
    known = is_lineage_known(world, primary) and is_lineage_known(world, way.model)
    disjoint = not vendors_behind(world, primary) & vendors_behind(world, way.model)
    return alive and allowed and known and disjoint and way.model != primary


# --- the same world as the product sees it ---------------------------------------------------


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
    found = roots(lineage(world, model))
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
    declared = f.dependency(offering(world, primary), plan=f.plan(*alternatives))
    return plan_state(Place(f.system(), declared, Policy(), f.TODAY))


def agrees(seed: int) -> bool:
    world, primary, plan = random_plan(seed)
    state = judge(world, primary, plan)
    return [standing.holds for standing in state.standings] == [
        holds_by_definition(world, primary, way) for way in plan
    ]


@settings(max_examples=2500, deadline=None, database=None)
@given(seed=st.integers(0, 2**64))
def test_a_plan_holds_exactly_when_the_definition_says_so(seed: int) -> None:
    world, primary, plan = random_plan(seed)

    state = judge(world, primary, plan)

    expected = [holds_by_definition(world, primary, way) for way in plan]
    assert [standing.holds for standing in state.standings] == expected, (world, primary, plan)
    assert state.holds == any(expected)
    assert state.holding is None or expected.index(True) + 1 == state.holding.order


@settings(max_examples=500, deadline=None, database=None)
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


@pytest.mark.parametrize("left_out", ["_approval", "_independence", "_aliveness", "_permission"])
def test_the_oracle_notices_when_one_of_the_questions_is_left_out(
    left_out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(agrees(seed) for seed in range(300))

    remaining = tuple(test for test in rules_of_plans._OF_A_MODEL if test.__name__ != left_out)  # noqa: SLF001 - the control
    monkeypatch.setattr(rules_of_plans, "_OF_A_MODEL", remaining)

    assert not all(agrees(seed) for seed in range(300))
