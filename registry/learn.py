"""Work out all that an answer says before the first write: what is new, told, held back, missing."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from registry import absence
from registry.absence import Absence
from registry.apply import same_license
from registry.believe import PRESENCE, Judged, Key, believed, judge
from registry.diff import Difference, diff
from registry.heard import Heard, Row, Size
from registry.missing import Missing, missing
from registry.models import ChangeKind, HeldFact, Severity
from registry.records import JSON, ListingRecord, Reject, from_facts, overlay, to_facts, unique
from registry.upstream import Parsed


@dataclass(frozen=True, slots=True)
class Statement:
    """A record, the same as JSON, and the section and the answer that it came with."""

    record: ListingRecord
    facts: JSON
    heard: Heard


@dataclass(frozen=True, slots=True)
class Learnt:
    """Everything that a run is going to write. Names are external ids."""

    seen_at: datetime
    rows: Mapping[str, Row]
    where: Mapping[str, Heard]
    new: Sequence[Statement]
    changed: Sequence[Statement]
    unchanged: Sequence[str]
    unanswered: Sequence[str]
    rejects: Sequence[Reject]
    texts: Mapping[str, str]
    judged: Judged
    missing: Missing
    absent: Mapping[str, Absence]
    removed: frozenset[str]
    returned: frozenset[str]
    # Why changes are held back, in a sentence; "" if none are.
    suspicion: str = ""

    @property
    def told(self) -> Sequence[Difference]:
        return self.judged.told


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said in these `statements`; `same` are the names whose statement is what it was.

    `before` is what the others had said, and those of which something is held: of most rows nobody asks for it.
    """

    statements: Mapping[str, Statement]
    same: AbstractSet[str]
    before: Mapping[str, ListingRecord]


def learn(heard: Sequence[Heard], size: Size, *, seen_at: datetime) -> Learnt:
    """What the sections of one run say together. A mass change is one of the source as a whole."""
    rows = {name: row for one in heard for name, row in one.rows.items()}
    said = _said(heard, rows)
    same, present = said.same, [*said.statements, *(name for one in heard for name in one.unchanged)]
    away = missing(heard, size, present)
    absent = {name: absence.once_more(rows[name].absence, seen_at) for name in away.counted}
    removed, returned = _removed(absent, size), _returned(present, rows)
    judged = _judged(said, rows, size)
    return Learnt(
        seen_at=seen_at,
        rows=rows,
        where={name: one for one in heard for name in (*one.rows, *unique(one.parsed.records), *_asked(one.parsed))},
        new=[each for name, each in said.statements.items() if name not in same and name not in said.before],
        changed=[each for name, each in said.statements.items() if name not in same and name in said.before],
        unchanged=[name for name in present if name in same or name not in said.statements],
        unanswered=[asked for one in heard for asked in _asked(one.parsed)],
        rejects=[reject for one in heard for reject in one.parsed.rejects],
        texts={sha: text for one in heard for sha, text in one.parsed.texts.items()},
        judged=_with_presence(judged, returned, removed, absent, rows),
        missing=away,
        absent=absent,
        removed=removed,
        returned=returned,
        suspicion=_suspicion(judged, away.held, size.known),
    )


def _said(heard: Sequence[Heard], rows: Mapping[str, Row]) -> _Said:
    statements = {each.record.external_id: each for one in heard for each in _statements(one, rows)}
    same = {name for name, each in statements.items() if name in rows and rows[name].facts == each.facts}
    asked = (name for name in statements if name not in same or rows[name].holds)
    before = {name: record for name in asked if (record := _before(rows, name)) is not None}
    # An earlier release may have written the same otherwise.
    same |= {name for name, record in before.items() if record == statements[name].record}
    return _Said(statements, same, before)


def _before(rows: Mapping[str, Row], name: str) -> ListingRecord | None:
    """What the row said last; None where it has never said anything."""
    facts = rows[name].facts if name in rows else None
    return None if facts is None else from_facts(name, facts)


