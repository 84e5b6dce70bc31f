"""Drills: what an exercise of an alternative showed, kept with the day on which it stops counting."""

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.refused import Refused, invalid, refuse, refuse_nul
from governance.shortfalls import missing, shortfalls
from governance.terms import terms_in_force
from registry.locks import serialise
from registry.models import Alias, Alternative, Drill, PlanRevision, User

_REPORTED = "It was reported as failed."


class Evidence(TypedDict, total=False):
    """What was measured; `switch_time` and `reindex_time` are what the gate reckons with."""

    primary_score: float | None
    alternative_score: float | None
    latency_ms: float | None
    cost_usd: Decimal | None
    answered_by: str
    switch_time: timedelta | None
    reindex_time: timedelta | None
    run_url: str


def record_drill(
    alternative: Alternative,
    *,
    recorded_by: User,
    drilled_on: date,
    suite: str,
    now: datetime,
    outcome: str = "",
    failed_because: str = "",
    idempotency_key: str = "",
    **evidence: Unpack[Evidence],
) -> Drill:
    """Keep a drill of `alternative`; it counts for as long as its plan and the policy of the moment let it.

    The numbers decide: a drill that misses what its plan asks for has failed, whatever `outcome` says, and one without
    a number that the plan asks for is refused. A person may only declare a failure that no number shows, by the outcome
    `failed` or by `failed_because`. Told again under the same `idempotency_key`, the drill that stands is returned.
    Refused: `not_allowed`, `invalid`, `duplicate` where the key names a drill with other content.
    """
    refuse_nul({"suite": suite, "failed_because": failed_because, "idempotency_key": idempotency_key, **evidence})
    reported = failed_because.strip() or (_REPORTED if outcome == Drill.Outcome.FAILED else "")
    drill = Drill(
        alternative=alternative,
        recorded_by=recorded_by,
        drilled_on=drilled_on,
        outcome=outcome or Drill.Outcome.PASSED,
        suite=suite.strip(),
        idempotency_key=idempotency_key.strip(),
        **evidence,
    )
    drill.expires_on = drilled_on + timedelta(days=counts_for(alternative.plan_revision, now=now))
    with transaction.atomic():
        _refuse_who_may_not(drill)
        serialise(f"drills of alternative {alternative.pk}")
        _refuse_what_is_wrong(drill, today=now.date())
        _judge(drill, reported)
        if told := _told_before(drill):
            return told
        drill.save()
        audit.record("governance:drill:recorded", drill, actor=recorded_by, after=_said(drill))
    return drill


def counts_for(revision: PlanRevision, *, now: datetime) -> int:
    """Days: what the plan asks for, and never longer than policy lets a drill count."""
    at_most = terms_in_force(now).drill_days
    return min(revision.drill_every_days or at_most, at_most)


def answered_by_another(drill: Drill) -> bool:
    """Whether the model that answered is, by name, not the alternative; False where nobody said who answered."""
    offering = drill.alternative.offering
    if not drill.answered_by or offering is None:
        return False
    answered = drill.answered_by.casefold()
    own = {offering.external_key, f"{offering.host}/{offering.external_key}"}
    return answered not in own and not Alias.objects.filter(offering=offering, key=answered).exists()


def _refuse_who_may_not(drill: Drill) -> None:
    # Read anew: what the caller holds may be older than the loss of the right.
    if not User.objects.get(pk=drill.recorded_by_id).has_perm("registry.add_drill", drill):
        raise Refused("not_allowed", "Only the team that owns the system records drills of its plans.")


def _refuse_what_is_wrong(drill: Drill, *, today: date) -> None:
    if not drill.alternative.plan_revision.is_submitted:
        raise invalid("alternative", "alternative: this plan is a draft. Submit it first: a drill is of what counts.")
    if drill.drilled_on > today:
        raise invalid("drilled_on", f"drilled_on: {drill.drilled_on} has not come yet.")
    for name in ("switch_time", "reindex_time"):
        time = getattr(drill, name)
        if time is not None and time < timedelta(0):
            raise invalid(name, f"{name}: a duration is not negative.")
    for name in ("primary_score", "alternative_score", "latency_ms"):
        number = getattr(drill, name)
        if number is not None and not math.isfinite(number):
            raise invalid(name, f"{name}: must be a number that can be compared with others.")
    try:
        drill.full_clean(exclude=["alternative", "recorded_by"], validate_constraints=False)
    except ValidationError as error:
        refuse(error)


def _judge(drill: Drill, reported: str) -> None:
    """Set outcome and shortfalls by what was measured; refused where a number is missing from one said to have passed."""
    revision = drill.alternative.plan_revision
    reindexing = means_reindexing(drill.alternative)
    if not reported:
        for field, what in missing(drill, revision, means_reindexing=reindexing):
            raise invalid(field, f"{field}: {what}.")
    drill.shortfalls = shortfalls(
        drill,
        revision,
        means_reindexing=reindexing,
        by_another=answered_by_another(drill),
        reported=reported,
    )
    drill.outcome = Drill.Outcome.FAILED if drill.shortfalls else Drill.Outcome.PASSED


def means_reindexing(alternative: Alternative) -> bool:
    """Whether an index has to be built again before the alternative can serve: another model, and an index."""
    dependency = alternative.plan_revision.plan.dependency
    if dependency is None or alternative.offering is None or not dependency.has_index:
        return False
    return alternative.offering.model_id != dependency.offering.model_id


def _told_before(drill: Drill) -> Drill | None:
    """The drill that was recorded under the same key; refused where that one says something else."""
    if not drill.idempotency_key:
        return None
    told = Drill.objects.filter(alternative=drill.alternative_id, idempotency_key=drill.idempotency_key).first()
    if told is None:
        return None
    if differing := [name for name in _REPEATED if getattr(told, name) != getattr(drill, name)]:
        raise Refused(
            "duplicate",
            f"idempotency_key: {drill.idempotency_key} names a drill with another {differing[0]}. "
            "Report another run under a key of its own.",
            field="idempotency_key",
            drill=told.pk,
        )
    return told


_REPEATED = ("drilled_on", "suite", "outcome", *Evidence.__annotations__)


def _said(drill: Drill) -> dict[str, object]:
    names = ("drilled_on", "expires_on", "outcome", "shortfalls", "suite", "idempotency_key", *Evidence.__annotations__)
    return {
        "alternative": drill.alternative_id,
        **{name: getattr(drill, name) for name in names},
        "answered_by_another": answered_by_another(drill),
    }
