"""Poll one source: fetch, parse, look whether it can be true, compare; then write.

Nothing is fetched, parsed or compared inside a transaction, and nothing that was written counts before the run is
completed: a worker that dies on the way leaves rows that nobody sees and that the next run removes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import Exists, F, OuterRef

from registry import runs
from registry.apply import same_license
from registry.diff import Difference, diff
from registry.models import ChangeKind, Listing, Offering, PollRun, Source
from registry.records import ListingRecord, from_facts, overlay, unique
from registry.runs import RETRY_AFTER, Held
from registry.store import Learnt, Row, complete, complete_unchanged, rows_of, write
from registry.upstream import Document, Known, Lack, Parsed, UpstreamError, adapter_of
from registry.upstream import Source as Adapter

# One release of LiteLLM's map rightly dropped 4.8 % of its keys; another lost 14 % by mistake.
MAX_SHRINK = 0.10
# In a document of a few rows, a few rows say nothing about the rest.
FEW = 3
# How far a saved document may be dated ahead of us: a day, because a date alone says no time zone.
MAX_AHEAD = timedelta(days=1)


# How soon after a poll, good or bad, a model that came into the register may bring the next one forward.
PAUSE = timedelta(minutes=10)


class Refused(Exception):
    """The document was read and is not believed; the text says why and what to do."""


def poll(
    source_slug: str,
    *,
    now: datetime,
    document: Path | None = None,
    as_of: datetime | None = None,
    slot: datetime | None = None,
    accept_shrink: bool = False,
) -> PollRun:
    """Poll a source once, or feed it a saved `document` that was seen at `as_of`; returns the run, ended.

    With a `slot` it happens once for that slot, whoever asks how often; without one it happens now. Whatever goes
    wrong upstream ends the run as failed or refused, with the reason in it, and changes nothing that was known.
    Raises `Source.DoesNotExist` for an unknown slug and `runs.Busy` while another worker polls the source.
    """
    source = Source.objects.get(slug=source_slug)
    held = runs.begin(source, slot=slot, now=now)
    if isinstance(held, PollRun):
        return held
    is_regular = document is None
    try:
        return _poll(held, document, seen_at=as_of or now, now=now, accept_shrink=accept_shrink)
    except UpstreamError as error:
        wait = max(RETRY_AFTER, error.retry_after or RETRY_AFTER) if error.retryable else None
        return runs.fail(held, PollRun.Outcome.FAILED, str(error), now=now, regular=is_regular, retry_after=wait)
    except Refused as error:
        return runs.fail(held, PollRun.Outcome.REFUSED, str(error), now=now, regular=is_regular)
    except runs.LeaseLost:
        raise
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        # Kept in the run, so that the next regular moment tries again, and neither the next beat nor the lease's end.
        text = f"The poll broke off: {type(error).__name__}: {error}"
        runs.fail(held, PollRun.Outcome.FAILED, text[:2000], now=now, regular=is_regular)
        raise


def due_sources(*, now: datetime) -> list[Source]:
    """Sources to be polled now and not being polled: those whose moment has come, and those with somebody new to ask for.

    So a repository that was imported or adopted has its facts within a minute and not at the next regular moment.
    """
    for source in Source.objects.filter(is_enabled=True, next_due_at__gt=now):
        if _has_somebody_new(source) and not _was_just_polled(source, now):
            Source.objects.filter(pk=source.pk, next_due_at=source.next_due_at).update(next_due_at=now)
    return list(Source.objects.due(now).exclude(runs__in=runs.live(now)))


def _has_somebody_new(source: Source) -> bool:
    """Whether an offering at the source's host was never asked for."""
    host = adapter_of(source.slug).watched_host
    asked = Listing.objects.filter(source=source, external_id=OuterRef("external_id"))
    return bool(host) and Offering.objects.filter(host=host).exclude(Exists(asked)).exists()


def _was_just_polled(source: Source, now: datetime) -> bool:
    moments = filter(None, (source.last_success_at, source.last_error_at))
    return any(now - moment < PAUSE for moment in moments)


def _poll(held: Held, path: Path | None, *, seen_at: datetime, now: datetime, accept_shrink: bool) -> PollRun:
    adapter, is_regular = adapter_of(held.source.slug), path is None
    _refuse_time_travel(held.source, seen_at, now=now)
    document = adapter.fetch(_known(held.source, adapter)) if path is None else _read(path)
    if document is None or document.sha256 == held.source.content_sha256:
        return complete_unchanged(held, seen_at=seen_at, now=now, regular=is_regular)
    parsed = adapter.parse(document.raw)
    rows = rows_of(held)
    if adapter.is_complete:
        _refuse_truncated(rows, parsed, accept_shrink=accept_shrink)
    learnt = _learn(document, parsed, rows, adapter, seen_at=seen_at)
    held.run.error = _gaps(parsed)
    write(held, learnt, adapter)
    return complete(held, learnt, now=now, regular=is_regular)


