"""A register of a chosen size, written in bulk: everything that a check of the gate has to look at.

Every dependency is pinned, adopted and has a submitted plan of two alternatives, the first of them approved; adoptions
and approvals keep their basis. Three models in ten were made from another one, up to six steps deep. One dependency in
twenty has an open action, one in fifty a waiver; there are twenty blocks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from governance import basis
from governance import models as decisions
from governance.facts import load_offerings
from governance.rules.facts import JSON, OfferingFacts
from registry import models as facts

SEED = 20260415
NOW = datetime(2026, 4, 15, 9, 0, tzinfo=UTC)
LATER = NOW.date() + timedelta(days=300)
SOON = NOW.date() + timedelta(days=60)
# Of ten models these are made from another one, each from one of the thirty before it.
DERIVED = frozenset({3, 6, 9})
DEEPEST = 6
# What organisations fall back to is a small part of what they use.
SPARES = 200
PURPOSES = ("embedding", "reranking", "chat", "summaries")
BATCH = 2000
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Size:
    models: int
    systems: int
    dependencies: int
    busy_systems: int = 20
    uses_of_a_busy_system: int = 50
    vendors: int = 200
    teams: int = 100
    # The part of all models that one vendor, `vendor-1`, develops; the others share the rest.
    giant_share: float = 0.0


@dataclass(slots=True)
class Register:
    """What is being written, with what later rows refer to."""

    size: Size
    dice: Random
    person: facts.User
    environment: facts.Environment
    teams: list[facts.Team]
    vendors: list[facts.Vendor]
    offerings: list[facts.Offering]
    systems: list[facts.System]


def write(size: Size, *, bases: bool = True) -> list[str]:
    """Fill the empty database; returns the slugs of the busy systems, each with as many uses as `size` says.

    Without `bases` the decisions rest on no facts: they take most of the time, and not every measurement reads them.
    """
    dice = Random(SEED)  # noqa: S311 - rows for a measurement, not a secret
    person = facts.User.objects.create_user("bench", password=None)
    register = Register(
        size=size,
        dice=dice,
        person=person,
        environment=facts.Environment.objects.create(
            slug="production", name="Production", environment_class=facts.Environment.Class.PRODUCTION
        ),
        teams=_teams(person, size.teams),
        vendors=_vendors(dice, size.vendors),
        offerings=[],
        systems=[],
    )
    _catalogue(register)
    dependencies = _usage(register)
    alternatives = _plans(register, dependencies)
    adoptions = _adoptions(register, dependencies, alternatives)
    approvals = _approvals(register, alternatives)
    if bases:
        _rest_on(register, adoptions, approvals)
    _exceptions(register, dependencies)
    return [system.slug for system in register.systems[: size.busy_systems]]


def _bulk(rows: Iterable[Row]) -> list[Row]:
    written: list[Row] = []
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        written += type(batch[0])._default_manager.bulk_create(batch)  # noqa: SLF001 - Django's name for it
    return written


def _teams(person: facts.User, count: int) -> list[facts.Team]:
    teams = _bulk(facts.Team(slug=f"team-{n}", name=f"Team {n}") for n in range(count))
    _bulk(facts.Member(team=team, user=person, role=facts.Member.Role.OWNER) for team in teams)
    return teams


def _vendors(dice: Random, count: int) -> list[facts.Vendor]:
    """Vendors one by one, because each keeps the closure of owners; every third belongs to an earlier one."""
    vendors: list[facts.Vendor] = []
    for number in range(count):
        parent = dice.choice(vendors) if vendors and number % 3 == 0 else None
        vendors.append(facts.Vendor.objects.create(slug=f"vendor-{number}", name=f"Vendor {number}", parent=parent))
    return vendors


def _catalogue(register: Register) -> None:
    apache, _ = facts.License.objects.get_or_create(
        spdx_id="Apache-2.0", defaults={"name": "Apache 2.0", "license_class": facts.LicenseClass.OPEN}
    )
    models = _bulk(_model(register, number) for number in range(register.size.models))
    _lineage(register, models)
    register.offerings = _bulk(_offering(register, model, number) for number, model in enumerate(models))
    _bulk(
        facts.Revision(offering=row, revision=row.head_revision, license=apache, observed_at=NOW)
        for row in register.offerings
    )


def _model(register: Register, number: int) -> facts.AIModel:
    is_derived = number % 10 in DERIVED
    return facts.AIModel(
        slug=f"model-{number}",
        name=f"model-{number}",
        developer=_developer(register),
        owner=register.dice.choice(register.teams),
        state=facts.AIModel.State.LISTED,
        task="feature-extraction",
        lineage_status="complete" if is_derived else "asserted_root",
        lineage_source="" if is_derived else "model card",
    )


def _developer(register: Register) -> facts.Vendor:
    size, dice = register.size, register.dice
    if size.giant_share and dice.random() < size.giant_share:
        return register.vendors[1]
    return dice.choice(register.vendors)


def _lineage(register: Register, models: Sequence[facts.AIModel]) -> None:
    """Edges in bulk, and the closure that saving them one by one would have written."""
    ancestors: dict[int, set[int]] = {}
    depth: dict[int, int] = {}
    edges, closure = [], []
    for number, model in enumerate(models):
        ancestors[model.pk], depth[model.pk] = {model.pk}, 0
        if model.lineage_status == "complete":
            base = register.dice.choice(models[max(0, number - 30) : number])
            base = base if depth[base.pk] < DEEPEST else models[0]
            edges.append(facts.LineageEdge(child=model, base=base, relation="finetune"))
            ancestors[model.pk] |= ancestors[base.pk]
            depth[model.pk] = depth[base.pk] + 1
        above = ancestors[model.pk] - {model.pk}
        closure += [facts.ModelAncestor(model_id=model.pk, ancestor_id=pk) for pk in sorted(above)]
    # The model's own manager refuses a bulk of edges, because it would leave the closure out; it is written here.
    QuerySet(facts.LineageEdge).bulk_create(edges, batch_size=BATCH)
    _bulk(closure)


def _offering(register: Register, model: facts.AIModel, number: int) -> facts.Offering:
    name = f"ns{number % 500}/model-{number}"
    return facts.Offering(
        model=model,
        kind=facts.Offering.Kind.WEIGHTS,
        host="huggingface",
        external_id=name,
        external_key=name,
        provider=register.vendors[0],
        status=facts.Offering.Status.AVAILABLE,
        gating=facts.Offering.Gating.OPEN,
        upstream_id=f"{number:024x}",
        head_revision=f"{number:040x}",
        facts_as_of=NOW,
    )


def _usage(register: Register) -> list[facts.Dependency]:
    size, dice = register.size, register.dice
    register.systems = _bulk(
        facts.System(
            slug=f"system-{number}",
            name=f"System {number}",
            team=dice.choice(register.teams),
            criticality=dice.choice(facts.System.Criticality.values),
            distribution=facts.Distribution.SAAS,
        )
        for number in range(size.systems)
    )
    busy, others = register.systems[: size.busy_systems], register.systems[size.busy_systems :]
    uses = [(system, used) for system in busy for used in dice.sample(register.offerings, size.uses_of_a_busy_system)]
    rest = ((dice.choice(others), dice.choice(register.offerings)) for _ in range(size.dependencies - len(uses)))
    once = {(system.pk, offering.pk): (system, offering) for system, offering in (*uses, *rest)}
    return _bulk(_dependency(register, *use) for use in once.values())


def _dependency(register: Register, system: facts.System, offering: facts.Offering) -> facts.Dependency:
    return facts.Dependency(
        system=system,
        offering=offering,
        purpose=register.dice.choice(PURPOSES),
        environment=register.environment,
        pinned_revision=offering.head_revision,
    )


def _plans(register: Register, dependencies: Sequence[facts.Dependency]) -> list[facts.Alternative]:
    plans = _bulk(facts.FallbackPlan(dependency=dependency) for dependency in dependencies)
    revisions = _bulk(
        facts.PlanRevision(
            plan=plan,
            number=1,
            trigger="It retires.",
            switch_procedure="Change the route.",
            switched_by="On call",
            created_by=register.person,
        )
        for plan in plans
    )
    spares = register.dice.sample(register.offerings, min(SPARES, len(register.offerings)))
    alternatives = _bulk(
        facts.Alternative(
            plan_revision=revision,
            order=order,
            kind=facts.Alternative.Kind.OFFERING,
            offering=spare,
            pinned_revision=spare.head_revision,
        )
        for revision in revisions
        for order, spare in enumerate(register.dice.sample(spares, 2), start=1)
    )
    facts.PlanRevision.objects.update(submitted_at=NOW)
    return alternatives


def _adoptions(
    register: Register, dependencies: Sequence[facts.Dependency], alternatives: Sequence[facts.Alternative]
) -> list[decisions.Adoption]:
    """Whatever is in use or stands ready is adopted for its purpose."""
    uses = {(dependency.offering_id, dependency.purpose) for dependency in dependencies}
    uses |= {(way.offering_id or 0, way.plan_revision.plan.dependency.purpose) for way in alternatives}  # type: ignore[union-attr]  # they are plans of dependencies
    ordered = sorted(uses)
    about = [{"offering_id": pk, "purpose": purpose, "distribution": "saas"} for pk, purpose in ordered]
    proposals = _proposals(register, "adopt_model", about)
    return _bulk(
        decisions.Adoption(proposal=proposal, granted_at=NOW, expires_on=LATER, **one)
        for proposal, one in zip(proposals, about, strict=True)
    )


def _rest_on(
    register: Register, adoptions: Sequence[decisions.Adoption], approvals: Sequence[decisions.Approval]
) -> None:
    """The facts as they are, as the basis of all decisions."""
    offerings = _facts(register)
    _bulk(
        decisions.Basis(adoption=adoption, fact=fact, value=value)
        for adoption in adoptions
        for fact, value in _as_adopted(offerings[adoption.offering_id]).items()
    )
    _bulk(
        decisions.Basis(approval=approval, fact=fact, value=value)
        for approval in approvals
        for fact, value in _as_approved(approval, offerings).items()
    )


def _as_adopted(offering: OfferingFacts) -> dict[str, JSON]:
    return basis.of_adoption(offering, offering.head_revision)


def _as_approved(approval: decisions.Approval, offerings: Mapping[int, OfferingFacts]) -> dict[str, JSON]:
    spare = offerings[approval.alternative.offering_id or 0]
    return basis.of_approval(spare, spare.head_revision, offerings[approval.dependency.offering_id])


def _facts(register: Register) -> dict[int, OfferingFacts]:
    """All offerings as the rules see them."""
    found: dict[int, OfferingFacts] = {}
    ids = [offering.pk for offering in register.offerings]
    for start in range(0, len(ids), BATCH):
        found |= load_offerings(ids[start : start + BATCH], now=NOW, revisions=())
    return found


def _proposals(register: Register, kind: str, about: Iterable[dict[str, Any]]) -> list[decisions.Proposal]:
    """Approved proposals, each by the decision of a second person."""
    proposals = _bulk(
        decisions.Proposal(
            kind=kind,
            state=decisions.Proposal.State.APPROVED,
            proposer=register.person,
            reason="Measured.",
            state_digest="0" * 64,
            decide_by=NOW,
            **one,
        )
        for one in about
    )
    second, _ = facts.User.objects.get_or_create(username="second")
    _bulk(
        decisions.Decision(
            proposal=proposal,
            proposer=register.person,
            decider=second,
            verdict="approve",
            state_digest=proposal.state_digest,
            decided_at=NOW,
        )
        for proposal in proposals
    )
    return proposals


def _approvals(register: Register, alternatives: Sequence[facts.Alternative]) -> list[decisions.Approval]:
    """The first alternative of every plan is approved."""
    first = [one for one in alternatives if one.order == 1]
    about = [
        {
            "dependency": alternative.plan_revision.plan.dependency,
            "plan_revision": alternative.plan_revision,
            "alternative": alternative,
        }
        for alternative in first
    ]
    proposals = _proposals(register, "approve_alternative", about)
    return _bulk(
        decisions.Approval(proposal=proposal, granted_at=NOW, expires_on=LATER, **one)
        for proposal, one in zip(proposals, about, strict=True)
    )


def _exceptions(register: Register, dependencies: Sequence[facts.Dependency]) -> None:
    """Open actions, waivers and blocks."""
    _bulk(
        decisions.Action(
            dependency=dependency,
            concern="license",
            team=register.teams[0],
            title="Look at it",
            what_to_do="Decide.",
            due_on=LATER,
            created_at=NOW,
            updated_at=NOW,
        )
        for dependency in dependencies[::20]
    )
    about = [{"rule": "UD307", "dependency": dependency} for dependency in dependencies[::50]]
    proposals = _proposals(register, "waive_rule", [one | {"until": SOON} for one in about])
    _bulk(
        decisions.Waiver(proposal=proposal, reason="For now.", granted_at=NOW, expires_on=SOON, **one)
        for proposal, one in zip(proposals, about, strict=True)
    )
    _bulk(
        decisions.Block(offering=offering, reason="Leaks.", blocked_by=register.person, blocked_at=NOW)
        for offering in register.dice.sample(register.offerings, min(20, len(register.offerings)))
    )
