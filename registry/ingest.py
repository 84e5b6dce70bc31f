"""Poll one source: fetch, parse, compare, store.

Everything is worked out before the first write. Rows are then written in short transactions and count only once
the last of these sets `PollRun.completed_at`: a worker that dies on the way leaves nothing that anybody sees.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from django.db import transaction
from django.db.models import OuterRef, Subquery

from registry import polls
from registry.breaker import looks_truncated
from registry.diff import Difference, Outcome, compare
from registry.listings import map_new, refresh
from registry.models import Change, Listing, Observation, Offering, PollRun, Rejected, Source
from registry.records import ListingRecord, Parsed
from registry.upstream import Document, UpstreamError, Validators, installed
from registry.upstream import Source as Adapter

BATCH = 500
Row = TypeVar("Row")


class PollRefused(Exception):
    """A document cannot be taken in as asked; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a source said last about a listing."""

    listing_id: int
    record: ListingRecord | None


@dataclass(frozen=True, slots=True)
class _Work:
    """One poll with all that its writing needs."""

    run: PollRun
    adapter: Adapter
    document: Document
    parsed: Parsed
    known: dict[str, _Known]
    outcome: Outcome
    seen_at: datetime


def poll(source_slug: str, *, now: datetime, document: Path | None = None, as_of: datetime | None = None) -> PollRun:
    """Poll `source_slug`, or take in the saved `document` as if it had been fetched at `as_of`.

    A second call for the same slot does nothing and returns its run. A failure of the upstream is kept in the run
    and not raised; raises `PollRefused` for a document older than what is known, or one that cannot be read.
    """
    source = Source.objects.get(slug=source_slug)
    adapter = installed()[source_slug]()
    seen_at = as_of or now
    if source.last_observed_at and seen_at < source.last_observed_at:
        raise PollRefused(
            f"{source} was seen on {source.last_observed_at:%Y-%m-%d %H:%M} already; "
            f"a document of {seen_at:%Y-%m-%d %H:%M} would turn time back."
        )
    slot = now if document else polls.slot_of(source, now)
    run = polls.take(source, slot, now=now)
    if run is None:
        return PollRun.objects.get(source=source, slot=slot)
    try:
        return _poll(run, adapter, document, seen_at=seen_at, now=now)
    except UpstreamError as error:
        return polls.finish(run, PollRun.Outcome.FAILED, now=now, error=str(error))


def _poll(run: PollRun, adapter: Adapter, path: Path | None, *, seen_at: datetime, now: datetime) -> PollRun:
    source = run.source
    document = _read(path) if path else adapter.fetch(_validators(source), _watched(source))
    if document is None or document.sha256 == source.content_sha256:
        if source.last_observed_at is None or seen_at > source.last_observed_at:
            source.last_observed_at = seen_at
        return polls.finish(run, PollRun.Outcome.UNCHANGED, now=now)
    parsed = adapter.parse(document.body)
    known = _load(source)
    refusal = _refusal(adapter, parsed, known)
    if refusal:
        return polls.finish(run, PollRun.Outcome.REFUSED, now=now, error=refusal)
    outcome = _compare(adapter, parsed, known)
    work = _Work(run, adapter, document, parsed, known, outcome, seen_at)
    _write(work)
    _complete(work, now=now)
    return run


def _read(path: Path) -> Document:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise PollRefused(f"{path} cannot be read: {error.strerror}") from error
    return Document(body=body, url=path.resolve().as_uri(), sha256=hashlib.sha256(body).hexdigest())


def _validators(source: Source) -> Validators:
    return Validators(source.etag, source.last_modified)


def _watched(source: Source) -> set[str]:
    """The ids that a source which is asked one by one has to be asked for."""
    return set(Offering.objects.filter(host=source.slug).values_list("external_id", flat=True))


def _load(source: Source) -> dict[str, _Known]:
    rows = source.listings.values_list("external_id", "pk", "current__facts")
    return {
        external_id: _Known(pk, None if facts is None else ListingRecord.from_json(external_id, facts))
        for external_id, pk, facts in rows.iterator()
    }


def _refusal(adapter: Adapter, parsed: Parsed, known: dict[str, _Known]) -> str:
    """Why the document must not be taken in, or ''."""
    if not adapter.is_complete:
        return ""
    told = len(parsed.records) + len(parsed.rejects)
    if not parsed.records:
        return f"The document holds no record that can be read; {len(parsed.rejects)} were set aside."
    if looks_truncated(len(known), told):
        return f"The document has {told} records where {len(known)} were known: it looks truncated, so nothing of it counts."
    return ""


def _compare(adapter: Adapter, parsed: Parsed, known: dict[str, _Known]) -> Outcome:
    before = {name: row.record for name, row in known.items() if row.record is not None}
    after = {record.external_id: record for record in parsed.records}
    outcome = compare(before, after, is_baseline=not known)
    # A record that could not be read is not missing; and a source that is asked one by one says itself what is.
    untold = {reject.external_id for reject in parsed.rejects} | parsed.unknown
    missing = outcome.missing - untold if adapter.is_complete else parsed.absent & before.keys()
    return Outcome(outcome.changes, frozenset(missing))


def _write(work: _Work) -> None:
    """Listings, observations, changes and rejects, in batches; none of them counts yet."""
    new = [record for record in work.parsed.records if record.external_id not in work.known]
    for batch in _batches(new):
        Listing.objects.bulk_create(
            [
                Listing(source=work.run.source, external_id=record.external_id, first_seen_at=work.seen_at)
                for record in batch
            ],
            ignore_conflicts=True,
        )
    ids = dict(work.run.source.listings.values_list("external_id", "pk"))
    for records in _batches(_changed(work)):
        Observation.objects.bulk_create(_observation(work, record, ids) for record in records)
    for changes in _batches(work.outcome.changes):
        Change.objects.bulk_create(_change(work, difference, ids) for difference in changes)
    Rejected.objects.bulk_create(
        (
            Rejected(run=work.run, external_id=reject.external_id[:300], reason=reject.reason, excerpt=reject.excerpt)
            for reject in work.parsed.rejects
        ),
        batch_size=BATCH,
    )


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _changed(work: _Work) -> list[ListingRecord]:
    """Records that say something else than the last observation of their listing."""
    return [record for record in work.parsed.records if _last(work, record.external_id) != record]


def _last(work: _Work, external_id: str) -> ListingRecord | None:
    known = work.known.get(external_id)
    return known.record if known else None


def _observation(work: _Work, record: ListingRecord, ids: dict[str, int]) -> Observation:
    return Observation(
        listing_id=ids[record.external_id],
        run=work.run,
        facts=record.to_json(),
        evidence_url=work.document.url[:500],
        evidence_sha256=work.document.sha256,
        observed_at=work.seen_at,
        last_confirmed_at=work.seen_at,
    )


def _change(work: _Work, difference: Difference, ids: dict[str, int]) -> Change:
    return Change(
        kind=difference.kind,
        severity=difference.severity,
        origin=Change.Origin.SOURCE,
        listing_id=ids[difference.external_id],
        before=difference.before,
        after=difference.after,
        detected_at=work.seen_at,
        effective_on=difference.effective_on,
        run=work.run,
        evidence_url=work.document.url[:500],
        evidence_sha256=work.document.sha256,
    )


@transaction.atomic
def _complete(work: _Work, *, now: datetime) -> None:
    """Let everything count at once: current observations, confirmations, effective values, the source's own row."""
    source = work.run.source
    newest = Observation.objects.filter(run=work.run, listing=OuterRef("pk")).values("pk")[:1]
    Listing.objects.filter(observations__run=work.run).update(current=Subquery(newest))
    _confirm(work)
    mapped = map_new(source, work.adapter, work.parsed.records, now=work.seen_at)
    touched = Listing.objects.filter(observations__run=work.run).exclude(offering=None)
    refresh(set(touched.values_list("offering_id", flat=True)) | mapped, now=work.seen_at)
    _confirm_offerings(work)
    _close(work, now=now)


