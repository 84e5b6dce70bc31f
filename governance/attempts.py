"""One attempt to send a notice, as rows: begun before it is made, ended by what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.db import transaction
from django.db.models import F, QuerySet

from governance.models import Delivery, Notice, Ticket
from governance.retries import wait_after
from governance.transports.base import Receipt, Throttled, TransportError

# Longer than a transport may take, and than the time after which a tracker's search shows what was created:
# who claims after a death can find what the dead one did.
LEASE = timedelta(minutes=6)
# A notice that has taken this many workers with it is set aside.
MAX_DEATHS = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """A notice that this worker holds until the lease ends; `number` is the fence against whoever claims it later."""

    notice: Notice
    number: int


@transaction.atomic
def begin(notice: Notice, *, now: datetime) -> Attempt | None:
    """Claim a notice that is due and note the attempt; None where another worker has it, or it was set aside."""
    if _deaths(notice) >= MAX_DEATHS:
        _set_aside(notice)
        return None
    # On the row's own columns alone: a subquery would be judged by an old snapshot after waiting for another claim.
    unclaimed = Notice.objects.filter(pk=notice.pk, state=notice.state, attempts=notice.attempts)
    claimed = unclaimed.update(state=Notice.State.SENDING, claimed_until=now + LEASE, attempts=F("attempts") + 1)
    if not claimed:
        return None
    number = notice.attempts + 1
    Delivery.objects.create(notice=notice, attempt=number, started_at=now)
    return Attempt(notice, number)


def _deaths(notice: Notice) -> int:
    """Attempts that were begun and never ended: their worker is gone."""
    return Delivery.objects.filter(notice=notice, outcome=Delivery.Outcome.STARTED).count()


def _set_aside(notice: Notice) -> None:
    held = Notice.objects.filter(pk=notice.pk, attempts=notice.attempts)
    held.update(
        state=Notice.State.DEAD, claimed_until=None, last_error=f"{MAX_DEATHS} workers died while they sent it."
    )


@transaction.atomic
def succeed(attempt: Attempt, receipt: Receipt, *, now: datetime) -> None:
    """The receiver has it. True also where the lease ran out meanwhile: then another attempt finds it there."""
    _end(attempt, Delivery.Outcome.SENT, receipt.detail or receipt.external_key, now=now)
    held = _held(attempt)
    held.update(state=Notice.State.SENT, sent_at=now, claimed_until=None, last_error="")
    if attempt.notice.ticket_id is not None and receipt.external_key:
        Ticket.objects.filter(pk=attempt.notice.ticket_id).update(
            external_key=receipt.external_key, url=receipt.url, updated_at=now
        )


@transaction.atomic
def fail(attempt: Attempt, error: TransportError, max_attempts: int, *, dice: Random, now: datetime) -> str:
    """Put the notice back for a later attempt, or among the dead letters; returns the `Delivery.Outcome`."""
    is_dead = error.permanent or attempt.number % max_attempts == 0
    outcome = Delivery.Outcome.REFUSED if is_dead else Delivery.Outcome.RETRY
    _end(attempt, outcome, str(error), now=now)
    if is_dead:
        _held(attempt).update(state=Notice.State.DEAD, claimed_until=None, last_error=str(error))
        return outcome
    pause = max(wait_after(attempt.number, dice=dice), error.retry_after or timedelta())
    _held(attempt).update(state=Notice.State.QUEUED, due_at=now + pause, claimed_until=None, last_error=str(error))
    if isinstance(error, Throttled) and error.retry_after:
        _hold_destination(attempt.notice, until=now + error.retry_after)
    return outcome


def _held(attempt: Attempt) -> QuerySet[Notice]:
    """The notice, if it is still ours."""
    return Notice.objects.filter(pk=attempt.notice.pk, state=Notice.State.SENDING, attempts=attempt.number)


def _end(attempt: Attempt, outcome: str, detail: str, *, now: datetime) -> None:
    Delivery.objects.filter(notice=attempt.notice, attempt=attempt.number).update(
        outcome=outcome, detail=detail, finished_at=now
    )


def _hold_destination(notice: Notice, *, until: datetime) -> None:
    """Let everything for the same destination wait, as it asked."""
    waiting = Notice.objects.filter(
        state=Notice.State.QUEUED,
        due_at__lt=until,
        channel__transport=notice.channel.transport,
        channel__address=notice.channel.address,
    )
    waiting.update(due_at=until)