def _read(path: Path) -> Document:
    try:
        return Document(path.read_bytes(), f"file:{path.name}")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error


def _known(source: Source, adapter: Adapter) -> Known:
    if not adapter.watched_host:
        return Known(etag=source.etag, last_modified=source.last_modified)
    return Known(watched=_watched(adapter.watched_host))


def _watched(host: str) -> list[str]:
    """The ids in the register at `host`, the longest unconfirmed first, so that a short budget reaches all in turn."""
    offerings = Offering.objects.filter(host=host).order_by(F("facts_as_of").asc(nulls_first=True), "pk")
    return list(offerings.values_list("external_id", flat=True))


def _refuse_time_travel(source: Source, seen_at: datetime, *, now: datetime) -> None:
    if seen_at > now + MAX_AHEAD:
        raise Refused(f"A document cannot have been seen on {seen_at:%Y-%m-%d}, which is yet to come.")
    if source.last_observed_at is not None and seen_at < source.last_observed_at:
        raise Refused(
            f"{source} was seen as of {source.last_observed_at:%Y-%m-%d %H:%M} UTC; a document of "
            f"{seen_at:%Y-%m-%d %H:%M} is older and would turn time back. Feed documents in their order."
        )


def _refuse_truncated(rows: Mapping[str, Row], parsed: Parsed, *, accept_shrink: bool) -> None:
    if not parsed.records:
        raise Refused(f"The document holds no record that can be read ({len(parsed.rejects)} rejected).")
    present = {name for name, row in rows.items() if row.facts is not None and not row.is_missing}
    still = len(present.intersection(record.external_id for record in parsed.records))
    if looks_truncated(len(present), still) and not accept_shrink:
        raise Refused(
            f"The document looks truncated: of {len(present)} known rows it has {still}. Nothing of it was taken. "
            "If upstream really dropped them, save the document and feed it with --accept-shrink."
        )


def looks_truncated(before: int, after: int) -> bool:
    # A half-delivered feed looks like mass retirement. Missing one poll is cheaper
    # than paging every team, so a sudden shrink is an error and not a change.
    return before - after > max(before * MAX_SHRINK, FEW)


def _learn(
    document: Document, parsed: Parsed, rows: Mapping[str, Row], adapter: Adapter, *, seen_at: datetime
) -> Learnt:
    before = {name: from_facts(name, row.facts) for name, row in rows.items() if row.facts is not None}
    after = unique(_whole(parsed, before))
    found = diff(before, after)
    is_same = {name for name, record in after.items() if before.get(name) == record}
    return Learnt(
        document=document,
        rows=rows,
        new=[record for name, record in after.items() if name not in before],
        changed=[record for name, record in after.items() if name in before and name not in is_same],
        unchanged=[name for name in after if name in is_same],
        missing=_missing(found.missing, parsed, rows, adapter),
        rejects=parsed.rejects,
        differences=_true_differences(found.differences, before, after),
        unanswered=[one.external_id for one in parsed.unanswered],
        seen_at=seen_at,
    )


def _whole(parsed: Parsed, before: Mapping[str, ListingRecord]) -> Iterable[ListingRecord]:
    for record in parsed.records:
        is_partial = record.external_id in parsed.partial
        yield overlay(record, before.get(record.external_id)) if is_partial else record


def _missing(absent: Iterable[str], parsed: Parsed, rows: Mapping[str, Row], adapter: Adapter) -> list[str]:
    """Rows that upstream does not have any more. A record that could not be read is there."""
    if adapter.is_complete:
        unread = {reject.external_id for reject in parsed.rejects}
        return [name for name in absent if name not in unread]
    not_found = (one.external_id for one in parsed.unanswered if one.lack is Lack.NOT_FOUND)
    return [name for name in not_found if name in rows]


def _true_differences(
    differences: Iterable[Difference], before: Mapping[str, ListingRecord], after: Mapping[str, ListingRecord]
) -> list[Difference]:
    """Without licenses that are only written differently, which is for the register's list of names to say."""
    return [
        one
        for one in differences
        if one.kind != ChangeKind.LICENSE_CHANGED or not same_license(before[one.external_id], after[one.external_id])
    ]


def _gaps(parsed: Parsed) -> str:
    """What of the answer is lacking, for the run and the source: an incomplete success says so."""
    if not parsed.unanswered:
        return ""
    first = parsed.unanswered[0]
    asked = len(parsed.unanswered) + len(parsed.records)
    return f"{len(parsed.unanswered)} of {asked} were not answered; {first.external_id}: {first.reason}."
