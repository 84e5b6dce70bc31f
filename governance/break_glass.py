"""Break-glass: one person opens the gate of a system for hours; another reviews that when it is over."""

from datetime import datetime, timedelta

from django.db import transaction

from governance import audit
from governance.models import BreakGlass
from governance.models.glass import LONGEST
from governance.permissions import can_break_glass, can_decide
from governance.refused import Refused, invalid, written
from registry.locks import serialise
from registry.models import Environment, System, User

LONGEST_HOURS = LONGEST // timedelta(hours=1)


def open_glass(
    *, by: User, system: System, environment: Environment, reason: str, hours: int, now: datetime
) -> BreakGlass:
    """Let nothing stop `system` in `environment` for `hours`, but what is never softened.

    Refused: `not_allowed`, `invalid`, `duplicate` while one is in force, `review_first` while an earlier one of the
    same system and environment waits for its review: so one person alone never holds a gate open longer than a day.
    """
    if isinstance(hours, bool) or not 1 <= hours <= LONGEST_HOURS:
        raise invalid("hours", f"hours: from 1 to {LONGEST_HOURS}.")
    reason = written("reason", reason)
    with transaction.atomic():
        if not can_break_glass(User.objects.get(pk=by.pk), system):
            raise Refused("not_allowed", "Only the team that owns the system, or a reviewer, breaks the glass.")
        serialise("break-glass")
        same = BreakGlass.objects.filter(system=system, environment=environment)
        if standing := same.in_force(now).first():
            until = f"until {standing.ends_at:%Y-%m-%d %H:%M} UTC"
            raise Refused("duplicate", f"Break-glass is in force already, {until}.", break_glass=standing.pk)
        if unreviewed := same.to_review(now).first():
            why = "The last one for this system and environment waits for its review: another person does that first."
            raise Refused("review_first", why, break_glass=unreviewed.pk)
        made = BreakGlass.objects.create(
            system=system,
            environment=environment,
            reason=reason,
            opened_by=by,
            opened_at=now,
            ends_at=now + timedelta(hours=hours),
        )
        audit.record("governance:breakglass:opened", made, actor=by, after=_said(made))
    return made


def close(glass: BreakGlass, *, by: User, now: datetime) -> BreakGlass:
    """End it before its time. Refused: `not_allowed`, `closed` where it is over."""
    with transaction.atomic():
        locked = BreakGlass.objects.select_for_update().get(pk=glass.pk)
        if not can_break_glass(User.objects.get(pk=by.pk), locked.system):
            raise Refused("not_allowed", "Only the team that owns the system, or a reviewer, closes it.")
        if locked.is_over(now):
            raise Refused("closed", "It is over already.")
        locked.closed_at, locked.closed_by = now, by
        locked.save(update_fields=["closed_at", "closed_by"])
        audit.record("governance:breakglass:closed", locked, actor=by)
    return locked


def review(glass: BreakGlass, *, by: User, verdict: str, review: str, now: datetime) -> BreakGlass:
    """Say, as another person and once it is over, whether it was justified and what came of it.

    Refused: `own_act`, `not_allowed`, `invalid`, `closed` while it is in force or where it was reviewed.
    """
    if verdict not in BreakGlass.Verdict.values:
        raise invalid("verdict", f"verdict: one of {', '.join(BreakGlass.Verdict.values)}.")
    said = written("review", review)
    with transaction.atomic():
        locked = BreakGlass.objects.select_for_update().get(pk=glass.pk)
        if by.pk == locked.opened_by_id:
            raise Refused("own_act", "Nobody reviews what they opened: another reviewer has to.")
        if not can_decide(User.objects.get(pk=by.pk)):
            raise Refused("not_allowed", "Only reviewers review.")
        if locked.reviewed_at is not None:
            raise Refused("closed", "It is reviewed already.")
        if not locked.is_over(now):
            raise Refused("closed", "It is still in force. Close it first, or wait for its end.")
        locked.reviewed_by, locked.reviewed_at, locked.verdict, locked.review = by, now, verdict, said
        locked.save(update_fields=["reviewed_by", "reviewed_at", "verdict", "review"])
        audit.record("governance:breakglass:reviewed", locked, actor=by, after={"verdict": verdict, "review": said})
    return locked


def _said(glass: BreakGlass) -> dict[str, object]:
    return {
        "system": glass.system_id,
        "environment": glass.environment_id,
        "reason": glass.reason,
        "ends_at": glass.ends_at,
    }
