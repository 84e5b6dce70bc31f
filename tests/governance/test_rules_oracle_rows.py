"""The roots of rows against the oracle's, before and after vendors merge; and no lineage runs in a circle."""

from dataclasses import replace
from random import Random

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.lineage import roots_of
from registry.merge import merge
from registry.models import AIModel, LineageEdge, Vendor
from tests import factories
from tests.factories import NOW
from tests.governance.oracle import (
    VENDORS,
    WORLDS_OF_ROWS,
    World,
    is_lineage_known,
    random_world,
    vendors_behind,
)


def build(world: World) -> tuple[list[Vendor], list[AIModel]]:
    vendors: list[Vendor] = []
    for number, parent in enumerate(world.parents):
        owner = vendors[parent] if parent is not None else None
        vendors.append(factories.vendor(f"v{number}", parent=owner, is_self=number == world.is_self))
    team = factories.team()
    models = [
        factories.model(f"m{number}", developer=vendors[developer], owner=team, lineage_status=status)
        for number, (developer, status) in enumerate(zip(world.developers, world.statuses, strict=True))
    ]
    for child, bases in enumerate(world.bases):
        for base, relation in set(bases):
            LineageEdge(child=models[child], base=models[base], relation=relation).save()
    return vendors, models


def merged(world: World, gone: int, into: int) -> World:
    """The world with `gone` renamed to `into` wherever it stands. The oracle keeps the one that is gone, without anything."""
    parents = [into if parent == gone else parent for parent in world.parents]
    parents[into] = world.parents[gone] if world.parents[into] == gone else world.parents[into]
    return replace(
        world,
        parents=tuple(parents),
        developers=tuple(into if developer == gone else developer for developer in world.developers),
    )


@pytest.mark.django_db
@settings(
    max_examples=WORLDS_OF_ROWS,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**64))
def test_rows_have_the_roots_of_the_oracle_before_and_after_vendors_merge(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - a world for a test, not a secret
    world = random_world(dice)
    with transaction.atomic():
        vendors, models = build(world)
        person = factories.user()
        for _ in range(3):
            assert roots_in_rows(models) == [named(world, model) for model in range(len(models))]
            gone, into = dice.sample(range(VENDORS), 2)
            try:
                merge(vendors[gone], vendors[into], reason="One.", by=person, now=NOW)
            except ValidationError:
                continue
            world = merged(world, gone, into)
        assert roots_in_rows(models) == [named(world, model) for model in range(len(models))]
        transaction.set_rollback(True)


def roots_in_rows(models: list[AIModel]) -> list[tuple[set[str], bool]]:
    found = roots_of([model.pk for model in models])
    return [({vendor.slug for vendor in found[model.pk].vendors}, found[model.pk].is_known) for model in models]


def named(world: World, model: int) -> tuple[set[str], bool]:
    return {f"v{vendor}" for vendor in vendors_behind(world, model)}, is_lineage_known(world, model)


# --- no circles --------------------------------------------------------------------------------


@pytest.mark.django_db
@settings(
    max_examples=WORLDS_OF_ROWS,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pairs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=25))
def test_an_edge_is_refused_exactly_when_it_closes_a_circle(pairs: list[tuple[int, int]]) -> None:
    with transaction.atomic():
        developer, team = factories.vendor(), factories.team()
        models = [factories.model(developer=developer, owner=team) for _ in range(7)]
        bases: dict[int, set[int]] = {number: set() for number in range(7)}
        for child, base in pairs:
            closes = child in reached(bases, base)
            assert is_refused(models[child], models[base]) is closes, (child, base, bases)
            bases[child] |= set() if closes else {base}
        transaction.set_rollback(True)


def reached(bases: dict[int, set[int]], model: int) -> set[int]:
    return {model}.union(*(reached(bases, base) for base in bases[model]))


def is_refused(child: AIModel, base: AIModel) -> bool:
    if LineageEdge.objects.filter(child=child, base=base).exists():
        return False
    try:
        LineageEdge(child=child, base=base, relation="merge").save()
    except ValidationError:
        return True
    return False
