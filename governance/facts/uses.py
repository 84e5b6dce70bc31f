"""From the question of a pipeline to what the rules judge: one `Use` per ref and declared dependency."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, Subquery
from django.db.models.functions import Coalesce

from governance.facts.concentrations import load_concentrations
from governance.facts.dependencies import load_rows, put_together
from governance.facts.hosts import load_hosts
from governance.facts.offerings import load_offerings
from governance.facts.permits import Uses, load_permits
from governance.facts.systems import GLASS_COLUMNS, SYSTEM_COLUMNS, of_glass, system_facts
from governance.rules.facts import DependencyFacts, OfferingFacts, SystemFacts, Use
from registry.among import Among
from registry.models import Dependency, Environment, System
from registry.refs import Resolution, Wanted, resolve


@dataclass(frozen=True, slots=True)
class Asked:
    """A model as a pipeline names it. Without a purpose all uses of it by the system are meant."""

    ref: str
    via: str | None = None
    revision: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A ref with its uses; without any where `resolution` says why it names no offering.

    `is_unnamed` where nobody asked: the system declares it, and a list that is said to be whole does not name it.
    """

    ref: str
    resolution: Resolution | None
    uses: tuple[Use, ...]
    is_unnamed: bool = False


@dataclass(frozen=True, slots=True)
class _Loaded:
    """All that was loaded for one question."""

    system: SystemFacts
    offerings: Mapping[int, OfferingFacts]
    dependencies: Mapping[int, Sequence[DependencyFacts]]
    now: datetime


def load_system(slug: str, environment: str) -> SystemFacts | None:
    """The system in that environment, by one query; None if there is no such system.

    Where there is no such environment `environment_id` is 0, and the facts must not be judged.
    """
    row = (
        System.objects.filter(slug=slug)
        .annotate(
            environment_id=Coalesce(Subquery(Environment.objects.filter(slug=environment).values("pk")), 0),
            is_production=Exists(
                Environment.objects.filter(slug=environment, environment_class=Environment.Class.PRODUCTION)
            ),
        )
        .annotate(**of_glass(environment__slug=environment))
        .values_list(*SYSTEM_COLUMNS, *GLASS_COLUMNS)
        .first()
    )
    return system_facts(row, environment) if row else None


def load(system: SystemFacts, asked: Sequence[Asked], *, now: datetime, is_complete: bool = False) -> list[Judged]:
    """One entry per `asked`, in that order, by at most eleven queries.

    Where `is_complete` says that the system uses nothing else, an entry follows for each dependency that was not named.
    """
    wanted = [Wanted(one.ref, one.via) for one in asked]
    resolutions = resolve(wanted, system=System(pk=system.id)) if wanted else []
    named = {resolution.offering_id for resolution in resolutions if resolution.offering_id is not None}
    said = [
        replace(one, revision=one.revision or resolution.revision)
        for one, resolution in zip(asked, resolutions, strict=True)
    ]
    loaded = _load(system, named, said, now=now, is_complete=is_complete)
    judged = [_judge(one, resolution, loaded) for one, resolution in zip(said, resolutions, strict=True)]
    return judged + (list(_unnamed(judged, loaded)) if is_complete else [])


def _unnamed(judged: Iterable[Judged], loaded: _Loaded) -> Iterable[Judged]:
    named = {use.dependency.id for one in judged for use in one.uses if use.dependency is not None}
    for dependencies in loaded.dependencies.values():
        for dependency in dependencies:
            if dependency.id not in named:
                ref = dependency.offering.name
                yield Judged(ref, None, (_declared(loaded, dependency),), is_unnamed=True)


def load_declared(system: SystemFacts, *, now: datetime) -> list[Judged]:
    """Everything that the system has declared for its environment, as if a pipeline had asked for it."""
    loaded = _load(system, None, (), now=now)
    return [
        Judged(str(offering), None, tuple(_declared(loaded, dependency) for dependency in loaded.dependencies[pk]))
        for pk, offering in sorted(loaded.offerings.items(), key=lambda item: str(item[1]).casefold())
        if pk in loaded.dependencies
    ]


def _load(
    system: SystemFacts,
    offering_ids: Collection[int] | None,
    asked: Sequence[Asked],
    *,
    now: datetime,
    is_complete: bool = False,
) -> _Loaded:
    """The offerings and the system's uses of them; None means whatever it has declared, `is_complete` that as well."""
    declared = Dependency.objects.current().filter(system_id=system.id, environment__slug=system.environment)
    if offering_ids is not None and not is_complete:
        declared = declared.filter(Among("offering_id", offering_ids))
    rows = load_rows(declared)
    named = set(offering_ids or ())
    in_use = named | {row.offering_id for row in rows.dependencies}
    wanted = replace(
        rows.wanted,
        offering_ids=rows.offering_ids | named,
        system_id=system.id,
        uses=Uses(
            offering_ids=in_use,
            purposes={row.purpose for row in rows.dependencies} | {one.purpose for one in asked if one.purpose},
            distribution=system.distribution,
        ),
    )
    permits = load_permits(wanted, today=now.date())
    revisions = rows.revisions | {one.revision for one in asked if one.revision}
    offerings = load_offerings(wanted.offering_ids, now=now, revisions=revisions, permits=permits)
    hosts = load_hosts(rows.server_ids, offerings.values())
    dependencies: dict[int, list[DependencyFacts]] = defaultdict(list)
    for dependency in put_together(rows, offerings, permits, hosts).values():
        dependencies[dependency.offering.id].append(dependency)
    behind = {pk for offering_id in in_use for pk in offerings[offering_id].roots.names}
    concentrations = load_concentrations(system.id, behind)
    whole = replace(system, waivers=tuple(permits.waivers[None]), concentrations=concentrations)
    return _Loaded(whole, offerings, dependencies, now)


def _judge(asked: Asked, resolution: Resolution, loaded: _Loaded) -> Judged:
    if resolution.offering_id is None:
        return Judged(asked.ref, resolution, ())
    declared = [
        dependency
        for dependency in loaded.dependencies.get(resolution.offering_id, ())
        if asked.purpose in {None, dependency.purpose}
    ]
    return Judged(asked.ref, resolution, tuple(_uses(asked, resolution, declared, loaded)))


def _uses(asked: Asked, resolution: Resolution, declared: Iterable[DependencyFacts], loaded: _Loaded) -> Iterable[Use]:
    said = asked.revision or ""
    uses = [replace(_declared(loaded, dependency), is_floating=resolution.is_floating) for dependency in declared]
    if not uses and resolution.offering_id is not None:
        uses = [_undeclared(loaded, resolution.offering_id, asked, is_floating=resolution.is_floating)]
    return (replace(use, revision=said or use.revision, asked_revision=said) for use in uses)


def _declared(loaded: _Loaded, dependency: DependencyFacts) -> Use:
    return Use(
        system=loaded.system,
        offering=dependency.offering,
        dependency=dependency,
        purpose=dependency.purpose,
        now=loaded.now,
        revision=dependency.pinned_revision,
    )


def _undeclared(loaded: _Loaded, offering_id: int, asked: Asked, *, is_floating: bool) -> Use:
    return Use(
        system=loaded.system,
        offering=loaded.offerings[offering_id],
        dependency=None,
        purpose=asked.purpose or "",
        now=loaded.now,
        is_floating=is_floating,
        declared_for=tuple(sorted(one.purpose for one in loaded.dependencies.get(offering_id, ()))),
    )
