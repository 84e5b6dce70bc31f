"""One round through the sections of a source: those that are due, as far as the budget and the time go.

A sweep is as many rounds as it takes. Each is a run of its own, so that a killed one leaves nothing half-written, and
what a round does not reach is due first in the next one.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from registry.heard import Evidence, Heard, Row, Size
from registry.learn import learn
from registry.models import HeldFact, Listing, Offering, PollRun, Section, Source
from registry.records import from_facts
from registry.rows import rows_of
from registry.runs import RETRY_AFTER, Held
from registry.store import Confirmed, Round, complete, write
from registry.upstream import Lack, Parsed, UpstreamError
from registry.upstream.base import Blocked, Kept, Part, PartAnswer, Sweeper

# Half of what a task may run.
ROUND = timedelta(minutes=5)
# An upstream that fails this often in a row is out of order, and asking on does not help it.
FAILURES_IN_A_ROW = 5
# A section is due again before its interval is over, so that rounds that drift do not leave it out every other time.
DUE_AFTER = 0.5
# Sections whose rows are loaded together: few queries, and little memory.
AT_A_TIME = 20


# To believe such a round would confirm what nobody has seen.
_NOBODY_THERE = "Nothing that is known to be there was seen, and the canary was not, either: none of it is believed."


@dataclass(frozen=True, slots=True)
class Due:
    """A section to be read, and the ids in use in it."""

    section: Section
    watched: Sequence[str]


@dataclass(slots=True)
class Heap:
    """What a round has gathered so far."""

    heard: list[Heard] = field(default_factory=list)
    confirmed: list[Confirmed] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    requests: int = 0
    same: int = 0
    joined: dict[int, list[int]] = field(default_factory=dict)
    alive: int = 0
    end: UpstreamError | None = None
    took: timedelta = timedelta(0)


def sweep(held: Held, adapter: Sweeper, *, now: datetime, everything: bool = False) -> PollRun:
    """Read what is due, or `everything`, and write what that says. Raises `UpstreamError` if nothing could be read."""
    watched = _watched(adapter)
    due = _due(held.source, adapter, watched, before=now if everything else now - DUE_AFTER * held.source.interval)
    heap = _read_all(held, adapter, due)
    if due and not (heap.confirmed or heap.heard):
        raise heap.end or UpstreamError(next(iter(heap.failed.values()), "Nothing was answered."), retryable=True)
    size = _size(held.source, adapter, heap)
    if not (size.is_alive or _has_records(heap.heard)):
        raise UpstreamError(_NOBODY_THERE, retryable=True)
    learnt = learn(heap.heard, size, seen_at=now)
    pages = {name: adapter.page_of(name) for name in learnt.where}
    left = len(due) - len(heap.confirmed) - len(heap.failed)
    _note(held.run, adapter, due, heap, left=left, is_alive=size.is_alive)
    write(held, learnt, pages)
    round_ = Round(
        confirmed=heap.confirmed,
        failed=heap.failed,
        same_count=heap.same,
        joined=heap.joined,
        is_baseline=held.source.last_success_at is None,
        next_in=_next_in(heap, left=left),
    )
    return complete(held, learnt, round_, pages, now=now, regular=True)


def _watched(adapter: Sweeper) -> dict[str, list[str]]:
    """The ids in the register by the section they belong to."""
    found: dict[str, list[str]] = defaultdict(list)
    ids = Offering.objects.filter(host=adapter.watched_host).order_by("pk").values_list("external_id", flat=True)
    for external_id in ids.iterator(chunk_size=10_000):
        found[adapter.part_of(external_id)].append(external_id)
    return found


def _due(source: Source, adapter: Sweeper, watched: Mapping[str, Sequence[str]], *, before: datetime) -> list[Due]:
    """The sections not read since `before`: those hinted at first, then the never read, then the longest unconfirmed."""
    known = {section.name: section for section in source.sections.all()}
    missing = [Section(source=source, name=name) for name in watched if name not in known]
    Section.objects.bulk_create(missing, batch_size=500, ignore_conflicts=True)
    if missing:
        known = {section.name: section for section in source.sections.all()}
    unasked = _unasked(source, adapter)
    chosen = [
        section for name, section in known.items() if name in watched and (_is_due(section, before) or name in unasked)
    ]
    chosen.sort(
        key=lambda one: (one.hinted_at is None, one.confirmed_at is not None, one.confirmed_at or before, one.pk)
    )
    return [Due(section, watched[section.name]) for section in chosen]


def _is_due(section: Section, before: datetime) -> bool:
    return section.hinted_at is not None or section.confirmed_at is None or section.confirmed_at <= before


def _unasked(source: Source, adapter: Sweeper) -> set[str]:
    """The sections of ids that came into the register and were never asked for."""
    asked = Listing.objects.filter(source=source).values("external_id")
    new = Offering.objects.filter(host=adapter.watched_host).exclude(external_id__in=asked)
    return {adapter.part_of(name) for name in new.values_list("external_id", flat=True)}


def _read_all(held: Held, adapter: Sweeper, due: Sequence[Due]) -> Heap:
    heap, in_a_row, began = Heap(), 0, time.monotonic()
    for one, rows in _with_rows(held, due):
        try:
            _read_one(adapter, one, rows, heap)
        except Blocked as error:
            heap.end = error
        except UpstreamError as error:
            heap.failed[one.section.pk] = str(error)
            in_a_row += 1
            if in_a_row == FAILURES_IN_A_ROW or not error.retryable:
                heap.end = error
        else:
            in_a_row = 0
        heap.took = timedelta(seconds=time.monotonic() - began)
        if heap.end is None and heap.took > ROUND:
            heap.end = UpstreamError("The round has had its time.", retryable=True, retry_after=timedelta(seconds=1))
        if heap.end is not None:
            break
    return heap


def _with_rows(held: Held, due: Sequence[Due]) -> Iterator[tuple[Due, dict[str, Row]]]:
    """Each section with what is known of its ids, loaded for some sections at a time."""
    for start in range(0, len(due), AT_A_TIME):
        some = due[start : start + AT_A_TIME]
        rows = rows_of(held, [name for one in some for name in one.watched])
        for one in some:
            yield one, {name: rows[name] for name in one.watched if name in rows}


def _read_one(adapter: Sweeper, one: Due, rows: Mapping[str, Row], heap: Heap) -> None:
    section = one.section
    part = Part(
        section.name,
        [_kept(name, rows.get(name)) for name in one.watched],
        content_sha256=section.content_sha256,
        page_count=section.page_count,
    )
    answer = adapter.read(part)
    heap.requests += answer.request_count
    if answer.note:
        heap.notes.append(answer.note)
    _take(section, answer, rows, heap)


def _kept(name: str, row: Row | None) -> Kept:
    if row is None or row.facts is None:
        return Kept(name, None)
    waits = any(hold.reason == HeldFact.Reason.SECOND_READ for hold in row.holds.values())
    return Kept(name, from_facts(name, row.facts), is_held=waits)


def _take(section: Section, answer: PartAnswer, rows: Mapping[str, Row], heap: Heap) -> None:
    evidence = Evidence(answer.document.url, answer.document.sha256)
    is_same = bool(answer.content_sha256) and answer.content_sha256 == section.content_sha256
    is_same = is_same and (answer.releases or []) == section.releases
    heap.alive += len(answer.unchanged) + sum(record.external_id in rows for record in answer.parsed.records)
    if answer.cut_by is None:
        heap.confirmed.append(_confirmed(section, answer, evidence, is_same=is_same))
    elif isinstance(answer.cut_by, Blocked):
        heap.end = answer.cut_by
    if _says_nothing(answer.parsed) and not any(row.is_missing or row.is_held_absent for row in rows.values()):
        # Of a hundred thousand rows that say nothing, no more is kept than which of them are new to their section.
        heap.same += len(answer.unchanged)
        heap.joined[section.pk] = [row.listing_id for row in rows.values() if row.section_id != section.pk]
        return
    heap.heard.append(Heard(section.pk, evidence, answer.parsed, rows, answer.unchanged, group=section.name or "/"))


def _confirmed(section: Section, answer: PartAnswer, evidence: Evidence, *, is_same: bool) -> Confirmed:
    return Confirmed(
        section.pk,
        content_sha256=answer.content_sha256,
        url=evidence.url,
        evidence_sha256=evidence.sha256,
        row_count=answer.row_count,
        page_count=answer.page_count,
        # What was not listed is no quiet: without a listing nothing is known of releases.
        releases=answer.releases or [],
        is_same=is_same,
    )


def _says_nothing(parsed: Parsed) -> bool:
    return not (parsed.records or parsed.rejects or parsed.unanswered)


def _size(source: Source, adapter: Sweeper, heap: Heap) -> Size:
    listings = source.listings.filter(current__isnull=False, removed_at=None)
    here = [row.listing_id for one in heap.heard for row in one.rows.values() if row.is_missing]
    elsewhere = listings.filter(missing_since__isnull=False).exclude(held__fact="presence").exclude(pk__in=here[:500])
    return Size(
        is_complete=False,
        absence_means_gone=adapter.absence_means_gone,
        known=listings.count(),
        pending_elsewhere=elsewhere.count(),
        is_alive=heap.alive > 0 or not _has_negatives(heap.heard) or adapter.is_alive(),
        most_gone=source.breaker_share,
    )


def _has_negatives(heard: Sequence[Heard]) -> bool:
    return any(one.lack is Lack.NOT_FOUND for each in heard for one in each.parsed.unanswered)


def _has_records(heard: Sequence[Heard]) -> bool:
    return any(each.parsed.records for each in heard)


def _next_in(heap: Heap, *, left: int) -> timedelta | None:
    if not left:
        return None
    # Upstream counts from its answer, and the run from its beginning.
    return heap.took + ((heap.end and heap.end.retry_after) or RETRY_AFTER)


def _note(run: PollRun, adapter: Sweeper, due: Sequence[Due], heap: Heap, *, left: int, is_alive: bool) -> None:
    """What the run says of itself: how it was planned, what it did not reach and why."""
    parts = [
        Part(one.section.name, [Kept(name, None) for name in one.watched], page_count=one.section.page_count)
        for one in due
    ]
    run.request_count, run.left_count = heap.requests, left
    run.url = heap.confirmed[-1].url if heap.confirmed else ""
    run.log = "\n".join(
        filter(None, [adapter.plan(parts), *heap.notes[:50], *_troubles(heap, left, is_alive=is_alive)])
    )
    run.error = _gaps(heap, due)


def _troubles(heap: Heap, left: int, *, is_alive: bool) -> Iterator[str]:
    if left:
        yield f"{_sections(left)} left for the next round. {heap.end or ''}".strip()
    if not is_alive:
        yield "Nothing that was known to be there before was seen in this round, so that no absence counts."


def _gaps(heap: Heap, due: Sequence[Due]) -> str:
    """What is lacking, for the run and the source: an incomplete success says so."""
    silent = [one for each in heap.heard for one in each.parsed.unanswered if one.lack is Lack.UNKNOWN]
    if heap.failed:
        names = {one.section.pk: one.section.name for one in due}
        pk, error = next(iter(heap.failed.items()))
        return f"Not answered: {len(heap.failed)} of {len(due)} sections; {names[pk]}: {error}"
    if silent:
        return f"Not answered: {len(silent)} of what was asked; {silent[0].external_id}: {silent[0].reason}."
    return ""


def _sections(number: int) -> str:
    return "1 section is" if number == 1 else f"{number} sections are"
