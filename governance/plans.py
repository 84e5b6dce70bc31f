"""Fallback plans: write the next revision, submit it, copy a model's default plan into a dependency."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.refused import Refused, invalid, refuse, refuse_nul, written
from governance.terms import terms_in_force
from registry.locks import serialise
from registry.models import AIModel, Alternative, Dependency, FallbackPlan, PlanRevision, User
from registry.models.usage import check_copy
from registry.readable import can_be_read

# What an alternative may be given; its place in the order is its place in the list.
ALTERNATIVE_FIELDS = (
    "kind",
    "offering",
    "served_by",
    "pinned_revision",
    "held_copy_location",
    "held_copy_digest",
    "held_copy_verified_on",
    "description",
    "impact_statement",
)


class Asks(TypedDict, total=False):
    """How often the plan is drilled, and what a drill of it has to reach; None asks for nothing."""

    drill_every_days: int | None
    least_score_share: float | None
    most_latency_ms: float | None
    most_cost_usd: Decimal | None
    most_switch_time: timedelta | None
    most_reindex_time: timedelta | None


class PlanText(Asks, total=False):
    trigger: str
    switch_procedure: str
    switched_by: str
    rollback: str
    reindex_plan: str


def draft_revision(
    subject: Dependency | AIModel,
    *,
    author: User,
    alternatives: Sequence[Mapping[str, Any]],
    now: datetime,
    **text: Unpack[PlanText],
) -> PlanRevision:
    """Write the next revision of the plan of a dependency, or of a model's default plan; it does not count yet.

    Each alternative is a mapping with some of `ALTERNATIVE_FIELDS`. Refused: `not_allowed`, `invalid`.
    """
    refuse_nul(text)
    with transaction.atomic():
        serialise(f"plan of {subject._meta.label_lower}:{subject.pk}")
        plan = _plan_of(subject)
        _refuse_who_may_not(author, plan)
        plan.save()
        latest = plan.revisions.order_by("-number").first()
        revision = PlanRevision(plan=plan, number=latest.number + 1 if latest else 1, created_by=author, **text)
        _clean(revision)
        _refuse_what_nobody_can_keep(revision, now=now)
        revision.save()
        for order, given in enumerate(alternatives, start=1):
            _add_alternative(revision, order, given, now=now)
        audit.record("governance:plan_revision:drafted", revision, actor=author, after=_said(revision))
    return revision


def submit_revision(revision: PlanRevision, *, actor: User, now: datetime) -> PlanRevision:
    """Make a draft the revision that counts; from then on it cannot change.

    Refused: `not_allowed`, `closed` where it is submitted already, `invalid` where something is missing.
    """
    with transaction.atomic():
        locked = PlanRevision.objects.select_for_update().get(pk=revision.pk)
        plan = locked.plan
        _refuse_who_may_not(actor, plan)
        if locked.is_submitted:
            raise Refused("closed", f"Revision {locked.number} is submitted already: write the next one.")
        current = plan.current_revision
        if current and current.number > locked.number:
            raise Refused("closed", f"Revision {current.number} is submitted: a draft before it cannot follow it.")
        _refuse_what_is_missing(locked, plan)
        locked.submitted_at, locked.submitted_by = now, actor
        locked.save(update_fields=["submitted_at", "submitted_by"])
        audit.record("governance:plan_revision:submitted", locked, actor=actor, after=_said(locked))
    return locked


def copy_default_plan(dependency: Dependency, *, author: User, now: datetime) -> PlanRevision:
    """Draft a revision for `dependency` out of the default plan of its model, the model in use itself left out.

    Refused: `invalid` where the model has no submitted default plan, and whatever `draft_revision` refuses.
    """
    model = dependency.offering.model
    default = FallbackPlan.objects.filter(model=model).first()
    source = default and default.current_revision
    if not source:
        raise invalid("dependency", f"{model} has no default plan to copy.")
    alternatives = [
        {name: getattr(alternative, name) for name in ALTERNATIVE_FIELDS}
        for alternative in source.alternatives.select_related("offering", "served_by")
        if alternative.offering_id != dependency.offering_id
    ]
    text = {name: getattr(source, name) for name in PlanText.__annotations__}
    return draft_revision(dependency, author=author, alternatives=alternatives, now=now, **text)


def _plan_of(subject: Dependency | AIModel) -> FallbackPlan:
    """The plan of `subject`, which may not be saved yet."""
    owner = {"dependency" if isinstance(subject, Dependency) else "model": subject}
    return FallbackPlan.objects.filter(**owner).first() or FallbackPlan(**owner)


def _refuse_who_may_not(person: User, plan: FallbackPlan) -> None:
    # Read anew: what the caller holds may be older than the loss of the right.
    if not User.objects.get(pk=person.pk).has_perm("registry.change_fallbackplan", plan):
        raise Refused("not_allowed", "Only the team that owns it writes this plan.")


def _clean(revision: PlanRevision) -> None:
    for name in ("trigger", "switch_procedure", "switched_by"):
        setattr(revision, name, written(name, getattr(revision, name)))
    try:
        revision.clean_fields(exclude=["plan", "created_by", "submitted_at"])
    except ValidationError as error:
        refuse(error)


def _refuse_what_nobody_can_keep(revision: PlanRevision, *, now: datetime) -> None:
    for name in ("least_score_share", "most_latency_ms"):
        limit = getattr(revision, name)
        if limit is not None and not math.isfinite(limit):
            raise invalid(name, f"{name}: must be a number that can be compared with others.")
    at_most = terms_in_force(now).drill_days
    if revision.drill_every_days and revision.drill_every_days > at_most:
        raise invalid("drill_every_days", f"drill_every_days: policy lets a drill count for {at_most} days at most.")


def _add_alternative(revision: PlanRevision, order: int, given: Mapping[str, Any], *, now: datetime) -> None:
    where = f"alternatives[{order}]."
    if unknown := sorted(set(given) - set(ALTERNATIVE_FIELDS)):
        raise invalid(where + unknown[0], f"{where}{unknown[0]} is no field of an alternative.")
    refuse_nul(given, where=where)
    alternative = Alternative(plan_revision=revision, order=order, **given)
    if alternative.offering_id and alternative.offering_id == _primary_id(revision.plan):
        raise invalid(f"{where}offering", f"{where}offering: {alternative.offering} is what this plan replaces.")
    try:
        alternative.full_clean(exclude=["plan_revision"])
        check_copy(alternative, alternative.offering, today=now.date())
    except ValidationError as error:
        refuse(error, where=where)
    alternative.save()


def _primary_id(plan: FallbackPlan) -> int | None:
    return plan.dependency.offering_id if plan.dependency else None


def _refuse_what_is_missing(revision: PlanRevision, plan: FallbackPlan) -> None:
    if not revision.alternatives.exists():
        raise invalid("alternatives", "A plan names at least one alternative.")
    if plan.dependency and plan.dependency.has_index and not can_be_read(revision.reindex_plan):
        raise invalid(
            "reindex_plan",
            "This dependency has an index, and another model means re-indexing: say how the index is rebuilt.",
        )


def _said(revision: PlanRevision) -> dict[str, object]:
    return {
        "plan": revision.plan_id,
        "dependency": revision.plan.dependency_id,
        "model": revision.plan.model_id,
        "number": revision.number,
        **{name: getattr(revision, name) for name in PlanText.__annotations__},
        "alternatives": list(revision.alternatives.order_by("order").values(*_SAID_OF_ALTERNATIVE)),
    }


_SAID_OF_ALTERNATIVE = ("order", *ALTERNATIVE_FIELDS)
