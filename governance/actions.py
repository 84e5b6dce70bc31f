"""What an owner does with an action: acknowledge it, put it off until a day, finish it. Rights are the caller's to check."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.models import Action
from governance.notices import tell_of_actions
from registry.models import User

_REASON_LENGTH = Action._meta.get_field("state_reason").max_length or 0
# A snooze ends, and the far end is near enough that somebody still knows why.
LONGEST_SNOOZE_DAYS = 90


def acknowledge(action: Action, *, actor: User, now: datetime, comment: str = "") -> Action:
    """Somebody has seen it and takes it on."""
    return _move(action, Action.State.ACKNOWLEDGED, reason=comment, actor=actor, now=now)


def snooze(action: Action, *, until: date, reason: str, actor: User, now: datetime) -> Action:
    """Put it off: it wakes up on `until`, or at once when it gets worse. Raises `ValidationError` by field."""
    problems: dict[str, str] = {}
    if not reason.strip():
        problems["reason"] = "Say why this can wait."
    days = (until - now.date()).days
    if not 0 < days <= LONGEST_SNOOZE_DAYS:
        problems["until"] = f"Choose a day within the next {LONGEST_SNOOZE_DAYS} days, not {until}."
    if problems:
        raise ValidationError(problems)
    return _move(action, Action.State.SNOOZED, reason=reason, actor=actor, now=now, until=until)


def finish(action: Action, *, reason: str, actor: User, now: datetime) -> Action:
    """It was done: `reason` says what. A later change of the same concern opens a new action."""
    if not reason.strip():
        raise ValidationError({"reason": "Say what was done."})
    return _move(action, Action.State.DONE, reason=reason, actor=actor, now=now)


@transaction.atomic
def _move(
    action: Action, state: Action.State, *, reason: str, actor: User, now: datetime, until: date | None = None
) -> Action:
    row = Action.objects.select_for_update().get(pk=action.pk)
    if row.state == Action.State.DONE:
        raise ValidationError({"state": "This action is done already."})
    if len(reason) > _REASON_LENGTH:
        raise ValidationError({"reason": f"At most {_REASON_LENGTH} characters, not {len(reason)}."})
    before = _stand(row)
    row.state, row.state_reason, row.snoozed_until = state, reason.strip(), until
    row.changed_by, row.updated_at = actor, now
    row.save()
    audit.record(f"governance:action:{state.value}", row, actor=actor, before=before, after=_stand(row))
    return row


def _stand(action: Action) -> dict[str, str | None]:
    until = action.snoozed_until
    return {"state": action.state, "reason": action.state_reason, "until": until.isoformat() if until else None}


@transaction.atomic
def wake(*, now: datetime) -> int:
    """Open again what was put off until today or earlier, and tell its team; returns how many."""
    asleep = Action.objects.select_for_update().filter(state=Action.State.SNOOZED, snoozed_until__lte=now.date())
    woken = list(asleep)
    Action.objects.filter(pk__in=[action.pk for action in woken]).update(
        state=Action.State.OPEN, snoozed_until=None, state_reason="The time it was put off for is over.", updated_at=now
    )
    tell_of_actions(woken, now=now)
    for action in woken:
        before = _stand(action)
        action.refresh_from_db()
        audit.record("governance:action:woken", action, actor=None, before=before, after=_stand(action))
    return len(woken)
