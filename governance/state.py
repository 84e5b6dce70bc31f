"""What a decider sees: the facts that a proposal is about, as they are now, and the digest that names them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

from django.db.models import Model
from django.utils import timezone

from governance.canonical import plain, sha256_of
from governance.facts import OfferingFacts, load_offerings
from governance.models import Check, Finding, Proposal
from governance.policy_state import policy_state
from governance.retiring import Leaning, leaning_on
from registry.capabilities import compare, read_needs
from registry.models import Alternative, Dependency, PlanRevision, Vendor

State = dict[str, Any]
Offerings = Mapping[int, OfferingFacts]
Row = TypeVar("Row", bound=Model)


def state_of(proposal: Proposal, *, now: datetime | None = None) -> State:
    """The facts as JSON. Only blocks depend on the moment; `now` left out means this one.

    What moves by itself without a meaning for the decision (prices, when a fact was last confirmed) is left out:
    a state that has changed makes deciders look again.
    """
    columns = {field.attname: getattr(proposal, field.attname) for field in Proposal._meta.concrete_fields}
    # The caller's rows around the proposal may be older than the facts; a copy loads its own.
    copy, moment = Proposal(**columns), now or timezone.now()
    return describe(copy, offerings_of(copy, now=moment), now=moment)


def offerings_of(proposal: Proposal, *, now: datetime) -> Offerings:
    """The offerings that the proposal is about, by id, with their facts of the moment."""
    ids = [proposal.offering_id]
    if proposal.dependency and proposal.alternative:
        ids = [proposal.dependency.offering_id, proposal.alternative.offering_id]
    return load_offerings([pk for pk in ids if pk is not None], now=now)


def describe(proposal: Proposal, offerings: Offerings, *, now: datetime) -> State:
    """The state that `offerings` and the rows of the proposal make up; an edit makes it another one by its round."""
    parts = _PARTS[proposal.kind](proposal, offerings, now)
    edited = {"round": proposal.round} if proposal.round > 1 else {}
    return cast(State, plain({"kind": proposal.kind, **edited, **parts}))


def digest(state: State) -> str:
    """The name of a state: the same for the same facts, whoever computes it."""
    return sha256_of(state)


def differences(former: State, present: State, *, path: str = "") -> list[dict[str, Any]]:
    """Each fact that differs, by its dotted path, with `before` and `after` (None where it is absent)."""
    found: list[dict[str, Any]] = []
    for name in sorted(former.keys() | present.keys()):
        before, after = former.get(name), present.get(name)
        here = f"{path}{name}"
        if isinstance(before, dict) and isinstance(after, dict):
            found += differences(before, after, path=f"{here}.")
        elif before != after:
            found.append({"fact": here, "before": before, "after": after})
    return found


def required(row: Row | None) -> Row:
    """`row`, which a constraint of the table holds to be there for a proposal of this kind."""
    if row is None:
        raise ValueError("The proposal lacks what its kind is about")
    return row


def _adoption(proposal: Proposal, offerings: Offerings, _now: datetime) -> State:
    facts = offerings[required(proposal.offering).pk]
    return {
        "purpose": proposal.purpose,
        "distribution": proposal.distribution,
        "revision": proposal.revision,
        "offering": _offering(facts, proposal.revision),
    }


def _alternative(proposal: Proposal, offerings: Offerings, _now: datetime) -> State:
    alternative, dependency = required(proposal.alternative), required(proposal.dependency)
    primary = offerings[dependency.offering_id]
    other = offerings[alternative.offering_id] if alternative.offering_id else None
    return {
        "dependency": _dependency(dependency),
        "plan": _plan(alternative.plan_revision),
        "primary": _offering(primary, dependency.pinned_revision),
        "alternative": {
            **_way(alternative),
            "offering": _offering(other, alternative.pinned_revision) if other else None,
            "shares_vendors_with_primary": primary.roots.shared_with(other.roots) if other else [],
            "fit": _fit(dependency, other) if other else [],
        },
    }


def _fit(dependency: Dependency, other: OfferingFacts) -> list[State]:
    """What the use needs beside what the alternative offers; empty where no need was stated."""
    return [
        {"need": match.need, "wanted": match.wanted, "offered": match.offered, "fit": match.fit.value}
        for match in compare(read_needs(dependency.needs), other.capabilities)
    ]


def _waiver(proposal: Proposal, _offerings: Offerings, _now: datetime) -> State:
    system = proposal.system or required(proposal.dependency).system
    return {
        "rule": proposal.rule,
        "until": proposal.until,
        "compensating_measure": proposal.compensating_measure,
        "system": {
            "slug": system.slug,
            "name": system.name,
            "criticality": system.criticality,
            "distribution": system.distribution,
        },
        "dependency": _dependency(proposal.dependency) if proposal.dependency else None,
        "open_findings": _open_findings(system.pk, proposal.rule),
    }


def _retirement(proposal: Proposal, _offerings: Offerings, now: datetime) -> State:
    model = required(proposal.model)
    leaning = leaning_on(model, now=now)
    return {
        "model": {
            "slug": model.slug,
            "name": model.name,
            "register_state": model.state,
            "owner": str(model.owner or ""),
        },
        "places": [
            {"offering": str(one), "status": one.status, "retires_on": one.retires_on}
            for one in model.offerings.order_by("pk")
        ],
        "criticality": leaning.criticality,
        "dependencies": [_leans(one) for one in leaning.uses],
        "stands_in_for": [_leans(one) for one in leaning.backs],
    }


def _leans(one: Leaning) -> State:
    return {
        "id": one.dependency.pk,
        "dependency": str(one.dependency),
        "criticality": one.dependency.system.criticality,
        "instead": one.instead,
    }


_PARTS: dict[str, Callable[[Proposal, Offerings, datetime], State]] = {
    Proposal.Kind.ADOPT_MODEL: _adoption,
    Proposal.Kind.APPROVE_ALTERNATIVE: _alternative,
    Proposal.Kind.WAIVE_RULE: _waiver,
    Proposal.Kind.RETIRE_MODEL: _retirement,
    Proposal.Kind.CHANGE_POLICY: lambda proposal, _offerings, _now: policy_state(proposal),
}


def _open_findings(system_id: int, rule: str) -> list[State]:
    """What the rule found in the system's last check of each environment; without the texts, which count days."""
    found: list[State] = []
    environments = Check.objects.filter(system=system_id).order_by("environment").values_list("environment", flat=True)
    for environment_id in environments.distinct():
        last = Check.objects.filter(system=system_id, environment=environment_id).order_by("-checked_at").first()
        findings = Finding.objects.filter(check_run=last, rule=rule).order_by("ref", "level").distinct()
        for slug, ref, level in findings.values_list("check_run__environment__slug", "ref", "level"):
            found.append({"environment": slug, "ref": ref, "level": level})
    return found


