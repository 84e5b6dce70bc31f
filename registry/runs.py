"""One run of a poll: begun once per slot, held by a lease, taken up again when its worker died, ended once.

The lease is a fence as well: whoever finds that the run is no longer under the lease he was given writes nothing more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from registry.locks import serialise
from registry.models import Change, Observation, PollRun, Rejected, Source

# Longer than a task may run (CELERY_TASK_TIME_LIMIT), so that a run whose lease has passed has no worker any more.
LEASE = timedelta(minutes=15)
# After a failure that may pass by itself.
RETRY_AFTER = timedelta(minutes=10)
# What a run keeps on its source.
BOOKS = (
    "next_due_at",
    "last_success_at",
    "last_observed_at",
    "last_error_at",
    "last_error",
    "etag",
    "last_modified",
    "content_sha256",
)
ABANDONED = "The worker ended before the poll did; what it had written was removed."


class Busy(Exception):
    """Another worker polls this source at this moment."""


class LeaseLost(Exception):
    """Another worker has taken the run up; what this one still has in hand does not count."""


@dataclass(frozen=True, slots=True)
class Held:
    """A run and the lease under which it was given."""

    run: PollRun
    source: Source


def next_slot(source: Source, *, now: datetime) -> datetime:
    """The moment for which the source is due. A source that was never polled gets one, the same for every caller."""
    Source.objects.filter(pk=source.pk, next_due_at=None).update(next_due_at=now)
    source.refresh_from_db(fields=["next_due_at"])
    assert source.next_due_at is not None, "set in the line above"  # noqa: S101
    return source.next_due_at


def live(now: datetime) -> QuerySet[PollRun]:
    """Runs that a worker is at work on."""
    return PollRun.objects.filter(outcome=PollRun.Outcome.RUNNING, lease_until__gt=now)


@transaction.atomic
def begin(source: Source, *, slot: datetime | None, now: datetime) -> Held | PollRun:
    """The run of that slot to work on; the run itself, if it has ended already.

    Without a slot (a person asks) it is a new run at `now`. Raises `Busy` while another run of the source holds its
    lease. What killed runs have left is removed first.
    """
    serialise(f"poll {source.pk}")
    for run in PollRun.objects.filter(source=source, outcome=PollRun.Outcome.RUNNING):
        if run.lease_until > now:
            raise Busy(
                f"{source} is being polled since {run.started_at:%H:%M:%S} UTC. Should that worker have been killed, "
                f"its run is taken up after {run.lease_until:%H:%M:%S} UTC."
            )
        _abandon(run)
    run, is_new = PollRun.objects.get_or_create(
        source=source,
        slot=slot or _free_slot(source, now),
        defaults={"started_at": now, "lease_until": now + LEASE},
    )
    if is_new:
        return Held(run, source)
    if run.outcome == PollRun.Outcome.FAILED and run.error == ABANDONED:
        run.outcome, run.error, run.started_at, run.lease_until = PollRun.Outcome.RUNNING, "", now, now + LEASE
        run.save()
        return Held(run, source)
    return run


def _free_slot(source: Source, now: datetime) -> datetime:
    newest = PollRun.objects.filter(source=source, slot__gte=now).order_by("-slot").first()
    return newest.slot + timedelta(microseconds=1) if newest else now


def _abandon(run: PollRun) -> None:
    _remove_rows(run)
    run.outcome, run.error = PollRun.Outcome.FAILED, ABANDONED
    run.save(update_fields=["outcome", "error"])


def _remove_rows(run: PollRun) -> None:
    """Remove what a run wrote that will never count. New listings stay, empty, for the next run to fill."""
    Change.objects.filter(run=run).delete()
    Observation.objects.filter(run=run).delete()
    Rejected.objects.filter(run=run).delete()


def hold(held: Held) -> None:
    """Within a transaction: make sure that the run still is ours until that transaction ends, or raise `LeaseLost`."""
    ours = PollRun.objects.select_for_update().filter(
        pk=held.run.pk, outcome=PollRun.Outcome.RUNNING, lease_until=held.run.lease_until
    )
    if ours.first() is None:
        raise LeaseLost(f"The poll of {held.source} was taken up by another worker.")


def succeed(
    held: Held,
    outcome: PollRun.Outcome,
    *,
    seen_at: datetime,
    now: datetime,
    regular: bool,
    next_in: timedelta | None = None,
) -> PollRun:
    """Within the completing transaction: let what the run wrote count, and keep the books of the source.

    `next_in` brings the next run forward, for a source that was not asked all there is to ask.
    """
    run, source = held.run, held.source
    run.outcome, run.completed_at = outcome, now
    run.save()
    source.last_success_at = max(filter(None, (source.last_success_at, seen_at)))
    source.last_observed_at = seen_at
    if regular or source.next_due_at is None:
        source.next_due_at = now + (next_in or source.interval)
    if run.error:
        source.last_error, source.last_error_at = run.error, now
    # Not the whole row: somebody may have changed the interval meanwhile.
    source.save(update_fields=BOOKS)
    return run


@transaction.atomic
def fail(
    held: Held,
    outcome: PollRun.Outcome,
    error: str,
    *,
    now: datetime,
    regular: bool,
    retry_after: timedelta | None = None,
) -> PollRun:
    """End a run that taught nothing. `retry_after` None: the next regular moment is early enough."""
    hold(held)
    run, source = held.run, held.source
    _remove_rows(run)
    run.outcome, run.error = outcome, error
    run.save()
    # A bad document that a person fed says nothing about the health of the source.
    if regular:
        source.last_error, source.last_error_at = error, now
        # Not sooner than upstream asked for, however short the interval.
        source.next_due_at = now + (retry_after or source.interval)
        source.save(update_fields=["last_error", "last_error_at", "next_due_at"])
    return run
