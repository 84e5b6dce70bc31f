"""Changes become impacts, actions, ended approvals and notices: a change with all that follows from it, or not at all.

What is to be done is found by looking: a change without a `Triage` row. So nothing is lost in a crash, and the
one-to-one row makes doing it twice impossible.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from governance.consequences import record
from governance.evaluation import evaluate_new_dependencies
from governance.models import Triage, TriageFailure
from governance.notices import introduce_new_channels, queue
from governance.reach import find
from governance.reopening import end_approvals
from registry.locks import serialise
from registry.models import Change, ChangeKind

logger = logging.getLogger(__name__)

# Small, so that nobody waits long for the write lock of SQLite.
BATCH = 100
BULK = 1000
# A change that fails this often is set aside, so that the queue behind it moves on.
MAX_FAILURES = 3


def triage_changes(*, now: datetime, limit: int = 2000) -> int:
    """Work through what is new: channels, changes (at most `limit` that can reach somebody), dependencies.

    Returns how many changes were marked. Any number of workers may run it at once.
    """
    introduce_new_channels(now=now)
    marked = _mark_what_reaches_nobody(now=now)
    ids = list(pending().values_list("pk", flat=True)[:limit])
    for start in range(0, len(ids), BATCH):
        marked += _try(ids[start : start + BATCH], now=now)
    # The first look counts as earlier than what this sweep worked through: for the gate, only what comes after it
    # is an event on an unchanged dependency.
    evaluate_new_dependencies(now=now - timedelta(microseconds=1))
    return marked


def pending() -> QuerySet[Change]:
    """The changes that nobody has worked through yet, the oldest first."""
    # An anti-join, never a highest id: transactions commit out of order.
    return (
        Change.objects.in_force()
        .filter(triage=None)
        .exclude(triage_failure__failures__gte=MAX_FAILURES)
        .order_by("detected_at", "pk")
    )


def _mark_what_reaches_nobody(*, now: datetime) -> int:
    """Mark, in bulk, listings that nobody has mapped and rows that only say that something is listed.

    A first document brings thousands of them.
    """
    idle = pending().filter(Q(kind=ChangeKind.LISTED) | Q(listing__isnull=False, listing__offering=None))
    ids = list(idle.values_list("pk", flat=True))
    for start in range(0, len(ids), BULK):
        rows = [Triage(change_id=pk, triaged_at=now) for pk in ids[start : start + BULK]]
        # Another worker may mark the same ones, with the same result.
        Triage.objects.bulk_create(rows, ignore_conflicts=True)
    return len(ids)


def _try(change_ids: Sequence[int], *, now: datetime) -> int:
    """Work some changes through. A batch that fails is taken one by one, so that a failure stops no other change."""
    try:
        return _work_through(change_ids, now=now)
    except Exception as error:  # whatever it is, the changes behind it must not wait for it
        if len(change_ids) > 1:
            return sum(_try([pk], now=now) for pk in change_ids)
        logger.exception("Change %s could not be worked through", change_ids[0])
        _note_failure(change_ids[0], error, now=now)
        return 0


@transaction.atomic
def _work_through(change_ids: Sequence[int], *, now: datetime) -> int:
    """Everything that follows from these changes, or nothing; returns how many no other worker had done before."""
    serialise("triage")
    # Asked again under the lock: what another worker has marked meanwhile is no longer pending.
    changes = list(
        pending().filter(pk__in=change_ids).select_related("listing__offering", "offering", "model", "vendor")
    )
    Triage.objects.bulk_create(Triage(change=change, triaged_at=now) for change in changes)
    ended = end_approvals(changes, now=now)
    touched = find(changes, now=now, lost_approvals=ended)
    queue(record(touched, now=now), now=now)
    return len(changes)


def _note_failure(change_id: int, error: Exception, *, now: datetime) -> None:
    with transaction.atomic():
        TriageFailure.objects.get_or_create(change_id=change_id, defaults={"last_failed_at": now})
        TriageFailure.objects.filter(change_id=change_id).update(
            failures=F("failures") + 1, last_error=f"{type(error).__name__}: {error}", last_failed_at=now
        )
