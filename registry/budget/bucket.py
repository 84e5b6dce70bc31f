"""The arithmetic of a budget: what may be sent now, what an answer says of it, and until when to wait. Pure.

A bucket whose tokens come back one window after they were spent. So *any* window holds at most the share of the limit
that we use, wherever it begins. The two usual ways do not promise that. A bucket that fills evenly lets a burst and
a window's filling through, so that to stay below 80 % both must be 40 %, and whoever comes back after a pause, as a
poll that was re-scheduled does, has half of what he could have. A counter that starts anew with the server's window
lets twice its limit through around the edge, and trusts that both clocks see the same edge.

What the server itself says is left counts as well, because others may use the same key or address: its last fifth is
never touched. Moments are seconds since the epoch, as they are stored.
"""

from dataclasses import dataclass, replace
from math import floor
from typing import TypeAlias

from registry.budget.headers import Allowance, Said

# Of what upstream grants, in hundredths. The rest is for those who share the key, and for clocks that differ.
SHARE = 80
# A request that was spent now may arrive later than one that is spent after it, and servers round seconds down.
MARGIN = 1.0
# Spent tokens are counted by this part of the window, so that a state stays small whatever the limit.
PARTS = 60
# The wait after a 429 that names none doubles with each one in a row. The Hub's windows are five minutes long.
FIRST_WAIT, LONGEST_WAIT = 60.0, 3600.0
# Who asks for more than a day has made a mistake, and would otherwise be forgotten for good.
LONGEST_BLOCK = 86_400.0
TOO_MANY = 429
_FAILURE = 400


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is known of one key at one source. `advertised` None: it never named its limit."""

    advertised: Allowance | None = None
    # Until when tokens count as just spent, with their number, in order.
    spent: tuple[tuple[float, int], ...] = ()
    blocked_until: float = 0.0
    # What we may still send of what the server said is left, until it starts to count anew.
    left: int = 0
    resets_at: float = 0.0
    # Answers of 429 in a row that named no wait.
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be sent before `until`; the first token is back then, or upstream's pause is over."""

    until: float
    reason: str


Spent: TypeAlias = Bucket | Wait


def usable(allowance: Allowance) -> int:
    """How many of the requests of a window are ours. Of the smallest limits one, for none would never learn anything."""
    return max(allowance.limit * SHARE // 100, 1)


def spend(bucket: Bucket, default: Allowance, *, now: float) -> Spent:
    """The bucket with one token less, or how long to wait for one. `default` stands in for a limit nobody named."""
    allowance = bucket.advertised or default
    kept = _still_counted(bucket, allowance, now=now)
    if bucket.blocked_until > now:
        return Wait(bucket.blocked_until, "it asked for a pause")
    if bucket.resets_at > now and bucket.left <= 0:
        return Wait(bucket.resets_at, "little is left of what it grants")
    if sum(count for _, count in kept) >= usable(allowance):
        reason = f"{usable(allowance)} of {allowance.limit} requests in {allowance.seconds:g} s were sent"
        return Wait(_back_at(kept[0][0], allowance), reason)
    return replace(bucket, spent=_with_one(kept, allowance, now=now), left=max(bucket.left - 1, 0))


def _still_counted(bucket: Bucket, allowance: Allowance, *, now: float) -> tuple[tuple[float, int], ...]:
    return tuple(group for group in bucket.spent if _back_at(group[0], allowance) > now)


def _back_at(end: float, allowance: Allowance) -> float:
    return end + allowance.seconds + MARGIN


def _with_one(
    kept: tuple[tuple[float, int], ...], allowance: Allowance, *, now: float
) -> tuple[tuple[float, int], ...]:
    """Counted at the end of the part that `now` is in: late, never early."""
    width = allowance.seconds / PARTS
    end = (floor(now / width) + 1) * width
    groups = dict(kept)
    groups[end] = groups.get(end, 0) + 1
    return tuple(sorted(groups.items()))


def note(bucket: Bucket, said: Said, status: int, default: Allowance, *, now: float) -> Bucket:
    """The bucket after an answer. A pause that was asked for is never made shorter by a later answer."""
    known = replace(bucket, advertised=said.allowance or bucket.advertised)
    return _after_status(_with_left(known, said, known.advertised or default, now=now), said, status, now=now)


def _with_left(bucket: Bucket, said: Said, allowance: Allowance, *, now: float) -> Bucket:
    """Answers overtake each other, and each was counted before what is on its way: of one window the least counts."""
    if said.left is None or said.resets_in is None:
        return bucket
    resets_at = now + min(said.resets_in, LONGEST_BLOCK) + MARGIN
    left = max(said.left - (allowance.limit - usable(allowance)), 0)
    # Moments of one reset differ by rounding and by the way of the answer; those of two by a window.
    apart = resets_at - bucket.resets_at
    if abs(apart) < allowance.seconds / 2:
        return replace(bucket, left=min(left, bucket.left), resets_at=max(resets_at, bucket.resets_at))
    return replace(bucket, left=left, resets_at=resets_at) if apart > 0 else bucket


def _after_status(bucket: Bucket, said: Said, status: int, *, now: float) -> Bucket:
    if status < _FAILURE:
        # One that was on its way when others were refused does not take that back.
        return bucket if bucket.blocked_until > now else replace(bucket, refusals=0)
    asked = _wait_asked_for(said, status)
    if asked is not None:
        return blocked(bucket, now + min(asked, LONGEST_BLOCK) + MARGIN)
    if status != TOO_MANY or bucket.blocked_until > now:
        return bucket
    wait = min(FIRST_WAIT * 2**bucket.refusals, LONGEST_WAIT)
    return replace(blocked(bucket, now + wait), refusals=min(bucket.refusals + 1, PARTS))


def _wait_asked_for(said: Said, status: int) -> float | None:
    """The longer of the two ways to say it, where both are there."""
    resets_in = said.resets_in if status == TOO_MANY else None
    waits = [wait for wait in (said.retry_after, resets_in) if wait is not None]
    return max(waits, default=None)


def blocked(bucket: Bucket, until: float) -> Bucket:
    """The bucket with nothing to give before `until`."""
    return replace(bucket, blocked_until=max(bucket.blocked_until, until))
