"""A gateway's configuration against the approved plans: read it, compare it, keep the report, tell the teams.

A report is kept when a configuration is handed in, and again when the same one differs in another way than before,
because a plan, an approval or a block has changed meanwhile. Teams hear of each drift once: what an earlier report of
the gateway said in the same words is not news.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction

from governance import audit
from governance.facts import OfferingFacts, load_offerings, load_systems_of
from governance.gateway import Ready, ready_uses
from governance.models import Drift, Gateway, GatewayReport
from governance.notices import digest_channels, open_digest
from governance.rules.catalogue import NOTE, OFF, WARNING
from governance.rules.drift import RULE, Deployment, DriftFound, Route, Serving, UseOfModel, find_drifts
from governance.rules.facts import SystemFacts
from governance.rules.policy import Policy, lower
from governance.terms import terms_in_force
from registry.imports.litellm import gateway_of, load
from registry.locks import serialise
from registry.models import System, User
from registry.refs import Wanted, resolve

_LONGEST_REF = 400


def read_gateway(
    gateway: Gateway, content: bytes, *, file_name: str, person: User | None, now: datetime
) -> GatewayReport:
    """Keep what the configuration says, without its secrets, and how it differs; raises `registry.imports.Refused`."""
    said = gateway_of(load(content))
    configuration = {"served": [asdict(one) for one in said.served], "routes": [asdict(one) for one in said.routes]}
    with transaction.atomic():
        serialise("triage")
        report = GatewayReport(
            gateway=gateway,
            compared_at=now,
            read_at=now,
            read_by=person,
            file_name=file_name[:200],
            configuration=configuration,
        )
        _keep(report, _compare(gateway, configuration, now=now), now=now)
        told = {"gateway": gateway.slug, "file": report.file_name, "drifts": report.drifts.count()}
        audit.record("governance:gateway:read", report, actor=person, after=told)
    return report


def compare_again(gateway: Gateway, *, now: datetime) -> GatewayReport | None:
    """A new report where the configuration that was read last differs in another way by now; None where it does not."""
    with transaction.atomic():
        serialise("triage")
        last = gateway.reports.first()
        if last is None:
            return None
        drifts = _compare(gateway, last.configuration, now=now)
        if {one.fingerprint for one in drifts} == set(last.drifts.values_list("fingerprint", flat=True)):
            return None
        report = GatewayReport(
            gateway=gateway,
            compared_at=now,
            read_at=last.read_at,
            read_by=last.read_by,
            file_name=last.file_name,
            configuration=last.configuration,
        )
        _keep(report, drifts, now=now)
        told = {"gateway": gateway.slug, "drifts": len(drifts)}
        audit.record("governance:gateway:compared", report, actor=None, after=told)
    return report


def watch(*, now: datetime) -> int:
    """Compare every gateway again; returns how many differ in another way than before."""
    return sum(compare_again(gateway, now=now) is not None for gateway in Gateway.objects.select_related(*_SCOPE))


def names_there(gateway: Gateway) -> dict[int, str]:
    """By offering the first name that callers of the gateway have for it, as of the configuration that was read last."""
    last = gateway.reports.first()
    if last is None:
        return {}
    pairs = [(one["name"], one["model"]) for one in last.configuration["served"] if one["model"]]
    resolved = _resolve({model for _, model in pairs}, gateway.system)
    return {resolved[model]: name for name, model in reversed(pairs) if model in resolved}


_SCOPE = ("system", "environment", "team")


# --- compare ----------------------------------------------------------------------------------
def _compare(gateway: Gateway, configuration: Mapping[str, Any], *, now: datetime) -> list[Drift]:
    """The differences of this moment, weighed by policy; not saved, and without a report."""
    ready = ready_uses(
        now=now,
        system=gateway.system.slug if gateway.system else None,
        environment=gateway.environment.slug if gateway.environment else None,
    )
    found = find_drifts(_serving(configuration, gateway.system, now=now), [_use(one) for one in ready])
    systems = load_systems_of([one.use.pk for one in ready])
    policy = terms_in_force(now)
    drifts = [_drift(position, one, systems, policy) for position, one in enumerate(found)]
    return [drift for drift in drifts if drift.level != OFF]


def _use(ready: Ready) -> UseOfModel:
    return UseOfModel(ready.use.pk, ready.label, ready.facts.offering, ready.taking_over)


def _serving(configuration: Mapping[str, Any], system: System | None, *, now: datetime) -> Serving:
    served = configuration["served"]
    routes = configuration["routes"]
    names = dict.fromkeys(one["name"] for one in served)
    mentioned = {name for route in routes for name in (route["primary"], *route["fallbacks"])} - names.keys()
    resolved = _resolve({one["model"] for one in served if one["model"]} | mentioned, system)
    offerings = load_offerings(set(resolved.values()), now=now)
    meanings: dict[str, list[Deployment]] = defaultdict(list)
    for one in served:
        meanings[one["name"]].append(_deployment(one, resolved, offerings))
    for name in mentioned:
        # A name without an entry of its own is served by an entry for all of a provider, if at all.
        bare = {"model": name, "place": "", "unsure": ""}
        meanings[name].append(_deployment(bare, resolved, offerings))
    return Serving(
        served=tuple(names),
        meanings={name: tuple(deployments) for name, deployments in meanings.items()},
        routes=tuple(
            Route(
                route["primary"],
                tuple(route["fallbacks"]),
                route["place"],
                is_ordinary=route["kind"] in {"fallbacks", "default_fallbacks"},
            )
            for route in routes
        ),
    )


def _resolve(refs: set[str], system: System | None) -> dict[str, int]:
    resolved = resolve([Wanted(ref) for ref in refs], system=system)
    return {one.ref: one.offering_id for one in resolved if one.offering_id is not None}


def _deployment(
    one: Mapping[str, str], resolved: Mapping[str, int], offerings: Mapping[int, OfferingFacts]
) -> Deployment:
    model = one["model"]
    if model in resolved:
        return Deployment(offerings[resolved[model]], place=one["place"])
    why = one["unsure"] or "is neither an id nor an alias of the register"
    return Deployment(None, problem=f"“{model}” {why}." if model else f"it {why}.", place=one["place"])


def _drift(position: int, one: DriftFound, systems: Mapping[int, SystemFacts], policy: Policy) -> Drift:
    system = systems.get(one.dependency_id or 0)
    level = WARNING
    if system is not None:
        level = policy.level_of(RULE, criticality=system.criticality, is_production=system.is_production)
    level = lower(level, one.at_most) if one.at_most else level
    said = f"{one.kind}\n{one.ref}\n{one.message}\n{one.dependency_id}"
    return Drift(
        position=position,
        kind=one.kind,
        rule=RULE,
        level=level,
        ref=one.ref[:_LONGEST_REF],
        message=one.message,
        fix=one.fix,
        place=one.place[:300],
        dependency_id=one.dependency_id,
        fingerprint=sha256(said.encode()).hexdigest(),
    )


# --- keep and tell ----------------------------------------------------------------------------
def _keep(report: GatewayReport, drifts: Sequence[Drift], *, now: datetime) -> None:
    last = report.gateway.reports.first()
    known = set(last.drifts.values_list("fingerprint", flat=True)) if last else set()
    report.save(force_insert=True)
    for drift in drifts:
        drift.report = report
    Drift.objects.bulk_create(drifts)
    fresh = {drift.fingerprint for drift in drifts if drift.fingerprint not in known and drift.level != NOTE}
    _tell(report.drifts.filter(fingerprint__in=fresh).select_related("dependency__system"), report, now=now)


def _tell(drifts: Iterable[Drift], report: GatewayReport, *, now: datetime) -> None:
    """Put them into the digest of the gateway's team, and of each other team those about its own systems."""
    by_team: dict[int, list[Drift]] = defaultdict(list)
    for drift in drifts:
        teams = {report.gateway.team_id} | ({drift.dependency.system.team_id} if drift.dependency else set())
        for team_id in teams:
            by_team[team_id].append(drift)
    for team_id, channels in digest_channels(by_team).items():
        for channel in channels:
            news = by_team[team_id]
            open_digest(channel, len(news), now=now, about="gateways").drifts.add(*news)