def _confirm(work: _Work) -> None:
    """What was told again is confirmed; what is missing is missing since now."""
    source = work.run.source
    untold = {reject.external_id for reject in work.parsed.rejects} | work.parsed.unknown | work.outcome.missing
    told = source.listings.exclude(external_id__in=untold)
    if not work.adapter.is_complete:
        told = source.listings.filter(external_id__in=[record.external_id for record in work.parsed.records])
    told.exclude(missing_since=None).update(missing_since=None)
    source.listings.filter(external_id__in=work.outcome.missing, missing_since=None).update(missing_since=work.seen_at)
    Observation.objects.filter(pk__in=told.values("current")).update(last_confirmed_at=work.seen_at)


def _confirm_offerings(work: _Work) -> None:
    confirmed = Listing.objects.filter(
        source=work.run.source, missing_since=None, current__last_confirmed_at=work.seen_at
    ).exclude(offering=None)
    Offering.objects.filter(pk__in=confirmed.values("offering")).update(facts_as_of=work.seen_at)


def _close(work: _Work, *, now: datetime) -> None:
    run, source = work.run, work.run.source
    changes = work.outcome.changes
    run.outcome, run.completed_at, run.is_baseline = PollRun.Outcome.CHANGED, now, not work.known
    run.url, run.content_sha256 = work.document.url[:500], work.document.sha256
    run.record_count, run.rejected_count = len(work.parsed.records), len(work.parsed.rejects)
    run.listed_count = sum(change.kind == "listed" for change in changes)
    run.change_count, run.missing_count = len(changes) - run.listed_count, len(work.outcome.missing)
    run.save()
    source.etag, source.last_modified = work.document.validators.etag, work.document.validators.last_modified
    source.content_sha256, source.last_observed_at = work.document.sha256, work.seen_at
    source.last_success_at, source.last_error, source.next_due_at = now, "", now + source.interval
    source.save()
