"""Which production dependencies hang on one vendor."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, QuerySet, Value, When

from governance.admin.pages.plan_states import PlanLine, lines_of
from registry.models import Dependency, Environment, System

_ORDER = [System.Criticality.CRITICAL, System.Criticality.IMPORTANT, System.Criticality.NORMAL]


@dataclass(frozen=True, slots=True)
class Overview:
    """The first rows, the most critical first; `count` and `total` are over all production dependencies."""

    rows: list[PlanLine]
    count: int
    total: int


def load(*, now: datetime, limit: int) -> Overview:
    """Dependencies in production whose plan does not hold. Experiments are no reason to lose sleep and are left out."""
    lines = lines_of(list(_in_production()), now=now)
    hanging = [line for line in lines if not line.holds]
    return Overview(rows=hanging[:limit], count=len(hanging), total=len(lines))


def _in_production() -> QuerySet[Dependency]:
    by_criticality = Case(*(When(system__criticality=c, then=Value(place)) for place, c in enumerate(_ORDER)))
    return (
        Dependency.objects.current()
        .filter(environment__environment_class=Environment.Class.PRODUCTION)
        .exclude(system__criticality=System.Criticality.EXPERIMENTAL)
        .select_related("system", "offering__model", "environment")
        .order_by(by_criticality, "system__name", "purpose")
    )
