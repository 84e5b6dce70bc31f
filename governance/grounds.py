"""What an answer rested on, each thing by name and in words, so that a later answer can be held against it. Pure.

Nothing in it depends on the day: a date stands as the date, and not as the days that are left. So answers on the same
grounds have the same document, which is kept once. It has these parts:

    {"uses": {"acme/e5": {"pins": ["9c925d64"], "about": ["offering:12", "dependency:7", "offering:31"]}},
     "lead_days": 30,
     "grounds": {"offering:12 status": {"kind": "fact", "of": "offering:12", "subject": "acme/e5 (huggingface)",
                                        "what": "status", "value": "available", "page": ["offering", 12]}}}

A ground with `until` counts up to and including that day.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from governance.rules.facts import (
    AlternativeFacts,
    DependencyFacts,
    OfferingFacts,
    PermitFacts,
    SystemFacts,
    Use,
    WaiverFacts,
)

FACT, DECISION, USE = "fact", "decision", "use"
NOTHING = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One thing that an answer rests on. `page` is where a person reads on: a kind of `governance.links` and an id."""

    kind: str
    of: str
    subject: str
    what: str
    value: str
    page: tuple[str, int | None]
    until: date | None = None

    @property
    def key(self) -> str:
        return f"{self.of} {self.what}"

    @property
    def as_json(self) -> dict[str, object]:
        fields: dict[str, object] = {
            "kind": self.kind,
            "of": self.of,
            "subject": self.subject,
            "what": self.what,
            "value": self.value,
            "page": list(self.page),
        }
        return fields | ({"until": self.until.isoformat()} if self.until else {})


def grounds_of(system: SystemFacts, uses: Iterable[tuple[str, Use]], *, lead_days: int) -> dict[str, object]:
    """The document for all uses, each with the ref by which it was asked for."""
    found = {ground.key: ground.as_json for ground in _of_system(system)}
    said: dict[str, dict[str, list[str]]] = {}
    for ref, use in uses:
        about = said.setdefault(ref, {"pins": [], "about": []})
        _add(about["pins"], use.revision)
        for ground in _of_use(use):
            found[ground.key] = ground.as_json
            _add(about["about"], ground.of)
    return {"uses": said, "lead_days": lead_days, "grounds": found}


def _add(texts: list[str], text: str) -> None:
    if text not in texts:
        texts.append(text)


def _of_system(system: SystemFacts) -> Iterator[Ground]:
    def ground(kind: str, what: str, value: str) -> Ground:
        return Ground(kind=kind, of="system", subject=system.name, what=what, value=value, page=("system", system.id))

    yield ground(USE, "criticality", system.criticality)
    yield ground(USE, "distribution", system.distribution)
    yield ground(DECISION, "tags", _listed(system.tags))
    for waiver in system.waivers:
        yield _waiver(waiver, of="system", subject=system.name)
    if system.glass is not None:
        yield Ground(
            kind=DECISION,
            of="system",
            subject=system.name,
            what="break-glass",
            value=f"until {system.glass.ends_at:%Y-%m-%d %H:%M} UTC",
            page=("break-glass", system.glass.id),
            until=system.glass.ends_at.date(),
        )
    for one in system.concentrations:
        yield Ground(
            kind=FACT,
            of="system",
            subject=system.name,
            what=f"share of {one.vendor} in {one.scope}",
            value=f"{one.share:.0%}",
            page=("concentration", None),
        )


def _of_use(use: Use) -> Iterator[Ground]:
    offering = use.offering
    yield from _of_offering(offering, revision=use.revision)
    yield Ground(
        kind=DECISION,
        of=f"offering:{offering.id}",
        subject=str(offering),
        what=f"adoption for {use.purpose or 'any purpose'} ({use.system.distribution})",
        value=_permit(use.adoption),
        page=("proposal", use.adoption.proposal_id) if use.adoption else ("offering", offering.id),
        until=_until(use.adoption),
    )
    if use.dependency is not None:
        yield from _of_dependency(use.dependency, system=use.system)


