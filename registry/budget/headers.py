"""What the headers of an answer say of limits: `RateLimit`, `RateLimit-Policy` and `Retry-After`. Pure.

As the Hub and the IETF's draft (draft-ietf-httpapi-ratelimit-headers) write them; whatever else stands there is
passed over, for a header that nobody can read must not stop a poll.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A comma that is not inside a quoted name.
_COMMA = re.compile(r',(?=(?:[^"]*"[^"]*")*[^"]*$)')
_QUOTED = re.compile(r'"[^"]*"')
_SECONDS = re.compile(r"\d{1,9}")
# A month's quota is no window to hold a poll back by.
_LONGEST_WINDOW = 86_400


@dataclass(frozen=True, slots=True)
class Allowance:
    """`limit` requests in each window of `seconds`."""

    limit: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Said:
    """What one answer says; seconds from now, None for what it does not say."""

    allowance: Allowance | None = None
    left: int | None = None
    resets_in: float | None = None
    retry_after: float | None = None


def read(headers: Mapping[str, str], *, now: float) -> Said:
    """What `headers`, in any case, say at `now`. Of several policies the slowest counts, of several rests the least."""
    named = {name.casefold(): value for name, value in headers.items()}
    left, resets_in = _rest(named.get("ratelimit", ""))
    return Said(
        allowance=_slowest(named.get("ratelimit-policy", "")),
        left=left,
        resets_in=resets_in,
        retry_after=_retry_after(named.get("retry-after", ""), named.get("date", ""), now=now),
    )


def _slowest(policy: str) -> Allowance | None:
    found = (
        Allowance(numbers["q"], float(numbers["w"]))
        for numbers in _items(policy)
        if numbers.get("q") and 0 < numbers.get("w", 0) <= _LONGEST_WINDOW
    )
    return min(found, key=lambda one: (one.limit / one.seconds, one.limit), default=None)


def _rest(ratelimit: str) -> tuple[int | None, float | None]:
    items = [numbers for numbers in _items(ratelimit) if "t" in numbers]
    least = min(items, key=lambda numbers: (numbers.get("r", 0), -numbers["t"]), default=None)
    return (least.get("r"), float(least["t"])) if least else (None, None)


def _items(header: str) -> list[dict[str, int]]:
    """The numbers among the parameters of each member of the list."""
    bare = (_QUOTED.sub("", member) for member in _COMMA.split(header[:2000]))
    return [{name: int(value) for name, value in re.findall(r";\s*(\w+)=(\d{1,9})\b", member)} for member in bare]


def _retry_after(value: str, date: str, *, now: float) -> float | None:
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    until = _moment(value)
    if until is None:
        return None
    # By the server's own clock where it tells it: ours may be wrong.
    said_at = _moment(date)
    return max(until - (now if said_at is None else said_at), 0.0)


def _moment(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware: datetime = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.timestamp()
