"""How much would hang on one vendor if a use moved to another model: the newest snapshot, and what the move alters.

The snapshot is that of `governance.concentration`, whose definition counts here as well. An approval moves nothing by
itself; the numbers are those of the day on which the alternative takes over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Max, Q

from governance.models import Concentration
from registry.lineage import Vendor, roots_of
from registry.models import Dependency, Environment, Offering, System

Scope = Concentration.Scope
_Key = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Share:
    """Of `total` dependencies a vendor stands behind `behind`; beside them those of critical systems."""

    behind: int
    total: int
    critical_behind: int
    critical_total: int

    @property
    def of_all(self) -> float:
        return self.behind / self.total if self.total else 0.0

    @property
    def of_critical(self) -> float:
        return self.critical_behind / self.critical_total if self.critical_total else 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """A use that leaves the vendors behind one model and joins those behind another.

    `is_new` where the snapshot does not have it among its numbers: it adds to all of them, and leaves nobody.
    """

    joins: frozenset[int]
    leaves: frozenset[int] = frozenset()
    is_critical: bool = False
    is_new: bool = False

    def of(self, vendor_id: int, now: Share) -> Share:
        """What becomes of the share of that vendor; pure."""
        more = int(vendor_id in self.joins) - int(vendor_id in self.leaves and not self.is_new)
        added = int(self.is_new)
        after = replace(now, behind=now.behind + more, total=now.total + added)
        if not self.is_critical:
            return after
        return replace(after, critical_behind=now.critical_behind + more, critical_total=now.critical_total + added)


@dataclass(frozen=True, slots=True)
class Line:
    """One vendor within one scope. `is_gained` where it stands behind what takes over, `is_lost` behind what goes."""

    vendor: str
    scope: str
    is_gained: bool
    is_lost: bool
    now: Share
    afterwards: Share

    @property
    def moves(self) -> bool:
        return (self.now.behind, self.now.total) != (self.afterwards.behind, self.afterwards.total)

    @property
    def critical_moves(self) -> bool:
        now, after = self.now, self.afterwards
        return (now.critical_behind, now.critical_total) != (after.critical_behind, after.critical_total)


@dataclass(frozen=True, slots=True)
class After:
    """`day` is that of the snapshot; None where there is none yet, or where `why_not` says that nothing would move."""

    day: date | None = None
    lines: tuple[Line, ...] = ()
    why_not: str = ""


def after_switch(dependency: Dependency, alternative: Offering) -> After:
    """If `alternative` took over from the model in use: in the organisation, for its team and for the system."""
    if dependency.environment.environment_class != Environment.Class.PRODUCTION:
        return After(why_not="This use does not run in production, and only what does is counted.")
    day, system = _newest_day(), dependency.system
    if day is None:
        return After()
    roots = roots_of([dependency.offering.model_id, alternative.model_id])
    leaves, joins = roots[dependency.offering.model_id], roots[alternative.model_id]
    move = Move(
        joins.vendor_ids,
        leaves.vendor_ids,
        is_critical=system.criticality == System.Criticality.CRITICAL,
        is_new=not _is_counted(dependency, day),
    )
    scopes: dict[_Key, str] = {
        (Scope.ORGANISATION, None): "Organisation",
        (Scope.TEAM, system.team_id): f"Team {system.team}",
        (Scope.SYSTEM, system.pk): f"System {system}",
    }
    return After(day, tuple(_lines(day, scopes, move, (*joins.vendors, *leaves.vendors))))


def _is_counted(dependency: Dependency, day: date) -> bool:
    """Whether the snapshot of `day` has it. Of that very day's declarations some may have come later than it."""
    if dependency.ended_on is not None or dependency.declared_on > day:
        return False
    uses = Dependency.objects.current().filter(
        system=dependency.system_id, environment__environment_class=Environment.Class.PRODUCTION
    )
    counted = Concentration.objects.filter(day=day, scope=Scope.SYSTEM, system=dependency.system_id).first()
    return dependency.declared_on < day or (counted is not None and counted.total == uses.count())


def after_adoption(offering: Offering) -> After:
    """If one more system, not a critical one, used `offering` in production: in the organisation."""
    day, roots = _newest_day(), roots_of([offering.model_id])[offering.model_id]
    if day is None:
        return After()
    move = Move(roots.vendor_ids, is_new=True)
    return After(day, tuple(_lines(day, {(Scope.ORGANISATION, None): "Organisation"}, move, roots.vendors)))


def _newest_day() -> date | None:
    day: date | None = Concentration.objects.aggregate(Max("day"))["day__max"]
    return day


def _lines(day: date, scopes: Mapping[_Key, str], move: Move, vendors: Sequence[Vendor]) -> Iterator[Line]:
    """Vendor by vendor, those that are gained first; within one the scopes in their order. Two queries."""
    names = {vendor.pk: vendor.name for vendor in vendors}
    rows = {
        (row.vendor_id, row.scope, row.team_id or row.system_id): row
        for row in Concentration.objects.filter(_within(scopes), day=day, vendor__in=names)
    }
    totals = _totals(day, scopes)
    for vendor_id, name in names.items():
        for key, words in scopes.items():
            row = rows.get((vendor_id, *key))
            total, critical = totals.get(key, (0, 0))
            now = Share(row.behind if row else 0, total, row.critical_behind if row else 0, critical)
            yield Line(name, words, vendor_id in move.joins, vendor_id in move.leaves, now, move.of(vendor_id, now))


def _totals(day: date, scopes: Mapping[_Key, str]) -> dict[_Key, tuple[int, int]]:
    """Of how many each scope has; a vendor that stands behind nothing has no row that would say so."""
    rows = Concentration.objects.filter(_within(scopes), day=day).order_by()
    found = rows.values_list("scope", "team_id", "system_id", "total", "critical_total").distinct()
    return {(scope, team or system): (total, critical) for scope, team, system, total, critical in found}


def _within(scopes: Mapping[_Key, str]) -> Q:
    within = Q()
    for scope, pk in scopes:
        team, system = (pk if scope == one else None for one in (Scope.TEAM, Scope.SYSTEM))
        within |= Q(scope=scope, team=team, system=system)
    return within
