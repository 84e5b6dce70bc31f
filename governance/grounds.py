"""What an answer rested on, each thing by name and in words, so that a later answer can be held against it. Pure.

Nothing in it depends on the day: a date stands as the date, and not as the days that are left. So answers on the same
grounds have the same document, which is kept once:

    {"lead_days": 30,
     "uses": {"acme/e5": {"pins": ["9c925d64"], "about": ["offering:12", "dependency:7", "offering:31"]}},
     "grounds": {"offering:12": {"subject": "acme/e5 (huggingface)", "model": 5, "source": 3,
                                 "values": {"status": "removed", "license": "MIT"},
                                 "until": {"retirement": "2027-01-31"},
                                 "proposals": {"adoption for embedding (saas)": 9}}}}

A value is left out where it is the usual one. What has an `until` counts up to and including that day.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from governance.rules.facts import DependencyFacts, DrillFacts, OfferingFacts, PermitFacts, SystemFacts, Use

FACT, DECISION, USE = "fact", "decision", "use"
NOTHING = "none"
SYSTEM = "system"
USUAL = {
    "register state": "listed",
    "status": "available",
    "gating": "open",
    "lineage": "known",
    "confirmation": "fresh",
}
# What decisions leave; the rest are facts, or what a team says of its own system.
_DECIDED = ("adoption", "approval", "waiver", "break-glass", "block", "tags")
_STATED_BY_TEAMS = (
    "criticality",
    "distribution",
    "declaration",
    "pinned",
    "verified",
    "served",
    "plan",
    "to do",
    "drill",
)
_OF_THE_MODEL = frozenset({"register state", "owner", "vendors behind it", "lineage"})

Subject = dict[str, Any]
Page = tuple[str, int | None]


def grounds_of(system: SystemFacts, uses: Iterable[tuple[str, Use]], *, lead_days: int) -> dict[str, Any]:
    """The document for all uses, each with the ref by which it was asked for."""
    subjects: dict[str, Subject] = {SYSTEM: _of_system(system)}
    said: dict[str, dict[str, list[str]]] = {}
    for ref, use in uses:
        about = said.setdefault(ref, {"pins": [], "about": []})
        _add(about["pins"], use.revision)
        for name, subject in _of_use(use):
            _merge(subjects, name, subject)
            _add(about["about"], name)
    return {"uses": said, "lead_days": lead_days, "grounds": subjects}


def value_of(subject: Mapping[str, Any] | None, what: str) -> str:
    """The value that is kept of it, or the usual one."""
    values = subject["values"] if subject else {}
    return str(values.get(what, USUAL.get(what, NOTHING)))


def kind_of(what: str) -> str:
    """Whether it is a fact, a decision, or what the team says of its own use."""
    if what.startswith(_DECIDED):
        return DECISION
    return USE if what.startswith(_STATED_BY_TEAMS) else FACT


def page_of(name: str, subject: Mapping[str, Any], what: str) -> Page:
    """Where a person reads on about it: a kind of `governance.links` and an id."""
    kind, _, pk = name.partition(":")
    if what in subject.get("proposals", {}):
        return "proposal", subject["proposals"][what]
    if page := {SYSTEM: ("system", subject.get("id")), "vendor": ("concentration", None)}.get(kind):
        return ("break-glass", subject["glass"]) if what == "break-glass" else page
    if kind == "dependency":
        return "plan" if what.startswith(("plan", "drill", "approval")) else "dependency", int(pk)
    if what in _OF_THE_MODEL:
        return "model", subject["model"]
    if what == "confirmation" and "source" in subject:
        return "source", subject["source"]
    return ("blocks", None) if what == "block" else ("offering", int(pk))


def _add(texts: list[str], text: str) -> None:
    if text not in texts:
        texts.append(text)


def _merge(subjects: dict[str, Subject], name: str, subject: Subject) -> None:
    """One offering may stand behind several uses, each with an adoption of its own."""
    known = subjects.setdefault(name, subject)
    if known is not subject:
        for part in ("values", "until", "proposals"):
            known[part] |= subject[part]


def _subject(name: str, **ids: int) -> Subject:
    return {"subject": name, **ids, "values": {}, "until": {}, "proposals": {}}


def _say(subject: Subject, what: str, value: str, *, until: date | None = None) -> None:
    if value != USUAL.get(what, NOTHING):
        subject["values"][what] = value
    if until is not None:
        subject["until"][what] = until.isoformat()


def _say_permit(subject: Subject, what: str, permit: PermitFacts | None) -> None:
    if permit is None:
        return
    over = f"ended: {permit.end_reason}" if permit.is_ended else f"until {permit.expires_on}"
    _say(subject, what, over, until=None if permit.is_ended else permit.expires_on)
    subject["proposals"][what] = permit.proposal_id


def _of_system(system: SystemFacts) -> Subject:
    subject = _subject(system.name, id=system.id)
    _say(subject, "criticality", system.criticality)
    _say(subject, "distribution", system.distribution)
    _say(subject, "tags", _listed(system.tags))
    for waiver in system.waivers:
        _say_permit(subject, f"waiver of {waiver.rule}", waiver)
    if system.glass is not None:
        until = system.glass.ends_at
        subject["glass"] = system.glass.id
        _say(subject, "break-glass", f"until {until:%Y-%m-%d %H:%M} UTC", until=until.date())
    return subject


def _of_use(use: Use) -> Iterator[tuple[str, Subject]]:
    offering = _of_offering(use.offering, revision=use.revision)
    _say_permit(offering, f"adoption for {use.purpose or 'any purpose'} ({use.system.distribution})", use.adoption)
    yield f"offering:{use.offering.id}", offering
    yield from _of_vendors(use)
    dependency = use.dependency
    if dependency is None:
        return
    yield f"dependency:{dependency.id}", _of_dependency(dependency, system=use.system)
    for alternative in dependency.plan.alternatives if dependency.plan else ():
        if alternative.offering is not None:
            spare = _of_offering(alternative.offering, revision=alternative.pinned_revision)
            yield f"offering:{alternative.offering.id}", spare


def _of_vendors(use: Use) -> Iterator[tuple[str, Subject]]:
    """How much hangs on those who stand behind it, as far as there is a snapshot."""
    for vendor_id, name in use.offering.roots.names.items():
        if shares := use.system.concentrations.get(vendor_id):
            subject = _subject(name, id=vendor_id)
            for one in shares:
                _say(subject, f"share in {one.scope}", f"{one.share:.0%}")
            yield f"vendor:{vendor_id}", subject


def _of_offering(offering: OfferingFacts, *, revision: str) -> Subject:
    subject = _subject(str(offering), model=offering.model_id)
    license_, stale = offering.license_at(revision), offering.stale
    _say(subject, "register state", offering.register_state)
    _say(subject, "owner", offering.owner if offering.has_active_owner else NOTHING)
    _say(subject, "status", offering.status)
    _say(subject, "retirement", str(offering.retires_on or NOTHING), until=offering.retires_on)
    _say(subject, "gating", offering.gating)
    _say(subject, "identity", offering.upstream_id or NOTHING)
    _say(subject, "license", license_.spdx_id if license_ else NOTHING)
    _say(subject, "vendors behind it", _listed(sorted(offering.roots.names.values())))
    _say(subject, "lineage", "known" if offering.roots.is_known else "not known")
    _say(subject, "block", _listed(f"{one.subject}: {one.reason}" for one in offering.blocks))
    if offering.has_revisions and not revision:
        _say(subject, "current revision", offering.head_revision or NOTHING)
    if stale is not None:
        subject["source"] = stale.source_id
        _say(subject, "confirmation", f"{stale.source} silent since {stale.since:%Y-%m-%d %H:%M} UTC")
    return subject


def _of_dependency(dependency: DependencyFacts, *, system: SystemFacts) -> Subject:
    subject = _subject(f"{dependency.offering} for {dependency.purpose}")
    host, plan = dependency.host, dependency.plan
    _say(subject, "declaration", f"declared by {system.name}")
    _say(subject, "pinned revision", dependency.pinned_revision or NOTHING)
    _say(subject, "verified copy", "held" if dependency.has_verified_copy else NOTHING)
    served = "not stated" if host is None else _listed(sorted(host.names.values()), nobody="ourselves")
    _say(subject, "served by", served)
    _say(subject, "plan", f"revision {plan.number}" if plan and plan.number else NOTHING)
    for waiver in dependency.waivers:
        _say_permit(subject, f"waiver of {waiver.rule}", waiver)
    for gateway in dict.fromkeys(one.gateway for one in dependency.drifts):
        said = _listed(one.message for one in dependency.drifts if one.gateway == gateway)
        _say(subject, f"fallbacks in {gateway}", said)
    for action in dependency.actions:
        _say(subject, f"to do: {action.concern}", f"due {action.due_on}", until=action.due_on)
    for alternative in plan.alternatives if plan else ():
        _say_permit(subject, f"approval of {alternative}", alternative.approval)
        _say_drill(subject, f"drill of {alternative}", alternative.drill)
    return subject


def _say_drill(subject: Subject, what: str, drill: DrillFacts | None) -> None:
    if drill is not None:
        said = f"{'passed' if drill.has_passed else 'failed'} on {drill.drilled_on}"
        _say(subject, what, said, until=drill.expires_on if drill.has_passed else None)


def _listed(texts: Iterable[str], *, nobody: str = NOTHING) -> str:
    return ", ".join(texts) or nobody
