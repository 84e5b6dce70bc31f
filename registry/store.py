"""Write what a poll has learnt: first in batches that do not count yet, then one transaction that makes all of it count."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from registry.apply import TAKEN_BACK, apply_effective
from registry.diff import Difference
from registry.listings import map_new_offerings
from registry.models import Change, ChangeKind, Listing, Observation, Offering, PollRun, Rejected
from registry.records import JSON, ListingRecord, Reject, to_facts
from registry.runs import Held, hold, succeed
from registry.upstream import Document, Source

BATCH = 500
_LONGEST_URL = Observation._meta.get_field("evidence_url").max_length or 0

_MOVE_CURRENT = f"""
    UPDATE {Listing._meta.db_table} SET current_id = written.id, missing_since = NULL
    FROM {Observation._meta.db_table} AS written
    WHERE written.run_id = %s AND written.listing_id = {Listing._meta.db_table}.id
"""  # noqa: S608 - names of our own tables

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Row:
    """A listing as it stands. `facts` None: a row that no completed poll has filled."""

    listing_id: int
    offering_id: int | None
    current_id: int | None
    is_missing: bool
    facts: JSON | None


@dataclass(frozen=True, slots=True)
class Learnt:
    """All that one document says, worked out before the first write."""

    document: Document
    rows: Mapping[str, Row]
    new: Sequence[ListingRecord]
    changed: Sequence[ListingRecord]
    unchanged: Sequence[str]
    missing: Sequence[str]
    rejects: Sequence[Reject]
    differences: Sequence[Difference]
    unanswered: Sequence[str]
    seen_at: datetime


def rows_of(held: Held) -> dict[str, Row]:
    """Every listing of the source with what was last said, in one query."""
    found = held.source.listings.values_list(
        "external_id", "pk", "offering_id", "current_id", "missing_since", "current__facts"
    )
    return {
        external_id: Row(pk, offering_id, current_id, missing_since is not None, facts)
        for external_id, pk, offering_id, current_id, missing_since, facts in found.iterator()
    }


def write(held: Held, learnt: Learnt, adapter: Source) -> None:
    """Listings, observations, changes and rejects. None of it counts before `complete`."""
    ids = {external_id: row.listing_id for external_id, row in learnt.rows.items()}
    ids |= _add_listings(held, learnt, ids)
    spoken = [*learnt.new, *learnt.changed]
    pages = {external_id: _page(learnt, adapter, external_id) for external_id in ids}
    _add(held, Observation, [_observation(held, learnt, one, ids, pages[one.external_id]) for one in spoken])
    _add(held, Change, [_change(held, learnt, one, ids, pages[one.external_id]) for one in learnt.differences])
    _add(held, Rejected, [_rejected(held, one) for one in learnt.rejects])


def _add_listings(held: Held, learnt: Learnt, known: Collection[str]) -> dict[str, int]:
    # Who was asked for and gave no answer gets an empty row, too: it says that he was asked for.
    names = [*(record.external_id for record in learnt.new), *learnt.unanswered]
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    rows = [Listing(source=held.source, external_id=name, first_seen_at=learnt.seen_at) for name in unknown]
    _add(held, Listing, rows)
    return {row.external_id: row.pk for row in rows}


def _add(held: Held, model: type[Listing | Observation | Change | Rejected], rows: Sequence[object]) -> None:
    for batch in batches(rows):
        with transaction.atomic():
            hold(held)
            model.objects.bulk_create(batch)  # type: ignore[arg-type]  # rows of that model


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _page(learnt: Learnt, adapter: Source, external_id: str) -> str:
    return (adapter.page_of(external_id) or learnt.document.url)[:_LONGEST_URL]


def _observation(held: Held, learnt: Learnt, record: ListingRecord, ids: Mapping[str, int], page: str) -> Observation:
    return Observation(
        listing_id=ids[record.external_id],
        run_id=held.run.pk,
        facts=to_facts(record),
        evidence_url=page,
        evidence_sha256=learnt.document.sha256,
        observed_at=learnt.seen_at,
        last_confirmed_at=learnt.seen_at,
    )


def _change(held: Held, learnt: Learnt, difference: Difference, ids: Mapping[str, int], page: str) -> Change:
    return Change(
        kind=difference.kind,
        severity=difference.severity,
        origin=Change.Origin.SOURCE,
        listing_id=ids[difference.external_id],
        before=difference.before,
        after=difference.after,
        detected_at=learnt.seen_at,
        effective_on=difference.effective_on,
        run_id=held.run.pk,
        evidence_url=page,
        evidence_sha256=learnt.document.sha256,
    )


def _rejected(held: Held, reject: Reject) -> Rejected:
    return Rejected(run=held.run, external_id=reject.external_id, reason=reject.reason, excerpt=reject.excerpt)


@transaction.atomic
def complete(held: Held, learnt: Learnt, *, now: datetime, regular: bool) -> PollRun:
    """Let everything that was written count at once, and bring the offerings in use up to it."""
    hold(held)
    _move_current(held)
    _mark_missing(held, learnt)
    _confirm(learnt)
    in_use = {row.offering_id for row in _spoken_rows(learnt) if row.offering_id is not None}
    _count(held, learnt)
    run = succeed(held, PollRun.Outcome.CHANGED, seen_at=learnt.seen_at, now=now, regular=regular)
    apply_effective(in_use, now=learnt.seen_at, taken_back=_taken_back(learnt))
    map_new_offerings(held.source, now=learnt.seen_at, run=run)
    return run


def _move_current(held: Held) -> None:
    # A join, which the ORM cannot update by: as a subquery for each listing it took time by the square of the rows.
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_CURRENT, [held.run.pk])


def _mark_missing(held: Held, learnt: Learnt) -> None:
    gone = [learnt.rows[name].listing_id for name in learnt.missing if not learnt.rows[name].is_missing]
    back = [learnt.rows[name].listing_id for name in learnt.unchanged if learnt.rows[name].is_missing]
    for batch in batches(gone):
        held.source.listings.filter(pk__in=batch).update(missing_since=learnt.seen_at)
    for batch in batches(back):
        held.source.listings.filter(pk__in=batch).update(missing_since=None)


def _confirm(learnt: Learnt) -> None:
    """What was said again is confirmed, and the offerings that it is about are as fresh as that."""
    rows = [learnt.rows[name] for name in learnt.unchanged]
    for batch in batches([row.current_id for row in rows if row.current_id is not None]):
        Observation.objects.filter(pk__in=batch).update(last_confirmed_at=learnt.seen_at)
    for batch in batches([row.offering_id for row in rows if row.offering_id is not None]):
        refresh(Offering.objects.filter(pk__in=batch), seen_at=learnt.seen_at)


def refresh(offerings: QuerySet[Offering], *, seen_at: datetime) -> None:
    """Note that a source has just confirmed the facts of `offerings`."""
    offerings.filter(Q(facts_as_of=None) | Q(facts_as_of__lt=seen_at)).update(facts_as_of=seen_at)


def _spoken_rows(learnt: Learnt) -> Iterator[Row]:
    for record in (*learnt.new, *learnt.changed):
        if record.external_id in learnt.rows:
            yield learnt.rows[record.external_id]


def _taken_back(learnt: Learnt) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for difference in learnt.differences:
        row = learnt.rows.get(difference.external_id)
        if row is not None and row.offering_id is not None:
            found[row.offering_id].update(TAKEN_BACK.get(difference.kind, ()))
    return found


def _count(held: Held, learnt: Learnt) -> None:
    run, source, document = held.run, held.source, learnt.document
    listed = sum(difference.kind == ChangeKind.LISTED for difference in learnt.differences)
    run.is_baseline = not any(row.facts is not None for row in learnt.rows.values())
    run.url, run.content_sha256 = document.url[:_LONGEST_URL], document.sha256
    run.record_count = len(learnt.new) + len(learnt.changed) + len(learnt.unchanged)
    run.rejected_count, run.missing_count = len(learnt.rejects), len(learnt.missing)
    run.listed_count, run.change_count = listed, len(learnt.differences) - listed
    source.etag, source.last_modified = document.etag, document.last_modified
    # A document with gaps must be looked at again even if it comes back the same: nothing confirmed those.
    source.content_sha256 = "" if learnt.unanswered else document.sha256


@transaction.atomic
def complete_unchanged(held: Held, *, seen_at: datetime, now: datetime, regular: bool) -> PollRun:
    """The document is the one we have: confirm what is in use, and nothing per row that nobody uses."""
    hold(held)
    unread = Rejected.objects.filter(run__source=held.source, run__content_sha256=held.source.content_sha256)
    in_use = held.source.listings.filter(offering__isnull=False, current__isnull=False, missing_since=None).exclude(
        external_id__in=unread.values("external_id")
    )
    Observation.objects.filter(pk__in=in_use.values("current")).update(last_confirmed_at=seen_at)
    refresh(Offering.objects.filter(pk__in=in_use.values("offering")), seen_at=seen_at)
    map_new_offerings(held.source, now=seen_at, run=held.run)
    held.run.content_sha256 = held.source.content_sha256
    return succeed(held, PollRun.Outcome.UNCHANGED, seen_at=seen_at, now=now, regular=regular)
