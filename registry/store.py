"""Write what a poll has learnt: first in batches that do not count yet, then one transaction that makes all of it count."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Model

from registry import incidents
from registry.absence import Absence
from registry.apply import TAKEN_BACK, apply_effective
from registry.believe import PRESENCE, Hold
from registry.bulk import insert
from registry.diff import Difference
from registry.learn import Learnt, Statement
from registry.listings import map_new_offerings
from registry.models import (
    Change,
    ChangeKind,
    HeldFact,
    Incident,
    LicenseText,
    Listing,
    Observation,
    PollRun,
    Rejected,
    Section,
)
from registry.rows import BATCH, batches
from registry.runs import Held, hold, succeed
from registry.upstream.base import Releases

_LONGEST_URL = Observation._meta.get_field("evidence_url").max_length or 0

_MOVE_CURRENT = f"""
    UPDATE {Listing._meta.db_table} SET current_id = written.id
    FROM {Observation._meta.db_table} AS written
    WHERE written.run_id = %s AND written.listing_id = {Listing._meta.db_table}.id
"""  # noqa: S608 - names of our own tables

# What an answer that is not the one of last time says of its section.
_OF_AN_ANSWER = (
    "content_sha256",
    "evidence_url",
    "evidence_sha256",
    "row_count",
    "page_count",
    "releases",
    "confirmed_at",
    "failed_since",
    "last_error",
)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A section that has answered. `is_same`: nothing in it moved, so that only the moment is written."""

    section_id: int
    content_sha256: str = ""
    url: str = ""
    evidence_sha256: str = ""
    row_count: int = 0
    page_count: int = 0
    releases: Releases = field(default_factory=list)
    is_same: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """What a run has to say about itself and its sections, besides what it learnt."""

    confirmed: Sequence[Confirmed]
    failed: Mapping[int, str] = field(default_factory=dict)
    # Names of listings that were confirmed in sections that are the same as they were.
    same_count: int = 0
    # Ids of listings by the id of the section that they answer in from now on, beside those that `Learnt` speaks of.
    joined: Mapping[int, Sequence[int]] = field(default_factory=dict)
    is_baseline: bool = False
    # How soon to go on; None: at the next regular moment.
    next_in: timedelta | None = None


def write(held: Held, learnt: Learnt, page_of: Mapping[str, str]) -> None:
    """Listings, observations, changes and rejects. None of it counts before `complete`.

    `page_of` says where a person can look at a row.
    """
    ids = _ids(learnt) | _add_listings(held, learnt)
    spoken = [*learnt.new, *learnt.changed]
    _add(held, Observation, [_observation(held, learnt, one, ids, page_of) for one in spoken])
    _add(held, Change, [_change(held, learnt, one, ids, page_of) for one in learnt.told])
    _add(
        held,
        Rejected,
        [
            Rejected(run=held.run, external_id=one.external_id, reason=one.reason, excerpt=one.excerpt)
            for one in learnt.rejects
        ],
    )
    _keep_texts(learnt)


def _ids(learnt: Learnt) -> dict[str, int]:
    return {name: row.listing_id for name, row in learnt.rows.items()}


def _add_listings(held: Held, learnt: Learnt) -> dict[str, int]:
    # Who was asked for and gave no answer gets an empty row, too: it says that he was asked for.
    names = [*(one.record.external_id for one in learnt.new), *learnt.unanswered]
    unknown = [name for name in dict.fromkeys(names) if name not in learnt.rows]
    rows = [
        Listing(
            source=held.source,
            external_id=name,
            section_id=learnt.where[name].section_id,
            first_seen_at=learnt.seen_at,
        )
        for name in unknown
    ]
    for batch in batches(rows):
        with transaction.atomic():
            hold(held)
            Listing.objects.bulk_create(batch)
    return {row.external_id: row.pk for row in rows}


def _add(held: Held, model: type[Observation | Change | Rejected], rows: Sequence[Model]) -> None:
    for batch in batches(rows):
        with transaction.atomic():
            hold(held)
            insert(model, batch)


def _keep_texts(learnt: Learnt) -> None:
    rows = [LicenseText(sha256=sha, text=text, first_seen_at=learnt.seen_at) for sha, text in learnt.texts.items()]
    LicenseText.objects.bulk_create(rows, ignore_conflicts=True)


