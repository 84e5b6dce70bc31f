"""Drills: what an exercise of an alternative showed, kept with the day on which it stops counting."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.refused import Refused, invalid, refuse, refuse_nul
from governance.terms import terms_in_force
from registry.models import Alias, Alternative, Drill, User


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
    outcome: str,
    suite: str,
    now: datetime,
    **evidence: Unpack[Evidence],
) -> Drill:
    """Keep a drill of `alternative`; it counts for as long as the policy of the moment says.

    A drill that another model answered is kept as it was reported and marked in the audit chain; see
    `answered_by_another`. Refused: `not_allowed`, `invalid`.
    """
    refuse_nul({"suite": suite, **evidence})
    drill = Drill(
        alternative=alternative,
        recorded_by=recorded_by,
        drilled_on=drilled_on,
        expires_on=drilled_on + timedelta(days=terms_in_force(now).drill_days),
        outcome=outcome,
        suite=suite.strip(),
        **evidence,
    )
    with transaction.atomic():
        _refuse_who_may_not(drill)
        _refuse_what_is_wrong(drill, today=now.date())
        drill.save()
        audit.record("governance:drill:recorded", drill, actor=recorded_by, after=_said(drill))
    return drill


def answered_by_another(drill: Drill) -> bool:
    """Whether the model that answered is, by name, not the alternative; False where nobody said who answered."""
    offering = drill.alternative.offering
    if not drill.answered_by or offering is None:
        return False
    answered = drill.answered_by.casefold()
    return answered != offering.external_key and not Alias.objects.filter(offering=offering, key=answered).exists()


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
    try:
        drill.full_clean(exclude=["alternative", "recorded_by"])
    except ValidationError as error:
        refuse(error)


def _said(drill: Drill) -> dict[str, object]:
    names = ("drilled_on", "expires_on", "outcome", "suite", *Evidence.__annotations__)
    return {
        "alternative": drill.alternative_id,
        **{name: getattr(drill, name) for name in names},
        "answered_by_another": answered_by_another(drill),
    }
