"""Which ways out have to be drilled next: never walked, failed, expired, or about to expire."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from governance.models import Approval
from governance.reach import alternatives_in_force
from registry.models import Alternative, Dependency, Drill, Team

REMINDER = timedelta(days=30)


class State(StrEnum):
    NEVER = "never"
    FAILED = "failed"
    EXPIRED = "expired"
    SOON = "soon"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class DueDrill:
    """An approved way out with its last drill, if it ever had one."""

    alternative: Alternative
    dependency: Dependency
    last: Drill | None
    state: State

    @property
    def is_due(self) -> bool:
        return self.state is not State.GOOD

    @property
    def due_on(self) -> date | None:
        """The last day on which its drill counts; None where none does."""
        return self.last.expires_on if self.last and self.state in {State.SOON, State.GOOD} else None

    @property
    def words(self) -> str:
        if self.last is None:
            return "never drilled"
        if self.state is State.FAILED:
            return f"failed on {self.last.drilled_on:%-d %b %Y}"
        verb = "expired" if self.state is State.EXPIRED else "counts until"
        return f"{verb} {self.last.expires_on:%-d %b %Y}"


def due_of_teams(teams: Collection[Team], *, now: datetime) -> list[DueDrill]:
    """The ways out of the teams' systems that need a drill now or within `REMINDER`, the most pressing first."""
    if not teams:
        return []
    ways = alternatives_in_force().filter(plan_revision__plan__dependency__system__team__in=teams)
    return sorted((one for one in ways_out(ways, now=now) if one.is_due), key=_pressing)


def ways_out(alternatives: QuerySet[Alternative], *, now: datetime) -> list[DueDrill]:
    """The first approved alternative of each plan, with its last drill; by two queries."""
    approved = Approval.objects.filter(alternative=OuterRef("pk"), ended_at=None, expires_on__gte=now.date())
    last = Drill.objects.filter(alternative=OuterRef("pk")).newest_first()
    rows = (
        alternatives.filter(Exists(approved))
        .select_related(
            "offering__model",
            "plan_revision__plan__dependency__system",
            "plan_revision__plan__dependency__environment",
            "plan_revision__plan__dependency__offering__model",
        )
        .annotate(last_drill_id=Subquery(last.values("pk")[:1]))
        .order_by("plan_revision", "order")
    )
    first: dict[int, Alternative] = {}
    for row in rows:
        first.setdefault(row.plan_revision_id, row)
    return list(_with_drills(first.values(), today=now.date()))


def _with_drills(ways: Collection[Alternative], *, today: date) -> Iterable[DueDrill]:
    drills = Drill.objects.in_bulk([way.last_drill_id for way in ways if way.last_drill_id])  # type: ignore[attr-defined]  # annotated
    for way in ways:
        dependency = way.plan_revision.plan.dependency
        if dependency is not None:
            drill = drills.get(way.last_drill_id)  # type: ignore[attr-defined]  # annotated
            yield DueDrill(way, dependency, drill, state_of(drill, today=today))


def state_of(drill: Drill | None, *, today: date) -> State:
    """How the last drill of a way out stands on `today`."""
    if drill is None:
        return State.NEVER
    if drill.outcome == Drill.Outcome.FAILED:
        return State.FAILED
    if drill.expires_on < today:
        return State.EXPIRED
    return State.SOON if drill.expires_on <= today + REMINDER else State.GOOD


_CRITICALITIES = ("critical", "important", "normal", "experimental")


def _pressing(due: DueDrill) -> tuple[int, int, date, str]:
    """Critical systems first; within them what no drill stands behind, then what expires soonest."""
    return (
        _CRITICALITIES.index(due.dependency.system.criticality),
        due.due_on is not None,
        due.due_on or date.min,
        due.dependency.system.name,
    )
