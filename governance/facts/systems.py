"""A system in an environment: what levels depend on, its tags, and whether its gate is held open."""

from typing import Any

from django.db.models import OuterRef, Subquery

from governance.models import BreakGlass
from governance.rules.facts import GlassFacts, SystemFacts

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
