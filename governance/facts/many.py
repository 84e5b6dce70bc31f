"""What all systems have declared, some systems at a time: a constant number of queries for each batch.

`governance.facts.uses` loads one system for one question; this is for questions about every system.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from governance.facts.concentrations import load_concentrations_of
from governance.facts.dependencies import load_rows, put_together
from governance.facts.hosts import load_hosts
from governance.facts.offerings import load_offerings
from governance.facts.permits import GIVEN_FOR, load_permits
from governance.models import BreakGlass, Waiver
from governance.rules.facts import DependencyFacts, GlassFacts, SystemFacts, Use, WaiverFacts
from registry.among import Among
from registry.models import Dependency, Environment, System

BATCH = 250


@dataclass(frozen=True, slots=True)
class Span:
    """Systems by id, both ends belonging to it; None: no end."""

    first: int = 0
    last: int | None = None


EVERYTHING = Span()
_SYSTEM = ("team_id", "slug", "name", "criticality", "distribution", "tags")
_WAIVER = ("pk", "proposal_id", "granted_at", "expires_on", "rule", "reason")
Place = tuple[int, int]  # a system and an environment, by id


@dataclass(frozen=True, slots=True)
class Declared:
    """All that a system has declared for one environment."""

    system: SystemFacts
    uses: tuple[Use, ...]


def systems_with_uses(among: Span = EVERYTHING) -> QuerySet[System]:
    """The systems that have a current dependency, by id."""
    used = System.objects.filter(
        Exists(Dependency.objects.current().filter(system=OuterRef("pk"))), pk__gte=among.first
    )
    return (used if among.last is None else used.filter(pk__lte=among.last)).order_by("pk")


def declared_in_batches(*, now: datetime, size: int = BATCH, among: Span = EVERYTHING) -> Iterator[list[Declared]]:
    """Batch after batch what `size` systems have declared, ordered by id; a system is never in two of them."""
    left = among
    while ids := list(systems_with_uses(left).values_list("pk", flat=True)[:size]):
        left = Span(ids[-1] + 1, among.last)
        yield load_many(ids, now=now)


def load_many(system_ids: Collection[int], *, now: datetime) -> list[Declared]:
    """What the systems have declared, by system and environment, by fifteen queries."""
    current = Dependency.objects.current().filter(Among("system_id", system_ids))
    places = {
        pk: (system_id, environment_id)
        for pk, system_id, environment_id in current.values_list("pk", "system_id", "environment_id")
    }
    rows = load_rows(current)
    permits = load_permits(rows.wanted, today=now.date())
    offerings = load_offerings(rows.offering_ids, now=now, revisions=rows.revisions, permits=permits)
    hosts = load_hosts(rows.server_ids, offerings.values())
    dependencies = put_together(rows, offerings, permits, hosts)
    vendors_of: dict[int, set[int]] = defaultdict(set)
    for pk, dependency in dependencies.items():
        vendors_of[places[pk][0]].update(dependency.offering.roots.names)
    systems = _load_systems(vendors_of, set(places.values()), now)
    uses: dict[Place, list[Use]] = defaultdict(list)
    for dependency in dependencies.values():
        place = places[dependency.id]
        uses[place].append(_use(systems[place], dependency, now))
    return [Declared(systems[place], tuple(found)) for place, found in sorted(uses.items(), key=lambda item: item[0])]


def _use(system: SystemFacts, dependency: DependencyFacts, now: datetime) -> Use:
    return Use(
        system=system,
        offering=dependency.offering,
        dependency=dependency,
        purpose=dependency.purpose,
        now=now,
        revision=dependency.pinned_revision,
    )


def _load_systems(
    vendors_of: Mapping[int, Collection[int]], places: Collection[Place], now: datetime
) -> dict[Place, SystemFacts]:
    ids = vendors_of.keys()
    columns = {pk: fields for pk, *fields in System.objects.filter(Among("pk", ids)).values_list("pk", *_SYSTEM)}
    concentrations = load_concentrations_of({pk: team_id for pk, (team_id, *_) in columns.items()}, vendors_of)
    environments = {row.pk: row for row in Environment.objects.all()}
    waivers, glasses = _load_waivers(ids, now), _load_glasses(ids, now)
    found: dict[Place, SystemFacts] = {}
    for system_id, environment_id in places:
        fields: dict[str, Any] = dict(zip(_SYSTEM[1:], columns[system_id][1:], strict=True))
        environment = environments[environment_id]
        found[system_id, environment_id] = SystemFacts(
            id=system_id,
            **(fields | {"tags": tuple(fields["tags"])}),
            environment=environment.slug,
            environment_id=environment_id,
            is_production=environment.environment_class == Environment.Class.PRODUCTION,
            waivers=tuple(waivers[system_id]),
            concentrations=concentrations[system_id],
            glass=glasses.get((system_id, environment_id)),
        )
    return found


def _load_waivers(ids: Collection[int], now: datetime) -> Mapping[int, list[WaiverFacts]]:
    """By system the waivers in force for the whole of it."""
    found: dict[int, list[WaiverFacts]] = defaultdict(list)
    rows = Waiver.objects.filter(Among("system_id", ids), ended_at=None, expires_on__gte=now.date()).order_by("pk")
    columns = ("system_id", *_WAIVER, GIVEN_FOR)
    for system_id, pk, proposal_id, granted_at, expires_on, rule, reason, given_for in rows.values_list(*columns):
        found[system_id].append(
            WaiverFacts(
                id=pk,
                proposal_id=proposal_id,
                granted_at=granted_at,
                expires_on=expires_on,
                rule=rule,
                reason=reason,
                dependency_id=None,
                basis=given_for or {},
            )
        )
    return found


def _load_glasses(ids: Collection[int], now: datetime) -> dict[Place, GlassFacts]:
    rows = BreakGlass.objects.in_force(now).filter(Among("system_id", ids)).order_by("ends_at")
    columns = ("system_id", "environment_id", "pk", "reason", "opened_at", "ends_at")
    return {
        (system_id, environment_id): GlassFacts(*glass)
        for system_id, environment_id, *glass in rows.values_list(*columns)
    }
