"""The newest snapshot of concentration, for systems with their teams and the organisation: one query."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from django.db.models import Q, Subquery

from governance.models import Concentration
from governance.rules.facts import ConcentrationFacts
from registry.among import Among
from registry.models import System

_COLUMNS = ("day", "scope", "team__name", "system__name", "vendor_id", "vendor__name", "behind", "total")


def load_concentrations(system_id: int) -> tuple[ConcentrationFacts, ...]:
    """The vendors behind the organisation, the team and the system, scope by scope, on the newest day there is."""
    # A subquery, because a join with all systems of the team would be made before anything is left out.
    team = System.objects.filter(pk=system_id).values("team_id")
    of_team = Q(scope=Concentration.Scope.TEAM, team_id=Subquery(team))
    of_system = Q(scope=Concentration.Scope.SYSTEM, system_id=system_id)
    return tuple(facts for _, _, facts in _rows(of_team | of_system))


def load_concentrations_of(team_of: Mapping[int, int]) -> dict[int, tuple[ConcentrationFacts, ...]]:
    """As `load_concentrations`, by system, for the systems whose teams `team_of` tells."""
    of_teams = Q(Among("team_id", set(team_of.values())), scope=Concentration.Scope.TEAM)
    of_systems = Q(Among("system_id", team_of), scope=Concentration.Scope.SYSTEM)
    found: dict[tuple[int | None, int | None], list[ConcentrationFacts]] = defaultdict(list)
    for team_id, system_id, facts in _rows(of_teams | of_systems):
        found[team_id, system_id].append(facts)
    return {
        system_id: (*found[None, None], *found[None, system_id], *found[team_id, None])
        for system_id, team_id in team_of.items()
    }


def _rows(about: Q) -> Iterator[tuple[int | None, int | None, ConcentrationFacts]]:
    """Team and system, where the row is of one, with the facts; those of the organisation are always among them."""
    # Each day has rows of the organisation, and those have a small index of their own.
    newest = Concentration.objects.filter(scope=Concentration.Scope.ORGANISATION).order_by("-day").values("day")[:1]
    rows = Concentration.objects.filter(
        Q(scope=Concentration.Scope.ORGANISATION) | about, day=Subquery(newest)
    ).order_by("scope", "-behind", "vendor_id")
    for team_id, system_id, day, scope, team, system, *counted in rows.values_list("team_id", "system_id", *_COLUMNS):
        yield team_id, system_id, ConcentrationFacts(day, _scope(scope, team, system), *counted)


def _scope(scope: str, team: str | None, system: str | None) -> str:
    if scope == Concentration.Scope.ORGANISATION:
        return "the organisation"
    return f"the team {team}" if scope == Concentration.Scope.TEAM else str(system)