def _observation(
    held: Held, learnt: Learnt, one: Statement, ids: Mapping[str, int], page_of: Mapping[str, str]
) -> Observation:
    name = one.record.external_id
    return Observation(
        listing_id=ids[name],
        run_id=held.run.pk,
        facts=one.facts,
        evidence_url=(page_of.get(name) or one.heard.evidence.url)[:_LONGEST_URL],
        evidence_sha256=one.heard.evidence.sha256,
        observed_at=learnt.seen_at,
        last_confirmed_at=learnt.seen_at,
    )


def _change(
    held: Held,
    learnt: Learnt,
    difference: Difference,
    ids: Mapping[str, int],
    page_of: Mapping[str, str],
    incident: Incident | None = None,
) -> Change:
    name = difference.external_id
    evidence = learnt.where[name].evidence
    return Change(
        kind=difference.kind,
        severity=difference.severity,
        origin=Change.Origin.SOURCE,
        listing_id=ids[name],
        before=difference.before,
        after=difference.after,
        detected_at=learnt.seen_at,
        effective_on=difference.effective_on,
        run_id=held.run.pk,
        incident=incident,
        evidence_url=(page_of.get(name) or evidence.url)[:_LONGEST_URL],
        evidence_sha256=evidence.sha256,
    )


@transaction.atomic
def complete(
    held: Held, learnt: Learnt, round_: Round, page_of: Mapping[str, str], *, now: datetime, regular: bool
) -> PollRun:
    """Let everything that was written count at once, and bring the offerings in use up to it."""
    hold(held)
    if learnt.new or learnt.changed:
        _move_current(held)
    _mark_away(learnt)
    _place(learnt, round_.joined)
    _confirm(round_, seen_at=learnt.seen_at)
    incident = _suspect(held, learnt, page_of)
    _keep_holds(learnt, incident)
    incidents.settle(held.source, now=learnt.seen_at)
    _count(held, learnt, round_)
    moved = bool(learnt.new or learnt.changed or learnt.told or learnt.suspicion)
    outcome = PollRun.Outcome.CHANGED if moved else PollRun.Outcome.UNCHANGED
    run = succeed(held, outcome, seen_at=learnt.seen_at, now=now, regular=regular, next_in=round_.next_in)
    apply_effective(_touched(learnt), now=learnt.seen_at, taken_back=_taken_back(learnt))
    map_new_offerings(held.source, now=learnt.seen_at, run=run)
    return run


def _move_current(held: Held) -> None:
    # A join, which the ORM cannot update by: as a subquery for each listing it took time by the square of the rows.
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_CURRENT, [held.run.pk])


def _mark_away(learnt: Learnt) -> None:
    rows = [_away(learnt, name, one) for name, one in learnt.absent.items()]
    Listing.objects.bulk_update(rows, ["missing_since", "last_absent_at", "absences", "removed_at"], batch_size=BATCH)
    back = [learnt.rows[name].listing_id for name in learnt.returned]
    for batch in batches(back):
        Listing.objects.filter(pk__in=batch).update(
            missing_since=None, last_absent_at=None, absences=0, removed_at=None
        )


def _away(learnt: Learnt, name: str, absence: Absence) -> Listing:
    return Listing(
        pk=learnt.rows[name].listing_id,
        missing_since=absence.since,
        last_absent_at=absence.last_at,
        absences=absence.negatives,
        removed_at=learnt.seen_at if name in learnt.removed else None,
    )


def _place(learnt: Learnt, joined: Mapping[int, Sequence[int]]) -> None:
    """Put into its section what answered with it, and take out what did not: that is confirmed by its own row alone."""
    joins = defaultdict(list, {section_id: [*ids] for section_id, ids in joined.items()})
    for name in (*learnt.unchanged, *(one.record.external_id for one in learnt.changed)):
        row = learnt.rows.get(name)
        if row is not None and row.section_id != learnt.where[name].section_id:
            joins[learnt.where[name].section_id].append(row.listing_id)
    silent = {*learnt.unanswered, *(reject.external_id for reject in learnt.rejects), *learnt.missing.all}
    leaves = [
        learnt.rows[name].listing_id
        for name in silent
        if name in learnt.rows and learnt.rows[name].section_id is not None
    ]
    for section_id, ids in joins.items():
        for batch in batches(ids):
            Listing.objects.filter(pk__in=batch).update(section_id=section_id)
    for batch in batches(leaves):
        Listing.objects.filter(pk__in=batch).update(section=None)


