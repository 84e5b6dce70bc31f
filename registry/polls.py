"""The row of a poll: one per source and slot, taken with a lease, taken up again when its worker died."""

from datetime import UTC, datetime, timedelta

from django.db.models import Q

from registry.models import PollRun, Source

# Longer than the hard limit of a task: a run whose lease has passed has no worker any more.
LEASE = timedelta(minutes=15)
_RETRY = timedelta(minutes=10)


def slot_of(source: Source, now: datetime) -> datetime:
    """The moment for which a regular poll at `now` counts: however many beats ask, they mean the same slot."""
    if source.next_due_at is not None:
        return source.next_due_at
    seconds = source.interval.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=UTC)


def take(source: Source, slot: datetime, *, now: datetime) -> PollRun | None:
    """The run of `slot`, to be worked on by the caller alone; None where somebody works on it or it is over."""
    run, is_new = PollRun.objects.get_or_create(
        source=source, slot=slot, defaults={"started_at": now, "lease_until": now + LEASE}
    )
    if is_new:
        return run
    abandoned = Q(pk=run.pk, completed_at=None, lease_until__lt=now)
    if not PollRun.objects.filter(abandoned).update(started_at=now, lease_until=now + LEASE):
        return None
    _clear(run)
    run.refresh_from_db()
    return run


def _clear(run: PollRun) -> None:
    """Remove what a killed worker had written: none of it ever counted."""
    run.changes.all().delete()
    run.observations.all().delete()
    run.rejected.all().delete()


def finish(run: PollRun, outcome: PollRun.Outcome, *, now: datetime, error: str = "") -> PollRun:
    """Close a run that wrote nothing to count, and say when the source is asked again."""
    run.outcome, run.error, run.completed_at = outcome, error, now
    run.save()
    source = run.source
    if outcome == PollRun.Outcome.UNCHANGED:
        source.last_success_at, source.last_error = now, ""
        source.next_due_at = now + source.interval
    else:
        source.last_error_at, source.last_error = now, error
        source.next_due_at = now + min(_RETRY, source.interval)
    source.save()
    return run
