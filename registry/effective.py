"""Many observations become one effective value per field, with its evidence; pure.

What is not stale is believed first, then the better method, then what was confirmed last. A source that does not
state a field never overrides one that does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

METHODS = ("vendor_api", "vendor_page", "curated_feed", "inferred", "reported")


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source says of an offering: `facts` as `ListingRecord.to_json` spells them."""

    source: str
    method: str
    confirmed_at: datetime
    is_stale: bool
    facts: dict[str, Any]
    evidence_url: str = ""
    evidence_sha256: str = ""

    @property
    def _trust(self) -> tuple[bool, int, float]:
        return (self.is_stale, METHODS.index(self.method), -self.confirmed_at.timestamp())


@dataclass(frozen=True, slots=True)
class Effective:
    """The value that counts, who says so, and who says otherwise."""

    value: Any
    by: Statement
    disagreeing: tuple[Statement, ...] = ()


def effective(statements: Iterable[Statement]) -> dict[str, Effective]:
    """The effective value of every field that anybody states."""
    ordered = sorted(statements, key=lambda statement: statement._trust)  # noqa: SLF001 - same module
    names = {name for statement in ordered for name in statement.facts}
    return {name: _choose(name, [one for one in ordered if name in one.facts]) for name in sorted(names)}


def _choose(name: str, ordered: Sequence[Statement]) -> Effective:
    best = ordered[0]
    value = best.facts[name]
    return Effective(value, best, tuple(other for other in ordered[1:] if other.facts[name] != value))