def _confirm(round_: Round, *, seen_at: datetime) -> None:
    """One row for each section that answered, however many models it lists."""
    for batch in batches([one.section_id for one in round_.confirmed if one.is_same]):
        Section.objects.filter(pk__in=batch).update(confirmed_at=seen_at, failed_since=None, last_error="")
    rows = [_section(one, seen_at) for one in round_.confirmed if not one.is_same]
    Section.objects.bulk_update(rows, _OF_AN_ANSWER, batch_size=BATCH)
    for batch in batches([one.section_id for one in round_.confirmed]):
        # A hint that came while we read stands for something that we may not have seen.
        Section.objects.filter(pk__in=batch, hinted_at__lte=seen_at).update(hinted_at=None)
    for pk, error in round_.failed.items():
        Section.objects.filter(pk=pk).update(last_error=error[:500])
        Section.objects.filter(pk=pk, failed_since=None).update(failed_since=seen_at)


def _section(one: Confirmed, seen_at: datetime) -> Section:
    return Section(
        pk=one.section_id,
        content_sha256=one.content_sha256,
        evidence_url=one.url[:_LONGEST_URL],
        evidence_sha256=one.evidence_sha256,
        row_count=one.row_count,
        page_count=one.page_count,
        releases=one.releases,
        confirmed_at=seen_at,
    )


def _suspect(held: Held, learnt: Learnt, page_of: Mapping[str, str]) -> Incident | None:
    """The incident that what is not believed is held back with, its changes written with it."""
    if not learnt.suspicion:
        return None
    affected = len(learnt.missing.held) + len(learnt.judged.suspect)
    incident = incidents.suspect(held, learnt.suspicion, affected=affected, now=learnt.seen_at)
    ids = _ids(learnt)
    changes = [_change(held, learnt, one, ids, page_of, incident) for one in learnt.judged.suspect]
    for batch in batches(changes):
        insert(Change, batch)
    return incident


def _keep_holds(learnt: Learnt, incident: Incident | None) -> None:
    absent = {(name, PRESENCE): _PRESENCE_HELD for name in learnt.missing.held}
    held = {**learnt.judged.held, **absent}
    for name, topic in (*learnt.judged.ended, *held):
        if topic in learnt.rows[name].holds:
            HeldFact.objects.filter(listing_id=learnt.rows[name].listing_id, fact=topic).delete()
    HeldFact.objects.bulk_create(
        [_held_fact(learnt, name, topic, one, incident) for (name, topic), one in held.items()], batch_size=BATCH
    )


_PRESENCE_HELD = Hold({}, {PRESENCE: False}, HeldFact.Reason.SUSPECT)


def _held_fact(learnt: Learnt, name: str, topic: str, one: Hold, incident: Incident | None) -> HeldFact:
    return HeldFact(
        listing_id=learnt.rows[name].listing_id,
        fact=topic,
        believed=one.believed,
        said=one.said,
        reason=one.reason,
        since=learnt.seen_at,
        incident=incident if one.reason == HeldFact.Reason.SUSPECT else None,
    )


def _touched(learnt: Learnt) -> set[int]:
    """The offerings whose facts may have changed."""
    names: Iterable[str] = (
        *(one.record.external_id for one in (*learnt.new, *learnt.changed)),
        *learnt.absent,
        *learnt.returned,
        *(name for name, _ in learnt.judged.ended),
    )
    rows = (learnt.rows.get(name) for name in names)
    return {row.offering_id for row in rows if row is not None and row.offering_id is not None}


def _taken_back(learnt: Learnt) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for difference in learnt.told:
        row = learnt.rows.get(difference.external_id)
        if row is not None and row.offering_id is not None:
            found[row.offering_id].update(TAKEN_BACK.get(difference.kind, ()))
    return found


def _count(held: Held, learnt: Learnt, round_: Round) -> None:
    run = held.run
    listed = sum(difference.kind == ChangeKind.LISTED for difference in learnt.told)
    run.is_baseline = round_.is_baseline
    run.record_count = len(learnt.new) + len(learnt.changed) + len(learnt.unchanged) + round_.same_count
    run.rejected_count, run.missing_count = len(learnt.rejects), len(learnt.missing.all)
    run.listed_count, run.change_count = listed, len(learnt.told) - listed
    run.section_count = len(round_.confirmed)


@transaction.atomic
def confirm(held: Held, section: Section, *, seen_at: datetime, now: datetime, regular: bool) -> PollRun:
    """The document is the one we have: a single row says so for all that it lists."""
    hold(held)
    _confirm(Round([Confirmed(section.pk, is_same=True)]), seen_at=seen_at)
    incidents.settle(held.source, now=seen_at)
    map_new_offerings(held.source, now=seen_at, run=held.run)
    held.run.content_sha256, held.run.section_count = held.source.content_sha256, 1
    return succeed(held, PollRun.Outcome.UNCHANGED, seen_at=seen_at, now=now, regular=regular)
