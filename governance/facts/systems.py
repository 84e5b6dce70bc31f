"""A system in an environment: what levels depend on, its tags, and whether its gate is held open."""

from collections.abc import Collection
from typing import Any

from django.db.models import OuterRef, Subquery

from governance.models import BreakGlass
from governance.rules.facts import GlassFacts, SystemFacts
from registry.among import Among
from registry.models import Dependency, Environment

# `environment_id` and `is_production` are annotated by whoever asks.
SYSTEM_COLUMNS = ("id", "slug", "name", "criticality", "distribution", "tags", "environment_id", "is_production")
_GLASS = ("pk", "reason", "opened_at", "ends_at")
GLASS_COLUMNS = tuple(f"glass_{column}" for column in _GLASS)


def of_glass(**environment: Any) -> dict[str, Subquery]:
    """The columns of the last break-glass of a system that nobody closed, to annotate systems with."""
    last = BreakGlass.objects.filter(system=OuterRef("pk"), closed_at=None, **environment).order_by("-ends_at")
    return {f"glass_{column}": Subquery(last.values(column)[:1]) for column in _GLASS}


def system_facts(row: tuple[Any, ...], environment: str) -> SystemFacts:
    """The facts in a row of `SYSTEM_COLUMNS` and `GLASS_COLUMNS`, whole waivers left out."""
    fields = dict(zip(SYSTEM_COLUMNS, row, strict=False))
    glass = row[len(SYSTEM_COLUMNS) :]
    fields["tags"] = tuple(fields["tags"])
    return SystemFacts(environment=environment, **fields, glass=GlassFacts(*glass) if glass[0] is not None else None)


def load_systems_of(dependency_ids: Collection[int]) -> dict[int, SystemFacts]:
    """By dependency its system in its environment, with what a plan is judged by and no more; by one query."""
    rows = Dependency.objects.filter(Among("pk", dependency_ids)).values_list(
        "pk",
        "environment_id",
        "system_id",
        "system__slug",
        "system__name",
        "system__criticality",
        "system__distribution",
        "environment__slug",
        "environment__environment_class",
    )
    known: dict[tuple[int, int], SystemFacts] = {}
    found: dict[int, SystemFacts] = {}
    for pk, environment_id, system_id, slug, name, criticality, distribution, environment, environment_class in rows:
        place = (system_id, environment_id)
        if place not in known:
            known[place] = SystemFacts(
                id=system_id,
                slug=slug,
                name=name,
                criticality=criticality,
                distribution=distribution,
                environment=environment,
                environment_id=environment_id,
                is_production=environment_class == Environment.Class.PRODUCTION,
            )
        found[pk] = known[place]
    return found