def _of_offering(offering: OfferingFacts, *, revision: str = "") -> Iterator[Ground]:
    license_ = offering.license_at(revision)
    stale = offering.stale
    values: dict[str, tuple[str, str, tuple[str, int | None]]] = {
        "register state": (FACT, offering.register_state, ("model", offering.model_id)),
        "owner": (FACT, offering.owner if offering.has_active_owner else NOTHING, ("model", offering.model_id)),
        "status": (FACT, offering.status, ("offering", offering.id)),
        "retirement": (FACT, str(offering.retires_on or NOTHING), ("offering", offering.id)),
        "gating": (FACT, offering.gating, ("offering", offering.id)),
        "identity": (FACT, offering.upstream_id or NOTHING, ("offering", offering.id)),
        "license": (FACT, license_.spdx_id if license_ else NOTHING, ("offering", offering.id)),
        "vendors behind it": (FACT, _listed(sorted(offering.roots.names.values())), ("model", offering.model_id)),
        "lineage": (FACT, "known" if offering.roots.is_known else "not known", ("model", offering.model_id)),
        "confirmation": (
            FACT,
            f"{stale.source} silent since {stale.since:%Y-%m-%d %H:%M} UTC" if stale else "fresh",
            ("source", stale.source_id) if stale else ("offering", offering.id),
        ),
        "block": (DECISION, _listed(f"{one.subject}: {one.reason}" for one in offering.blocks), ("blocks", None)),
    }
    if offering.has_revisions and not revision:
        values["current revision"] = (FACT, offering.head_revision or NOTHING, ("offering", offering.id))
    for what, (kind, value, page) in values.items():
        until = offering.retires_on if what == "retirement" else None
        yield Ground(
            kind=kind,
            of=f"offering:{offering.id}",
            subject=str(offering),
            what=what,
            value=value,
            page=page,
            until=until,
        )


def _of_dependency(dependency: DependencyFacts, *, system: SystemFacts) -> Iterator[Ground]:
    of, subject = f"dependency:{dependency.id}", f"{dependency.offering} for {dependency.purpose}"

    def ground(kind: str, what: str, value: str, *, until: date | None = None) -> Ground:
        page = ("plan" if what == "plan" else "dependency", dependency.id)
        return Ground(kind=kind, of=of, subject=subject, what=what, value=value, page=page, until=until)

    yield ground(USE, "declaration", f"declared by {system.name}")
    yield ground(USE, "pinned revision", dependency.pinned_revision or NOTHING)
    yield ground(USE, "verified copy", "held" if dependency.has_verified_copy else NOTHING)
    host = dependency.host
    served = "not stated" if host is None else _listed(sorted(host.names.values()), nobody="ourselves")
    yield ground(USE, "served by", served)
    plan = dependency.plan
    yield ground(USE, "plan", f"revision {plan.number}" if plan and plan.number else NOTHING)
    for waiver in dependency.waivers:
        yield _waiver(waiver, of=of, subject=subject)
    for action in dependency.actions:
        yield ground(USE, f"to do: {action.concern}", f"due {action.due_on}", until=action.due_on)
    for alternative in plan.alternatives if plan else ():
        yield from _of_alternative(alternative, dependency)


def _of_alternative(alternative: AlternativeFacts, dependency: DependencyFacts) -> Iterator[Ground]:
    of, subject = f"dependency:{dependency.id}", f"{dependency.offering} for {dependency.purpose}"
    approval, drill = alternative.approval, alternative.drill
    yield Ground(
        kind=DECISION,
        of=of,
        subject=subject,
        what=f"approval of {alternative}",
        value=_permit(approval),
        page=("proposal", approval.proposal_id) if approval else ("plan", dependency.id),
        until=_until(approval),
    )
    drilled = f"{'passed' if drill.has_passed else 'failed'} on {drill.drilled_on}" if drill else NOTHING
    yield Ground(
        kind=USE,
        of=of,
        subject=subject,
        what=f"drill of {alternative}",
        value=drilled,
        page=("plan", dependency.id),
        until=drill.expires_on if drill and drill.has_passed else None,
    )
    if alternative.offering is not None:
        yield from _of_offering(alternative.offering, revision=alternative.pinned_revision)


def _waiver(waiver: WaiverFacts, *, of: str, subject: str) -> Ground:
    return Ground(
        kind=DECISION,
        of=of,
        subject=subject,
        what=f"waiver of {waiver.rule}",
        value=_permit(waiver),
        page=("proposal", waiver.proposal_id),
        until=_until(waiver),
    )


def _permit(permit: PermitFacts | None) -> str:
    if permit is None:
        return NOTHING
    return f"ended: {permit.end_reason}" if permit.is_ended else f"until {permit.expires_on}"


def _until(permit: PermitFacts | None) -> date | None:
    return permit.expires_on if permit is not None and not permit.is_ended else None


def _listed(texts: Iterable[str], *, nobody: str = NOTHING) -> str:
    return ", ".join(texts) or nobody
