"""How much hangs on one vendor: of the organisation, a team or a system, on the newest day and over time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from governance.admin.pages.frame import person_of, show
from governance.models import Concentration
from governance.rules.policy import Policy
from governance.terms import terms_in_force
from registry.models import System, Team

SHOWN_VENDORS = 12
POINTS = 24
WIDTH, HEIGHT = 320, 64
_GAP = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """A day's share, as a height in units of the drawing."""

    day: date
    behind: int
    total: int
    x: float
    width: float
    height: float

    @property
    def y(self) -> float:
        return round(HEIGHT - self.height, 1)

    @property
    def percent(self) -> int:
        return round(100 * self.behind / self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class Row:
    """A vendor on the newest day, with its bars over time, oldest first."""

    newest: Concentration
    bars: list[Bar]
    is_above: bool
    limit_y: float


@dataclass(frozen=True, slots=True)
class ConcentrationPage:
    scope: str
    team: Team | None
    system: System | None
    day: date | None
    rows: list[Row]
    vendor_count: int
    policy: Policy
    teams: list[Team]
    systems: list[System]

    @property
    def is_judged(self) -> bool:
        """Whether there are enough dependencies for UD408 to say anything."""
        return bool(self.rows) and self.rows[0].newest.total >= self.policy.concentration_min_dependencies


def load(*, team: Team | None, system: System | None, policy: Policy) -> ConcentrationPage:
    """In a number of queries that does not depend on how much there is."""
    scope = (
        Concentration.Scope.SYSTEM if system else Concentration.Scope.TEAM if team else Concentration.Scope.ORGANISATION
    )
    of_scope = Concentration.objects.filter(scope=scope, team=team, system=system)
    day = of_scope.aggregate(Max("day"))["day__max"]
    newest = of_scope.filter(day=day).select_related("vendor__parent").order_by("-behind", "vendor__name")
    shown = list(newest[:SHOWN_VENDORS])
    history = _history(of_scope.filter(vendor__in=[one.vendor_id for one in shown]).order_by("day"))
    return ConcentrationPage(
        scope=scope,
        team=team,
        system=system,
        day=day,
        rows=[_row(one, history[one.vendor_id], policy) for one in shown],
        vendor_count=newest.count(),
        policy=policy,
        teams=list(Team.objects.order_by("name")),
        systems=list(System.objects.filter(team=team).order_by("name")) if team else [],
    )


def _history(rows: Iterable[Concentration]) -> dict[int, list[Concentration]]:
    by_vendor: dict[int, list[Concentration]] = defaultdict(list)
    for row in rows:
        by_vendor[row.vendor_id].append(row)
    return by_vendor


def _row(newest: Concentration, history: Sequence[Concentration], policy: Policy) -> Row:
    limit = policy.concentration_max_share
    is_above = policy.is_too_concentrated(newest.behind, newest.total)
    return Row(newest, bars_of(history[-POINTS:]), is_above, limit_y=round(HEIGHT * (1 - limit), 1))


def bars_of(history: Sequence[Concentration]) -> list[Bar]:
    """One bar per snapshot, a full one for all dependencies."""
    step = WIDTH / max(len(history), 8)
    return [
        Bar(
            one.day,
            one.behind,
            one.total,
            x=round(number * step + _GAP / 2, 1),
            width=round(step - _GAP, 1),
            height=round(HEIGHT * one.share, 1),
        )
        for number, one in enumerate(history)
    ]


def concentration(request: HttpRequest) -> HttpResponse:
    if not person_of(request).has_perm("governance.view_concentration"):
        raise PermissionDenied
    system = get_object_or_404(System, slug=request.GET["system"]) if request.GET.get("system") else None
    team = get_object_or_404(Team, slug=request.GET["team"]) if request.GET.get("team") and not system else None
    page = load(team=team, system=system, policy=terms_in_force(timezone.now()))
    return show(request, "concentration.html", title="Concentration", page=page)
