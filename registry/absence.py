"""When something that upstream does not show any more counts as gone. Pure.

Absence is not removal: all of `facebook/*` answered 404 for hours on 2023-07-01, and one release of LiteLLM's price map
dropped 14 % of its keys by mistake. `docs/explanation/when-a-model-is-gone.md` tells the whole of it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# Promise B1: so many definite negatives, each in a round of its own, over so long a time.
NEGATIVES = 3
OVER = timedelta(hours=24)
# More of a source than this is no removal but an incident. One release of LiteLLM's map rightly dropped 4.8 %. A policy
# may ask for less of each source (`Source.breaker_share`), never for more.
MAX_GONE = 0.05
# In a source of a few rows, a few rows say nothing about the rest.
FEW = 3
# A group (a namespace, a host) of this many rows that is gone as a whole is an incident as well: one feed was silently
# empty for one vendor. Most of a group is none: LiteLLM rightly dropped more than half of what it listed for deepinfra.
GROUP = 10


@dataclass(frozen=True, slots=True)
class Absence:
    """How long and how often upstream has definitely not shown a row."""

    since: datetime
    last_at: datetime
    negatives: int


def once_more(absence: Absence | None, at: datetime) -> Absence:
    """The absence after another definite negative."""
    if absence is None:
        return Absence(at, at, 1)
    return Absence(absence.since, at, absence.negatives + 1)


def is_confirmed(absence: Absence) -> bool:
    return absence.negatives >= NEGATIVES and absence.last_at - absence.since >= OVER


def is_mass(gone: int, known: int, *, share: float = MAX_GONE) -> bool:
    """Whether `gone` of `known` rows are too many at once to be believed: more than `share` of them."""
    return gone > max(known * share, FEW)


def waves(gone: Collection[str], groups: Mapping[str, str]) -> set[str]:
    """The groups that went as a whole; `groups` says to which group each known row belongs."""
    sizes = Counter(groups.values())
    losses = Counter(group for name, group in groups.items() if name in gone)
    return {group for group, size in sizes.items() if size >= GROUP and losses[group] == size}
