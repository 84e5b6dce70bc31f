"""Which of the differences between two states are believed at once, and which are held back. Pure.

A license counts once two reads agree, because cards are edited back and forth. A change that hits a large part of a
source at once waits for a person: a feed has once taken 443 living models for deprecated.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from registry.diff import Difference
from registry.models import ChangeKind, HeldFact
from registry.records import JSON, ListingRecord, to_facts

# Real releases of feeds announce a retirement for up to 8 % of their rows at once (LiteLLM 1.98.1 to 1.99.4).
MASS_SHARE = 0.20
# As many as a person can look at one by one.
MASS_FEW = 20
PRESENCE = "presence"
LICENSE = ("license", "license_name", "license_link", "license_file", "license_text")
_SECOND_READ, _SUSPECT = HeldFact.Reason.SECOND_READ, HeldFact.Reason.SUSPECT


@dataclass(frozen=True, slots=True)
class Topic:
    """What is held together: the name of the hold and the facts in it."""

    name: str
    facts: tuple[str, ...]


# What people act on. A price or a new revision hurts nobody who believes it a round too early.
TOPICS: Mapping[ChangeKind, Topic] = {
    ChangeKind.LICENSE_CHANGED: Topic("license", LICENSE),
    ChangeKind.LICENSE_TEXT_CHANGED: Topic("license", LICENSE),
    ChangeKind.DEPRECATED: Topic("deprecation", ("is_deprecated", "deprecated_on")),
    ChangeKind.RETIREMENT_ANNOUNCED: Topic("retires_on", ("retires_on",)),
    ChangeKind.RETIREMENT_MOVED: Topic("retires_on", ("retires_on",)),
    ChangeKind.RETIREMENT_WITHDRAWN: Topic("retires_on", ("retires_on",)),
    ChangeKind.RETIRED: Topic("is_retired", ("is_retired",)),
    ChangeKind.DISABLED: Topic("is_disabled", ("is_disabled",)),
    ChangeKind.GATED: Topic("gating", ("gating",)),
    ChangeKind.REREGISTERED: Topic("upstream_id", ("upstream_id",)),
    ChangeKind.RENAMED: Topic("renamed_to", ("renamed_to",)),
    ChangeKind.LINEAGE_CHANGED: Topic("base_models", ("base_models",)),
}
_TWO_READS = frozenset({ChangeKind.LICENSE_CHANGED, ChangeKind.LICENSE_TEXT_CHANGED})


@dataclass(frozen=True, slots=True)
class Hold:
    """One statement that is not believed; `believed` and `said` are facts as JSON, null for what was not stated."""

    believed: JSON
    said: JSON
    reason: str


Holds = Mapping[str, Hold]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """The differences to tell now, those held back with a mass change, and what that does to the holds.

    Holds are keyed by (external id, name of the topic).
    """

    told: Sequence[Difference]
    suspect: Sequence[Difference]
    held: Mapping[Key, Hold] = field(default_factory=dict)
    ended: frozenset[Key] = frozenset()


def believed(facts: JSON, holds: Iterable[Hold]) -> JSON:
    """The facts that count: those stated, with what is held replaced by what was believed before."""
    counting = dict(facts)
    for hold in holds:
        counting |= hold.believed
    return {name: value for name, value in counting.items() if value is not None}


def judge(
    differences: Sequence[Difference],
    *,
    before: Mapping[str, ListingRecord],
    after: Mapping[str, ListingRecord],
    holds: Mapping[str, Holds],
    known: int,
) -> Judged:
    """Sort the differences between what is believed (`before`) and what is said (`after`).

    `holds` are those in force for the rows of `after`; `known` is the number of rows of the whole source.
    """
    still, fresh = _parted(differences, lambda one: _is_held_already(one, after, holds))
    waiting, candidates = _parted(fresh, lambda one: _needs_another_read(one, after, holds))
    mass = _mass_kinds(candidates, known)
    suspect, told = _parted(candidates, lambda one: one.kind in mass)
    held = {
        **{_key(one): _hold(one, before, after, _SECOND_READ) for one in waiting},
        **{_key(one): _hold(one, before, after, _SUSPECT) for one in suspect},
    }
    kept = held.keys() | {_key(one) for one in still}
    ended = {(row, topic) for row in after for topic in holds.get(row, ()) if (row, topic) not in kept}
    return Judged(told, suspect, held, frozenset(ended))


def _parted(
    differences: Iterable[Difference], is_first: Callable[[Difference], bool]
) -> tuple[list[Difference], list[Difference]]:
    parts: tuple[list[Difference], list[Difference]] = ([], [])
    for one in differences:
        parts[not is_first(one)].append(one)
    return parts


def _key(difference: Difference) -> Key:
    return difference.external_id, TOPICS[difference.kind].name


def _existing(difference: Difference, holds: Mapping[str, Holds]) -> Hold | None:
    topic = TOPICS.get(difference.kind)
    return holds.get(difference.external_id, {}).get(topic.name) if topic else None


def _is_held_already(difference: Difference, after: Mapping[str, ListingRecord], holds: Mapping[str, Holds]) -> bool:
    """Whether a person has this very statement before him, or has dismissed it."""
    hold = _existing(difference, holds)
    return hold is not None and hold.reason == _SUSPECT and hold.said == _said(difference, after)


def _needs_another_read(difference: Difference, after: Mapping[str, ListingRecord], holds: Mapping[str, Holds]) -> bool:
    if difference.kind not in _TWO_READS:
        return False
    hold = _existing(difference, holds)
    return hold is None or hold.said != _said(difference, after)


def _mass_kinds(differences: Iterable[Difference], known: int) -> set[ChangeKind]:
    counts = Counter(one.kind for one in differences if one.kind in TOPICS)
    return {kind for kind, count in counts.items() if count > max(known * MASS_SHARE, MASS_FEW)}


def _hold(
    difference: Difference, before: Mapping[str, ListingRecord], after: Mapping[str, ListingRecord], reason: str
) -> Hold:
    topic = TOPICS[difference.kind]
    return Hold(_facts(before[difference.external_id], topic), _said(difference, after), reason)


def _said(difference: Difference, after: Mapping[str, ListingRecord]) -> JSON:
    return _facts(after[difference.external_id], TOPICS[difference.kind])


def _facts(record: ListingRecord, topic: Topic) -> JSON:
    stated = to_facts(record)
    return {name: stated.get(name) for name in topic.facts}
