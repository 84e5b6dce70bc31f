"""Dry runs as rows: asked by people, judged in parts by as many workers as there are, and put together."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance import audit, policies
from governance.dry_run import KEPT, Report, try_policy
from governance.facts.many import Span, systems_with_uses
from governance.models import DryRun, DryRunPart
from governance.permissions import can_change_policy
from governance.refused import Refused
from governance.rules.policy_text import read
from governance.terms import terms_in_force
from registry.models import User

# So many systems are judged within a request; more are a worker's.
AT_ONCE = 200
# Systems in a part: a few seconds of work, for that is what triage waits in the same queue.
A_PART = 500
# So many parts of a dry run are judged at the same time, so that a queue with more processes keeps some for the rest.
ABREAST = 2
LEASE = timedelta(minutes=2)
Clock = Callable[[], datetime]


def ask(*, by: User, text: str, now: datetime) -> DryRun:
    """Try `text` against the policy in force: at once where there are few systems, else by workers.

    Refused: `not_allowed`, `invalid` (with `field` and `line`).
    """
    if not can_change_policy(User.objects.get(pk=by.pk)):
        raise Refused("not_allowed", "Reviewers and administrators try policies.")
    text = text.replace("\r\n", "\n")
    policies.check(text, now=now)
    with transaction.atomic():
        row = DryRun.objects.create(text=text, asked_by=by, created_at=now, policy_version=terms_in_force(now).version)
        told = {"text": text, "policy_version": row.policy_version}
        audit.record("governance:dryrun:asked", row, actor=by, after=told)
    if systems_with_uses().count() <= AT_ONCE:
        work_on(row, clock=lambda: now)
        row.refresh_from_db()
    return row


def work(*, clock: Clock = timezone.now, at_most: int | None = None) -> int:
    """Judge parts of dry runs that nobody has, the oldest run first; how many. Others may do so at the same time."""
    count = 0
    for row in DryRun.objects.filter(finished_at=None).order_by("pk"):
        count += work_on(row, clock=clock, at_most=None if at_most is None else at_most - count)
    return count


def work_on(row: DryRun, *, clock: Clock = timezone.now, at_most: int | None = None) -> int:
    """Judge the parts of `row` that nobody has; how many.

    Each batch prolongs the lease of its part. A worker that died leaves a part which another begins anew.
    """
    _share_out(row, now=clock())
    count = 0
    while count != at_most and (part := _claim(row, now=clock())):
        _judge(part, clock)
        count += 1
    _sum_up(row.pk, now=clock())
    return count


@transaction.atomic
def _share_out(row: DryRun, *, now: datetime) -> None:
    """Divide it into parts, once; whichever worker judges one does so for the same moment and against the same policy."""
    row = DryRun.objects.select_for_update().get(pk=row.pk)
    if row.finished_at or row.parts.exists():
        return
    ids = list(systems_with_uses().values_list("pk", flat=True))
    starts = [0, *ids[A_PART::A_PART]]
    ends = [*(start - 1 for start in starts[1:]), None]
    DryRunPart.objects.bulk_create(
        DryRunPart(dry_run=row, first_system=first, last_system=last) for first, last in zip(starts, ends, strict=True)
    )
    row.total, row.as_of, row.policy_version = len(ids), now, terms_in_force(now).version
    row.save(update_fields=["total", "as_of", "policy_version"])


def _claim(row: DryRun, *, now: datetime) -> DryRunPart | None:
    if row.parts.filter(finished_at=None, claimed_until__gte=now).count() >= ABREAST:
        return None
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    for part in row.parts.claimable(now):
        mine = DryRunPart.objects.filter(free, pk=part.pk, finished_at=None)
        if mine.update(claimed_until=now + LEASE):
            return part
    return None


def _judge(part: DryRunPart, clock: Clock) -> None:
    run = DryRun.objects.get(pk=part.dry_run_id)
    as_of = run.as_of or clock()
    _, after = read(run.text)
    among = Span(part.first_system, part.last_system)
    for report in try_policy(after, terms_in_force(as_of), now=as_of, among=among):
        _keep(part, report, claimed_until=clock() + LEASE)
        _sum_up(run.pk, now=clock())
    _keep(part, report, finished_at=clock(), changes=[changed.as_json for changed in report.changes])


def _keep(part: DryRunPart, report: Report, **fields: object) -> None:
    DryRunPart.objects.filter(pk=part.pk).update(
        total=report.total,
        done=report.done,
        changed_count=report.changed_count,
        verdicts={f"{before} -> {after}": count for (before, after), count in report.verdicts.items()},
        **fields,
    )


@transaction.atomic
def _sum_up(pk: int, *, now: datetime) -> None:
    """How far it is; where all parts are finished, all that they found, and they go."""
    row = DryRun.objects.select_for_update().get(pk=pk)
    if row.finished_at:
        return
    parts = list(row.parts.defer("changes"))
    verdicts = Counter[str]()
    for part in parts:
        verdicts.update(part.verdicts)
    row.done, row.changed_count = sum(part.done for part in parts), sum(part.changed_count for part in parts)
    row.verdicts = dict(sorted(verdicts.items()))
    if all(part.finished_at for part in parts):
        row.finished_at, row.total = now, sum(part.total for part in parts)
        # One part after the other: together they keep many times what is kept of them.
        found = (change for part in row.parts.only("changes").iterator(chunk_size=1) for change in part.changes)
        row.changes = list(islice(found, KEPT))
        row.parts.all().delete()
    row.save(update_fields=["done", "changed_count", "verdicts", "finished_at", "total", "changes"])
