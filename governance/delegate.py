"""Somebody who decides asks another person to do so for some days."""

from datetime import date, datetime, timedelta

from django.db import transaction

from governance import audit
from governance.models import Delegation
from governance.permissions import deciding_roles_of, roles_of
from governance.refused import Refused, invalid, written
from governance.terms import terms_in_force
from registry.locks import serialise
from registry.models import User

LONGEST_AHEAD = timedelta(days=365)


def delegate(
    *, delegator: User, delegate: User, until: date, reason: str, now: datetime, starts_on: date | None = None
) -> Delegation:
    """Let `delegate` decide in the place of `delegator` from `starts_on` (left out: today) up to and including `until`.

    It passes on no more than the roles that the delegator has at the moment of each decision, and never lets anybody
    decide on a proposal of either. Refused: `not_allowed`, `invalid`, `duplicate`.
    """
    first = starts_on or now.date()
    reason = written("reason", reason)
    _refuse_bad_days(first, until, now=now)
    with transaction.atomic():
        serialise("delegations")
        # Read anew: what the caller holds may be older than the loss of the right.
        _refuse_the_wrong_people(User.objects.get(pk=delegator.pk), User.objects.get(pk=delegate.pk))
        overlapping = Delegation.objects.filter(ended_at=None, starts_on__lte=until, until__gte=first)
        if other := overlapping.filter(delegator=delegator, delegate=delegate).first():
            raise Refused("duplicate", f"{other.delegate} stands in for you until {other.until} already.")
        made = Delegation.objects.create(
            delegator=delegator, delegate=delegate, starts_on=first, until=until, reason=reason, made_at=now
        )
        audit.record("governance:delegation:made", made, actor=delegator, after=_said(made))
    return made


def take_back(delegation: Delegation, *, by: User, now: datetime) -> Delegation:
    """End it before its day; what was given by it for proposals that are still open does not count any more.

    Refused: `not_allowed` to anybody but the two and administrators, `closed`.
    """
    with transaction.atomic():
        locked = Delegation.objects.select_for_update().get(pk=delegation.pk)
        if not User.objects.get(pk=by.pk).has_perm("governance.change_delegation", locked):
            raise Refused("not_allowed", "Only the two people, or an administrator, end a delegation.")
        if locked.ended_at is not None or locked.until < now.date():
            raise Refused("closed", "This delegation has ended already.")
        locked.ended_at, locked.ended_by = now, by
        locked.save(update_fields=["ended_at", "ended_by"])
        audit.record("governance:delegation:ended", locked, actor=by, before=_said(locked))
    return locked


def _refuse_bad_days(first: date, until: date, *, now: datetime) -> None:
    today, longest = now.date(), terms_in_force(now).routes.delegation_days
    if not today <= first <= today + LONGEST_AHEAD:
        raise invalid("starts_on", "starts_on: today or a day within the next year.")
    last = first + timedelta(days=longest)
    if not first <= until <= last:
        raise invalid(
            "until", f"until: a delegation ends within {longest} days, at the latest on {last}, not on {until}."
        )


def _refuse_the_wrong_people(delegator: User, delegate: User) -> None:
    if not deciding_roles_of(delegator):
        raise Refused("not_allowed", "Only who decides can ask somebody else to do so.")
    if delegator.pk == delegate.pk:
        raise invalid("delegate", "delegate: name another person.")
    if not roles_of(delegate):
        raise invalid("delegate", f"delegate: {delegate} has no role here, or cannot log in.")


def _said(delegation: Delegation) -> dict[str, object]:
    return {
        "delegator": delegation.delegator_id,
        "delegate": delegation.delegate_id,
        "starts_on": delegation.starts_on,
        "until": delegation.until,
        "reason": delegation.reason,
    }
