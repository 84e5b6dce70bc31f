"""Corrections of facts: who may make and lift one, and the line that each leaves in the audit chain."""

from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.permissions import can_correct
from governance.refused import Refused
from registry import corrections
from registry.models import Correction, Offering, User


def correct(
    offering: Offering,
    *,
    fact: str,
    value: Any,
    reason: str,
    evidence_url: str,
    ends_on: date,
    by: User,
    now: datetime,
) -> Correction:
    """As `registry.corrections.correct`, audited. Refused: `not_allowed`; raises `ValidationError` by field."""
    with transaction.atomic():
        _refuse_who_may_not(by, offering)
        # Before the new one, which may be of the same fact.
        end_passed(now=now)
        made = corrections.correct(
            offering,
            fact=fact,
            value=value,
            reason=reason,
            evidence_url=evidence_url,
            ends_on=ends_on,
            by=by,
            now=now,
        )
        audit.record("governance:correction:made", made, actor=by, before=made.replaced, after=_said(made))
    return made


@transaction.atomic
def end_passed(*, now: datetime) -> int:
    """As `registry.corrections.end_passed`, audited: sources speak again. Returns how many have ended."""
    ended = corrections.end_passed(now=now)
    for correction in ended:
        audit.record("governance:correction:ended", correction, actor=None, before=_said(correction))
    return len(ended)


def lift(correction: Correction, *, by: User, now: datetime) -> Correction:
    """As `registry.corrections.lift`, audited. Refused: `not_allowed`, `closed` where it has ended already."""
    with transaction.atomic():
        _refuse_who_may_not(by, correction.offering)
        try:
            lifted = corrections.lift(correction, by=by, now=now)
        except ValidationError as error:
            raise Refused("closed", error.messages[0]) from error
        audit.record("governance:correction:lifted", lifted, actor=by, before=_said(lifted))
    return lifted


def _refuse_who_may_not(person: User, offering: Offering) -> None:
    # Read anew: what the caller holds may be older than the loss of the right.
    present = User.objects.get(pk=person.pk)
    if not can_correct(present):
        raise Refused("not_allowed", "Only reviewers and administrators correct what sources say.")
    if not can_correct(present, offering):
        raise Refused("not_allowed", "Your own team has to pass the gate with it, so another person corrects it.")


def _said(correction: Correction) -> dict[str, object]:
    return {
        "offering": correction.offering_id,
        "fact": correction.fact,
        "value": correction.value,
        "reason": correction.reason,
        "evidence_url": correction.evidence_url,
        "ends_on": correction.ends_on,
    }
