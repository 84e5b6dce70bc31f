"""How many requests may be sent to a source with one key, counted over all workers.

`spend` before each request, `note` after each answer. Nobody waits here: who may not send is told until when.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from registry.budget import bucket as buckets
from registry.budget import headers as limits
from registry.budget.bucket import Bucket, Wait
from registry.budget.headers import Allowance
from registry.budget.store import chosen

__all__ = ["DEFAULT", "Allowance", "Blockade", "Budget", "note", "spend"]

# For a source that names no limit: more than any poll of a feed needs, and no flood if one goes wrong.
DEFAULT = Allowance(600, 300.0)


@dataclass(frozen=True, slots=True)
class Budget:
    """What is counted as one: the requests to `source` with `key`, "" for none. `default` holds until upstream says."""

    source: str
    key: str = field(default="", repr=False)
    default: Allowance = DEFAULT

    @property
    def name(self) -> str:
        """Under which it is kept. It does not tell the key."""
        return f"{self.source}:{hashlib.sha256(self.key.encode()).hexdigest()[:16] if self.key else 'anonymous'}"


@dataclass(frozen=True, slots=True)
class Blockade:
    """Until when nothing may be sent, and why."""

    until: datetime
    reason: str


def spend(budget: Budget, *, now: datetime) -> Blockade | None:
    """Take one request out of the budget; None: it may be sent."""

    def step(bucket: Bucket) -> tuple[Bucket, Wait | None]:
        spent = buckets.spend(bucket, budget.default, now=now.timestamp())
        return (bucket, spent) if isinstance(spent, Wait) else (spent, None)

    wait = chosen().change(budget.name, step)
    return Blockade(_moment(wait.until), wait.reason) if wait else None


def note(budget: Budget, headers: Mapping[str, str], status: int, *, now: datetime) -> datetime | None:
    """Keep what an answer says of limits. Returns until when upstream wants us to pause, None for not at all."""
    said = limits.read(headers, now=now.timestamp())

    def step(bucket: Bucket) -> tuple[Bucket, float]:
        noted = buckets.note(bucket, said, status, budget.default, now=now.timestamp())
        return noted, noted.blocked_until

    until = chosen().change(budget.name, step)
    return _moment(until) if until > now.timestamp() else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