def _judged(said: _Said, rows: Mapping[str, Row], size: Size) -> Judged:
    # What says the same as before can differ from what is believed only where something is held.
    after = {
        name: said.statements[name].record for name in said.statements if name not in said.same or rows[name].holds
    }
    before = _believed(rows, said.before, after)
    return judge(
        _true_differences(diff(before, after).differences, before, after),
        before=before,
        after=after,
        holds={name: rows[name].holds for name in after if name in rows},
        known=size.known,
    )


def _returned(present: Iterable[str], rows: Mapping[str, Row]) -> frozenset[str]:
    return frozenset(name for name in present if name in rows and _was_away(rows[name]))


def _statements(heard: Heard, rows: Mapping[str, Row]) -> Iterator[Statement]:
    for record in heard.parsed.records:
        name = record.external_id
        whole = overlay(record, _before(rows, name)) if name in heard.parsed.partial else record
        yield Statement(whole, to_facts(whole), heard)


def _asked(parsed: Parsed) -> Iterable[str]:
    return (one.external_id for one in parsed.unanswered)


def _believed(
    rows: Mapping[str, Row], said_before: Mapping[str, ListingRecord], after: Collection[str]
) -> dict[str, ListingRecord]:
    """What counted so far of the rows that `after` speaks of."""
    counting: dict[str, ListingRecord] = {}
    for name in after:
        if name not in said_before:
            continue
        row = rows[name]
        counting[name] = (
            from_facts(name, believed(row.facts or {}, row.holds.values())) if row.holds else said_before[name]
        )
    return counting


def _true_differences(
    differences: Iterable[Difference], before: Mapping[str, ListingRecord], after: Mapping[str, ListingRecord]
) -> list[Difference]:
    """Without licenses that are only written differently, which is for the register's list of names to say."""
    return [
        one
        for one in differences
        if one.kind != ChangeKind.LICENSE_CHANGED or not same_license(before[one.external_id], after[one.external_id])
    ]


def _removed(absent: Mapping[str, Absence], size: Size) -> frozenset[str]:
    if not size.absence_means_gone:
        return frozenset()
    return frozenset(name for name, one in absent.items() if absence.is_confirmed(one))


def _was_away(row: Row) -> bool:
    return row.is_missing or row.is_held_absent


def _with_presence(
    judged: Judged,
    returned: Collection[str],
    removed: Collection[str],
    absent: Collection[str],
    rows: Mapping[str, Row],
) -> Judged:
    """The differences with those of being there at all, and without the holds on what is settled now."""
    back = [
        Difference(ChangeKind.RESTORED, name, Severity.NOTICE) for name in sorted(returned) if rows[name].is_removed
    ]
    gone = [Difference(ChangeKind.REMOVED, name, Severity.CRITICAL) for name in sorted(removed)]
    settled: set[Key] = {(name, PRESENCE) for name in (*returned, *absent) if rows[name].is_held_absent}
    # `judge` has ended every hold that the answer did not renew; that of being there is none of its.
    others = {key for key in judged.ended if key[1] != PRESENCE}
    return Judged([*judged.told, *back, *gone], judged.suspect, judged.held, frozenset(others | settled))


def _suspicion(judged: Judged, held_absent: Collection[str], known: int) -> str:
    parts = []
    if held_absent:
        parts.append(f"{len(held_absent)} of {known} rows are gone at once, among them {_first(held_absent)}.")
    for kind in dict.fromkeys(one.kind for one in judged.suspect):
        hit = [one.external_id for one in judged.suspect if one.kind == kind]
        parts.append(
            f"“{ChangeKind(kind).label}” is stated of {len(hit)} of {known} rows at once, among them {_first(hit)}."
        )
    return " ".join(parts)


def _first(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)[:3])


def needs_another_look(rows: Iterable[Row], size: Size) -> bool:
    """Whether an answer that is the same again still says something: a second read, or another definite negative."""
    return any(
        any(hold.reason == HeldFact.Reason.SECOND_READ for hold in row.holds.values())
        or (size.absence_means_gone and row.is_missing and not row.is_removed)
        for row in rows
    )


def said_again(rows: Mapping[str, Row]) -> Parsed:
    """The records of an answer that is the same again: all rows but those that it did not have."""
    return Parsed(
        [
            from_facts(name, row.facts)
            for name, row in rows.items()
            if row.facts is not None and not row.is_missing and not row.is_held_absent
        ]
    )
