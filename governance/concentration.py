"""How much hangs on one vendor: for the organisation, each team and each system, kept once a day.

A vendor stands behind a dependency where it is among the root vendors of the model: its developer or that of a base,
each with all parents, as `registry.lineage` says. Counted are current dependencies in production; those of critical
systems are counted a second time beside the others. Shares of vendors add up to more than one, because several can
stand behind one model.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from governance.models import Concentration
from registry.lineage import roots_of
from registry.locks import serialise
from registry.models import Dependency, Environment, System

BATCH = 2000
# After these days a month keeps its first day alone: what a chart over years shows.
_DAILY = timedelta(days=62)
_Key = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Used:
    """A dependency in production: the model, whose it is, and whether the system is critical."""

    model_id: int
    system_id: int
    team_id: int
    is_critical: bool

    @property
    def scopes(self) -> tuple[_Key, ...]:
        return (
            (Concentration.Scope.ORGANISATION, None),
            (Concentration.Scope.TEAM, self.team_id),
            (Concentration.Scope.SYSTEM, self.system_id),
        )


def snapshot(*, now: datetime) -> int:
    """Write the rows of today once; a second call, or a second worker, writes none. Returns how many were written."""
    today = now.date()
    if Concentration.objects.filter(day=today).exists():
        return 0
    rows = list(_rows(_used(), today))
    with transaction.atomic():
        serialise("concentration")
        if Concentration.objects.filter(day=today).exists():
            return 0
        for start in range(0, len(rows), BATCH):
            Concentration.objects.bulk_create(rows[start : start + BATCH])
        thin(today)
    return len(rows)


def thin(today: date) -> int:
    """Remove what is older than two months but for the first of each month; returns how many rows went."""
    old = Concentration.objects.filter(day__lt=today - _DAILY).exclude(day__day=1)
    return old.delete()[0]


def _used() -> list[Used]:
    rows = (
        Dependency.objects.current()
        .filter(environment__environment_class=Environment.Class.PRODUCTION)
        .order_by()
        .values_list("offering__model_id", "system_id", "system__team_id", "system__criticality")
    )
    return [
        Used(model_id, system_id, team_id, criticality == System.Criticality.CRITICAL)
        for model_id, system_id, team_id, criticality in rows
    ]


def _rows(used: Iterable[Used], today: date) -> Iterator[Concentration]:
    used = list(used)
    roots = {pk: found.vendor_ids for pk, found in roots_of({one.model_id for one in used}).items()}
    totals: Counter[_Key] = Counter()
    critical_totals: Counter[_Key] = Counter()
    behind: dict[_Key, Counter[int]] = defaultdict(Counter)
    critical: dict[_Key, Counter[int]] = defaultdict(Counter)
    for one in used:
        vendors = roots[one.model_id]
        for key in one.scopes:
            totals[key] += 1
            behind[key].update(vendors)
            if one.is_critical:
                critical_totals[key] += 1
                critical[key].update(vendors)
    for key, counts in behind.items():
        scope, pk = key
        for vendor_id, number in counts.items():
            yield Concentration(
                day=today,
                scope=scope,
                team_id=pk if scope == Concentration.Scope.TEAM else None,
                system_id=pk if scope == Concentration.Scope.SYSTEM else None,
                vendor_id=vendor_id,
                behind=number,
                total=totals[key],
                critical_behind=critical[key][vendor_id],
                critical_total=critical_totals[key],
            )
