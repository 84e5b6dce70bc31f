"""What the register has seen of a vendor over time, as values: releases by quarter, gates, moves, what is only hosted. Pure.

A history is summed over all namespaces of a vendor and of those that belong to it, and follows a namespace that moved, so
that another name is no end. What was not read is no quiet: then `unseen` says why releases cannot be judged.
"""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Self

from registry.records import JSON

# A listing that nobody confirmed for longer says nothing of today: the sweeps come round within a day or two.
FRESH = timedelta(days=14)
NOTHING_LISTED = "None of its namespaces on the Hub has been listed yet."


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """The releases of one quarter that begins with `start`; none where `last_on`, the day of the last one, is None."""

    start: date
    released: int = 0
    open: int = 0
    gated: int = 0
    last_on: date | None = None

    @classmethod
    def from_line(cls, line: JSON) -> Self:
        """Of a line as `registry.releases.by_quarter` counts."""
        year, number = line["quarter"].split("Q")
        return cls(
            date(int(year), 3 * int(number) - 2, 1),
            line["released"],
            line["open"],
            line["gated"],
            date.fromisoformat(line["last_on"]),
        )

    def plus(self, other: "Quarter") -> "Quarter":
        days = [day for day in (self.last_on, other.last_on) if day]
        return Quarter(
            self.start,
            self.released + other.released,
            self.open + other.open,
            self.gated + other.gated,
            max(days, default=None),
        )


@dataclass(frozen=True, slots=True)
class Read:
    """A namespace as it was listed last. Without quarters it was never listed, whenever it was confirmed."""

    confirmed_on: date | None
    quarters: tuple[Quarter, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Repositories that went from one namespace to another, the last of them `on` that day.

    `moved_count` of the `watched_count` that the register watches in the former one.
    """

    former: str
    present: str
    on: date
    moved_count: int
    watched_count: int

    @property
    def is_whole(self) -> bool:
        """Whether the namespace itself was renamed; a single repository may also be handed to somebody."""
        return self.moved_count * 2 >= self.watched_count


@dataclass(frozen=True, slots=True)
class Gate:
    """A repository that was open and is gated since that day."""

    name: str
    on: date


@dataclass(frozen=True, slots=True)
class Registered:
    """A model of the vendor in the register, since when, and whether it is offered as a service alone."""

    name: str
    on: date
    is_hosted_only: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """The releases of several namespaces as one, known to the day `as_of`.

    `unseen` says why they cannot be judged, "" where they can; `not_read` names what was never listed, because nothing of
    it is in use.
    """

    quarters: tuple[Quarter, ...] = ()
    as_of: date | None = None
    unseen: str = NOTHING_LISTED
    not_read: tuple[str, ...] = ()

    @property
    def released(self) -> tuple[Quarter, ...]:
        """The quarters with releases, the oldest first."""
        return tuple(sorted(quarter for quarter in self.quarters if quarter.released))


@dataclass(frozen=True, slots=True)
class History:
    """All that is judged of a vendor. `watched_count` repositories on the Hub are in use, `gates` of them closed."""

    seen: Seen = Seen()
    gates: tuple[Gate, ...] = ()
    watched_count: int = 0
    models: tuple[Registered, ...] = ()
    moves: tuple[Move, ...] = ()


def see(
    namespaces: Collection[str],
    reads: Mapping[str, Read],
    moves: Iterable[Move],
    *,
    foreign: Collection[str],
    today: date,
) -> Seen:
    """What was released in `namespaces` and wherever they moved to, unless that belongs to another vendor.

    `reads` and `foreign`, the namespaces of the others, are by casefolded name; the rest is as people spell it.
    """
    followed = {
        move.former.casefold(): move
        for move in sorted(moves, key=lambda move: move.on)
        if move.is_whole and move.present.casefold() not in foreign
    }
    names = {_present_name(name, followed) for name in namespaces}
    listed = {name: reads[name.casefold()] for name in names if name.casefold() in reads}
    listed = {name: read for name, read in listed.items() if read.quarters}
    return Seen(
        quarters=summed(quarter for read in listed.values() for quarter in read.quarters),
        as_of=min((read.confirmed_on for read in listed.values() if read.confirmed_on), default=None),
        unseen=_unseen(names, listed, {move.present: move for move in followed.values()}, today),
        not_read=tuple(sorted(names - listed.keys())),
    )


def _present_name(name: str, renamed: Mapping[str, Move]) -> str:
    passed: set[str] = set()
    while (key := name.casefold()) in renamed and key not in passed:
        passed.add(key)
        name = renamed[key].present
    return name


def summed(quarters: Iterable[Quarter]) -> tuple[Quarter, ...]:
    sums: dict[date, Quarter] = {}
    for quarter in quarters:
        sums[quarter.start] = sums[quarter.start].plus(quarter) if quarter.start in sums else quarter
    return tuple(sums[start] for start in sorted(sums))


def _unseen(names: AbstractSet[str], listed: Mapping[str, Read], moved_to: Mapping[str, Move], today: date) -> str:
    for name in sorted(names & moved_to.keys() - listed.keys()):
        return (
            f"{moved_to[name].former} moved to {name} on {written(moved_to[name].on)}, which has not been listed yet."
        )
    for name, read in sorted(listed.items()):
        if read.confirmed_on is None or today - read.confirmed_on > FRESH:
            since = f"since {written(read.confirmed_on)}" if read.confirmed_on else "yet"
            return f"{name} has not been confirmed {since}."
    return "" if listed else NOTHING_LISTED


def quarter_start(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def quarters_before(start: date, number: int) -> date:
    """The start of the quarter `number` quarters before the one that begins with `start`."""
    months = start.year * 12 + start.month - 1 - 3 * number
    return date(months // 12, months % 12 + 1, 1)


def filled(quarters: Iterable[Quarter], first: date, last: date) -> tuple[Quarter, ...]:
    """One entry for each quarter from that of `first` to that of `last`, empty ones too."""
    known = {quarter.start: quarter for quarter in quarters}
    start, end, found = quarter_start(first), quarter_start(last), []
    while start <= end:
        found.append(known.get(start, Quarter(start)))
        start = quarters_before(start, -1)
    return tuple(found)


def total(quarters: Iterable[Quarter], *, since: date = date.min, before: date = date.max) -> Quarter:
    """The sum of the quarters that begin within [since, before)."""
    within = (quarter for quarter in quarters if since <= quarter.start < before)
    return reduce(Quarter.plus, within, Quarter(since))


def written(day: date) -> str:
    """“3 May 2026”, as the pages write days."""
    return f"{day.day} {day:%B %Y}"
