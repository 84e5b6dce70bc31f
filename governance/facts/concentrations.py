"""The newest snapshot of concentration, for one system with its team and the organisation: one query."""

from django.db.models import Q, Subquery

from governance.models import Concentration
from governance.rules.facts import ConcentrationFacts


def load_concentrations(system_id: int) -> tuple[ConcentrationFacts, ...]:
    """The vendors behind the organisation, the team and the system, scope by scope, on the newest day there is."""
    newest = Concentration.objects.order_by("-day").values("day")[:1]
    about = (
        Q(scope=Concentration.Scope.ORGANISATION)
        | Q(scope=Concentration.Scope.TEAM, team__systems=system_id)
        | Q(scope=Concentration.Scope.SYSTEM, system_id=system_id)
    )
    rows = (
        Concentration.objects.filter(about, day=Subquery(newest))
        .order_by("scope", "-behind", "vendor_id")
        .values_list("day", "scope", "team__name", "system__name", "vendor_id", "vendor__name", "behind", "total")
    )
    return tuple(
        ConcentrationFacts(day, _scope(scope, team, system), vendor_id, vendor, behind, total)
        for day, scope, team, system, vendor_id, vendor, behind, total in rows
    )


def _scope(scope: str, team: str | None, system: str | None) -> str:
    if scope == Concentration.Scope.ORGANISATION:
        return "the organisation"
    return f"the team {team}" if scope == Concentration.Scope.TEAM else str(system)
