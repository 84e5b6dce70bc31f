"""Poll one source: fetch, parse, look whether it can be true, compare; then write.

Nothing is fetched, parsed or compared inside a transaction, and nothing that was written counts before the run is
completed: a worker that dies on the way leaves rows that nobody sees and that the next run removes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import Exists, OuterRef

from registry import incidents, runs
from registry.absence import FEW
from registry.heard import Evidence, Heard, Row, Size
from registry.learn import Learnt, learn, needs_another_look, said_again
from registry.models import Listing, Offering, PollRun, Section, Source
from registry.rows import rows_of
from registry.runs import RETRY_AFTER, Held
from registry.store import Confirmed, Round, complete, confirm, write
from registry.sweep import sweep
from registry.upstream import Adapter, Document, Known, Parsed, UpstreamError, adapter_of, installed
from registry.upstream.base import Sweeper

# A document that has lost more than this is broken; of one that has lost less, all but the absences is believed.
MAX_SHRINK = 0.50
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

    With a `slot` it happens once for that slot, whoever asks how often; without one it happens now, and of a source
    that is read in sections all of them are read, due or not. Whatever goes
    wrong upstream ends the run as failed or refused, with the reason in it, and changes nothing that was known.
    Raises `Source.DoesNotExist` for an unknown slug and `runs.Busy` while another worker polls the source.
    """
    source = Source.objects.get(slug=source_slug)
    held = runs.begin(source, slot=slot, now=now)
    if isinstance(held, PollRun):
        return held
    is_regular = document is None
    try:
        adapter = adapter_of(source.slug)
        if is_regular and isinstance(adapter, Sweeper):
            return sweep(held, adapter, now=now, everything=slot is None)
        return _poll(held, document, seen_at=as_of or now, now=now, accept_shrink=accept_shrink)
    except UpstreamError as error:
        wait = (error.retry_after or min(RETRY_AFTER, source.interval)) if error.retryable else None
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
    adapter = installed(source.slug)
    host = adapter.watched_host if adapter else ""
    asked = Listing.objects.filter(source=source, external_id=OuterRef("external_id"))
    return bool(host) and Offering.objects.filter(host=host).exclude(Exists(asked)).exists()


def _was_just_polled(source: Source, now: datetime) -> bool:
    moments = filter(None, (source.last_success_at, source.last_error_at))
    return any(now - moment < PAUSE for moment in moments)


def _poll(held: Held, path: Path | None, *, seen_at: datetime, now: datetime, accept_shrink: bool) -> PollRun:
    adapter, is_regular = adapter_of(held.source.slug), path is None
    _refuse_time_travel(held.source, seen_at, now=now)
    document = _fetched(adapter, held.source) if path is None else _read(path)
    section, is_new = Section.objects.get_or_create(source=held.source, name="")
    is_same = document is None or document.sha256 == held.source.content_sha256
    rows, known = rows_of(held), _size(held.source, adapter, accept_shrink=accept_shrink)
    if is_same and not is_new and not needs_another_look(rows.values(), known):
        return confirm(held, section, seen_at=seen_at, now=now, regular=is_regular)
    parsed = said_again(rows) if document is None or is_same else adapter.parse(document.raw)
    if adapter.is_complete:
        _refuse_broken(held, rows, parsed, accept_shrink=accept_shrink, now=now)
    evidence = _evidence(document, section)
    learnt = learn([Heard(section.pk, evidence, parsed, rows)], known, seen_at=seen_at)
    if document is not None:
        _keep_books(held, document, learnt)
    held.run.url, held.run.content_sha256, held.run.error = evidence.url, evidence.sha256, _gaps(parsed)
    pages = {name: adapter.page_of(name) for name in learnt.where}
    write(held, learnt, pages)
    is_baseline = not any(row.facts is not None for row in rows.values())
    confirmed = Confirmed(section.pk, evidence.sha256, evidence.url, evidence.sha256, row_count=len(parsed.records))
    return complete(held, learnt, Round([confirmed], is_baseline=is_baseline), pages, now=now, regular=is_regular)


def _evidence(document: Document | None, section: Section) -> Evidence:
    if document is None:
        return Evidence(section.evidence_url, section.evidence_sha256)
    return Evidence(document.url, document.sha256)


def _keep_books(held: Held, document: Document, learnt: Learnt) -> None:
    held.source.etag, held.source.last_modified = document.etag, document.last_modified
    # A document with gaps must be looked at again even if it comes back the same: nothing confirmed those.
    held.source.content_sha256 = "" if learnt.unanswered else document.sha256


def _fetched(adapter: Adapter, source: Source) -> Document | None:
    # What is read section by section has no whole document, and is swept.
    return None if isinstance(adapter, Sweeper) else adapter.fetch(_known(source))


def _read(path: Path) -> Document:
    try:
        return Document(path.read_bytes(), f"file:{path.name}")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error


def _known(source: Source) -> Known:
    return Known(etag=source.etag, last_modified=source.last_modified)


def _size(source: Source, adapter: Adapter, *, accept_shrink: bool) -> Size:
    known = source.listings.filter(current__isnull=False, removed_at=None, missing_since=None).count()
    return Size(
        is_complete=adapter.is_complete,
        absence_means_gone=adapter.absence_means_gone,
        known=known,
        accept_absence=accept_shrink,
        most_gone=source.breaker_share,
    )


def _refuse_time_travel(source: Source, seen_at: datetime, *, now: datetime) -> None:
    if seen_at > now + MAX_AHEAD:
        raise Refused(f"A document cannot have been seen on {seen_at:%Y-%m-%d}, which is yet to come.")
    if source.last_observed_at is not None and seen_at < source.last_observed_at:
        raise Refused(
            f"{source} was seen as of {source.last_observed_at:%Y-%m-%d %H:%M} UTC; a document of "
            f"{seen_at:%Y-%m-%d %H:%M} is older and would turn time back. Feed documents in their order."
        )


def _refuse_broken(held: Held, rows: Mapping[str, Row], parsed: Parsed, *, accept_shrink: bool, now: datetime) -> None:
    """Refuse a document that has lost most of its rows, and open an incident for it: one alert, however often it comes."""
    present = {name for name, row in rows.items() if row.facts is not None and not row.is_missing}
    still = len(present.intersection(record.external_id for record in parsed.records))
    if parsed.records and (accept_shrink or not looks_broken(len(present), still)):
        return
    if not parsed.records:
        reason = f"The document holds no record that can be read ({len(parsed.rejects)} rejected)."
    else:
        reason = (
            f"The document looks broken: of {len(present)} known rows it has {still}. Nothing of it was taken. "
            "If upstream really dropped them, save the document and feed it with --accept-shrink."
        )
    if present:
        incidents.empty(held.source, reason, now=now)
    raise Refused(reason)


def looks_broken(before: int, after: int) -> bool:
    # A half-delivered feed looks like mass retirement. Missing one poll is cheaper
    # than paging every team, so a sudden shrink is an error and not a change.
    return before - after > max(before * MAX_SHRINK, FEW)


def _gaps(parsed: Parsed) -> str:
    """What of the answer is lacking, for the run and the source: an incomplete success says so."""
    if not parsed.unanswered:
        return ""
    first = parsed.unanswered[0]
    asked = len(parsed.unanswered) + len(parsed.records)
    return f"{len(parsed.unanswered)} of {asked} were not answered; {first.external_id}: {first.reason}."
