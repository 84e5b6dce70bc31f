"""Many observations become one effective value per field, with the evidence for it. Pure.

A person's correction comes first; then what is not stale, then the better method, then what was confirmed later. A
source that does not state a field has no voice in it: absence never overrides a value. A correction alone can state
that there is none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from registry.models import Method
from registry.records import FACTS, ListingRecord

# Two polls in a row that brought nothing: from then on another source is believed first.
STALE_AFTER_INTERVALS = 2
_RANK = {method: rank for rank, method in enumerate(Method.values)}


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says now about an offering, or a person who corrects one fact: `corrects` names it."""

    source: str
    method: str
    record: ListingRecord
    last_confirmed_at: datetime
    is_stale: bool
    evidence_url: str = ""
    evidence_sha256: str = ""
    corrects: str = ""
    # The source has confirmed that it is gone; what it said last is what it said while it was there.
    is_removed: bool = False

    def states(self, name: str) -> bool:
        """Whether it has a voice in this field. A correction has one in its own, also to say that there is none."""
        return name == self.corrects if self.corrects else getattr(self.record, name) is not None


@dataclass(frozen=True, slots=True)
class Effective:
    """The value that counts, the claim it was taken from, and the claims that say otherwise.

    A value of None is a correction: there is none, whatever sources say.
    """

    value: Any
    evidence: Claim
    disagreeing: tuple[Claim, ...] = ()


def is_stale(last_confirmed_at: datetime, *, interval: timedelta, now: datetime) -> bool:
    return now - last_confirmed_at > STALE_AFTER_INTERVALS * interval


def combine(claims: Iterable[Claim]) -> dict[str, Effective]:
    """The effective value of every field that at least one claim states."""
    ordered = sorted(claims, key=_credibility)
    found: dict[str, Effective] = {}
    for name in FACTS:
        stating = [claim for claim in ordered if claim.states(name)]
        if stating:
            found[name] = _choose(name, stating)
    return found


def _credibility(claim: Claim) -> tuple[bool, bool, int, float, str]:
    # The id comes last only so that equals do not change places from poll to poll.
    confirmed = -claim.last_confirmed_at.timestamp()
    return not claim.corrects, claim.is_stale, _RANK[claim.method], confirmed, claim.record.external_id


def _choose(name: str, stating: list[Claim]) -> Effective:
    best = stating[0]
    value = getattr(best.record, name)
    return Effective(value, best, tuple(claim for claim in stating[1:] if getattr(claim.record, name) != value))
