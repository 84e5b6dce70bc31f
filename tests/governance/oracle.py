"""Random worlds, and a slow and obvious second opinion on them that knows nothing of the product's code.

A world is vendors with parents, models with bases and developers, and alternatives with a few switches. The oracle walks
the graph by hand and asks the definition's questions one by one. UNDERSTUDY_TEST_WHOLE=1 tries 20,000 worlds instead of
2,000, and builds 300 of rows in a database instead of 4.
"""

import os
from dataclasses import dataclass
from random import Random

VENDORS, LEAD_DAYS = 5, 90
# Every fourth world is a deep chain of models; the others are wide.
WIDE, DEEP = 6, 24
RELATIONS = ("finetune", "quantized", "adapter", "merge", "distilled")
LIKELY = 0.85
NEEDED = 4000
WORLDS, WORLDS_OF_ROWS = (20_000, 300) if os.environ.get("UNDERSTUDY_TEST_WHOLE") else (2000, 4)


@dataclass(frozen=True)
class World:
    """`parents` by vendor, `bases` by model as (base, relation); a smaller number is nearer the root, so no circles."""

    parents: tuple[int | None, ...]
    is_self: int | None
    developers: tuple[int, ...]
    bases: tuple[tuple[tuple[int, str], ...], ...]
    statuses: tuple[str, ...]
    has_index: bool


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
    context: int | None


def random_world(dice: Random) -> World:
    is_deep = dice.random() < 0.25
    models = range(DEEP if is_deep else WIDE)
    bases = tuple(tuple(_chain(dice, model) if is_deep else _bases(dice, model)) for model in models)
    return World(
        parents=tuple(dice.choice([None, *range(vendor)]) for vendor in range(VENDORS)),
        is_self=dice.choice([None, *range(VENDORS)]),
        developers=tuple(dice.randrange(VENDORS) for _ in models),
        bases=bases,
        # A gap anywhere in a deep chain makes all of it unknown, so there they are rare.
        statuses=tuple(_status(dice, has_bases=bool(own), likely=60 if is_deep else 6) for own in bases),
        has_index=dice.random() > LIKELY,
    )


def _chain(dice: Random, model: int) -> list[tuple[int, str]]:
    """Two chains side by side, each model made from the one before it; now and then a merge of both."""
    if model < 2:
        return []
    across = [(model - 1, "merge")] if dice.random() > LIKELY + 0.1 else []
    return [(model - 2, dice.choice(RELATIONS)), *across]


def _bases(dice: Random, model: int) -> list[tuple[int, str]]:
    count = dice.choice([0, 0, 1, 2]) if model else 0
    return [(dice.randrange(model), dice.choice(RELATIONS)) for _ in range(count)]


def _status(dice: Random, *, has_bases: bool, likely: int) -> str:
    usual = "complete" if has_bases else "asserted_root"
    return dice.choice([usual] * likely + ["complete", "partial", "unknown"])


def random_way(dice: Random, models: int) -> Way:
    return Way(
        kind=dice.choice(["offering"] * 5 + ["rule_based"]),
        model=dice.randrange(models),
        approved=dice.random() < LIKELY,
        expired=dice.random() > LIKELY,
        fact_changed=dice.random() > LIKELY,
        status=dice.choice(["available"] * 6 + ["deprecated", "removed"]),
        held=dice.random() > LIKELY,
        retires_in=dice.choice([None] * 5 + [30, LEAD_DAYS, LEAD_DAYS + 1]),
        blocked=dice.random() > LIKELY,
        adopted=dice.random() < LIKELY,
        license_class=dice.choice(["open"] * 4 + ["restricted", "non-commercial", "unknown"]),
        context=dice.choice([8192] * 4 + [4000, 512, None]),
    )


def random_plan(seed: int) -> tuple[World, int, list[Way]]:
    dice = Random(seed)  # noqa: S311 - a world for a test, not a secret
    world = random_world(dice)
    models = len(world.bases)
    return world, dice.randrange(models), [random_way(dice, models) for _ in range(dice.randrange(5))]


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
    # What nobody knows of a capability is a question, and no failure.
    able = (way.context is None or way.context >= NEEDED) and not world.has_index
    known = is_lineage_known(world, primary) and is_lineage_known(world, way.model)
    disjoint = not vendors_behind(world, primary) & vendors_behind(world, way.model)
    return alive and allowed and able and known and disjoint and way.model != primary
