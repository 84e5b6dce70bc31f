"""One thing that a vendor does over time, as a person can check it: a sentence, numbers, days, a threshold. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from registry.records import JSON


class Name(StrEnum):
    SILENCE = "silence"
    PACE = "pace"
    OPEN_SHARE = "open_share"
    GATED_SHARE = "gated_share"
    NEWLY_GATED = "newly_gated"
    HOSTED_ONLY = "hosted_only"
    MOVES = "moves"


LABELS: Mapping[str, str] = {
    Name.SILENCE: "Since the last release",
    Name.PACE: "Releases with weights",
    Name.OPEN_SHARE: "Open licenses among new releases",
    Name.GATED_SHARE: "Gated among new releases",
    Name.NEWLY_GATED: "Newly gated among what is in use",
    Name.HOSTED_ONLY: "Offered as a service alone",
    Name.MOVES: "Moves and new names",
}
# By how much the value has to get worse before the part is proposed again after somebody has decided about it.
WORSE_BY: Mapping[str, float] = {
    Name.SILENCE: 6.0,
    Name.PACE: -0.15,
    Name.OPEN_SHARE: -0.2,
    Name.GATED_SHARE: 0.2,
    Name.NEWLY_GATED: 0.2,
    Name.HOSTED_ONLY: 0.2,
}


@dataclass(frozen=True, slots=True)
class Point:
    """One bar of a chart: `value` of `of`, in the quarter that begins with `start`."""

    start: date
    value: int
    of: int


@dataclass(frozen=True, slots=True)
class Part:
    """`value` None: not enough to say, and `sentence` says why. `threshold` None: there is nothing to cross.

    `since` tells one story from the next, where a decision about the one says nothing of the other: another day, another
    silence.
    """

    name: Name
    sentence: str
    value: float | None = None
    threshold: float | None = None
    is_crossed: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    series: tuple[Point, ...] = ()
    since: date | None = None

    @property
    def label(self) -> str:
        return LABELS[self.name]

    def as_json(self) -> JSON:
        """What is kept with a proposal, and read again by `is_worse`."""
        days = {name: day.isoformat() for name, day in self.dates.items()}
        since = self.since.isoformat() if self.since else None
        return {**self.numbers, **days, "value": self.value, "threshold": self.threshold, "since": since}


def is_worse(part: Part, decided: JSON) -> bool:
    """Whether `part` deserves another look of a person who decided about `decided`, the same part as it was then."""
    former = decided.get("value")
    if part.value is None or former is None:
        return part.value is not None
    if decided.get("since") != (part.since.isoformat() if part.since else None):
        return True
    # Rounded, because tenths have no end in binary.
    return round((part.value - float(former)) / WORSE_BY[part.name], 6) >= 1


def crossed(parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if part.is_crossed]


def in_months(months: float) -> str:
    """“14 months”; whole ones, and “less than a month”."""
    whole = int(months)
    return counted(whole, "month") if whole else "less than a month"


def counted(number: int, noun: str) -> str:
    """“1 release”, “2 repositories”."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def are(number: int) -> str:
    return "is" if number == 1 else "are"
