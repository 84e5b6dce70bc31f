"""The newest snapshot of concentration, for systems with their teams and the organisation: one query.

A system is told of the vendors behind what it uses alone: a large organisation has thousands of others.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from django.db.models import Q, Subquery

from governance.models import Concentration
from governance.rules.facts import ConcentrationFacts
from registry.among import Among
from registry.models import System

ByVendor = Mapping[int, tuple[ConcentrationFacts, ...]]
_COLUMNS = ("day", "scope", "team__name", "system__name", "vendor_id", "vendor__name", "behind", "total")


def load_concentrations(system_id: int, vendor_ids: Collection[int]) -> ByVendor:
    """How much of the organisation, the team and the system hangs on each vendor, on the newest day there is."""
    # A subquery, because a join with all systems of the team would be made before anything is left out.
    team = System.objects.filter(pk=system_id).values("team_id")
    of_team = Q(scope=Concentration.Scope.TEAM, team_id=Subquery(team))
    of_system = Q(scope=Concentration.Scope.SYSTEM, system_id=system_id)
    found: dict[int, list[ConcentrationFacts]] = defaultdict(list)
    for _, _, facts in _rows(of_team | of_system, vendor_ids):
        found[facts.vendor_id].append(facts)
    return {vendor_id: tuple(of_vendor) for vendor_id, of_vendor in found.items()}


def load_concentrations_of(
    team_of: Mapping[int, int], vendors_of: Mapping[int, Collection[int]]
) -> dict[int, ByVendor]:
    """As `load_concentrations`, by system, for the systems whose teams and vendors are told."""
    of_teams = Q(Among("team_id", set(team_of.values())), scope=Concentration.Scope.TEAM)
    of_systems = Q(Among("system_id", team_of), scope=Concentration.Scope.SYSTEM)
    found: dict[tuple[int, int | None, int | None], ConcentrationFacts] = {}
    for team_id, system_id, facts in _rows(of_teams | of_systems, set().union(*vendors_of.values())):
        found[facts.vendor_id, team_id, system_id] = facts
    return {
        system_id: {
            vendor_id: of_vendor
            for vendor_id in vendors_of.get(system_id, ())
            if (of_vendor := tuple(_of_vendor(found, vendor_id, team_id, system_id)))
        }
        for system_id, team_id in team_of.items()
    }


def _of_vendor(
    found: Mapping[tuple[int, int | None, int | None], ConcentrationFacts], vendor_id: int, team_id: int, system_id: int
) -> Iterator[ConcentrationFacts]:
    for team, system in ((None, None), (None, system_id), (team_id, None)):
        if facts := found.get((vendor_id, team, system)):
            yield facts


def _rows(about: Q, vendor_ids: Collection[int]) -> Iterator[tuple[int | None, int | None, ConcentrationFacts]]:
    """Team and system, where the row is of one, with the facts; those of the organisation are always among them."""
    # Each day has rows of the organisation, and those have a small index of their own.
    newest = Concentration.objects.filter(scope=Concentration.Scope.ORGANISATION).order_by("-day").values("day")[:1]
    rows = Concentration.objects.filter(
        Q(scope=Concentration.Scope.ORGANISATION) | about, Among("vendor_id", vendor_ids), day=Subquery(newest)
    ).order_by("scope")
    for team_id, system_id, day, scope, team, system, *counted in rows.values_list("team_id", "system_id", *_COLUMNS):
        yield team_id, system_id, ConcentrationFacts(day, _scope(scope, team, system), *counted)


def _scope(scope: str, team: str | None, system: str | None) -> str:
    if scope == Concentration.Scope.ORGANISATION:
        return "the organisation"
    return f"the team {team}" if scope == Concentration.Scope.TEAM else str(system)