def _offering(facts: OfferingFacts, revision: str) -> State:
    license_ = facts.license_at(revision)
    return {
        "id": facts.id,
        "name": facts.name,
        "host": facts.host,
        "kind": facts.kind,
        "model": facts.model_name,
        "provider": facts.provider,
        "register_state": facts.register_state,
        "owner": facts.owner,
        "status": facts.status,
        "retires_on": facts.retires_on,
        "license": license_.spdx_id if license_ else None,
        "license_class": license_.license_class if license_ else "unknown",
        "gating": facts.gating,
        "upstream_id": facts.upstream_id,
        "head_revision": facts.head_revision,
        "root_vendors": sorted(facts.roots.names.values()),
        "lineage_known": facts.roots.is_known,
        "embedding_dimension": facts.capabilities.embedding_dimension,
        "unknown_models": facts.roots.unknown_models,
        "blocks": [f"{block.subject}: {block.reason}" for block in facts.blocks],
    }


def _dependency(dependency: Dependency) -> State:
    return {
        "id": dependency.pk,
        "system": dependency.system.slug,
        "criticality": dependency.system.criticality,
        "distribution": dependency.system.distribution,
        "environment": dependency.environment.slug,
        "purpose": dependency.purpose,
        "offering": str(dependency.offering),
        "served_by": _server(dependency.served_by),
        "pinned_revision": dependency.pinned_revision,
        "has_index": dependency.has_index,
        "needs": dependency.needs,
        "ended_on": dependency.ended_on,
    }


def _server(vendor: Vendor | None) -> str | None:
    """As people call who serves it; None where nobody was named for this use."""
    if vendor is None:
        return None
    return "ourselves" if vendor.is_self else vendor.name


def _plan(revision: PlanRevision) -> State:
    current = revision.plan.current_revision
    return {
        "revision": revision.number,
        "is_current": current == revision,
        "trigger": revision.trigger,
        "switch_procedure": revision.switch_procedure,
        "switched_by": revision.switched_by,
        "rollback": revision.rollback,
        "reindex_plan": revision.reindex_plan,
        "alternatives": [str(way) for way in revision.alternatives.select_related("offering").order_by("order")],
    }


def _way(alternative: Alternative) -> State:
    return {
        "id": alternative.pk,
        "order": alternative.order,
        "kind": alternative.kind,
        "served_by": _server(alternative.served_by),
        "pinned_revision": alternative.pinned_revision,
        "has_verified_copy": alternative.has_verified_copy,
        "description": alternative.description,
        "impact_statement": alternative.impact_statement,
    }
