"""How long to wait before the next attempt; pure, with the dice passed in."""

from datetime import timedelta
from random import Random

FIRST = timedelta(minutes=1)
FACTOR = 3
LONGEST = timedelta(hours=24)
JITTER = 0.2


def wait_after(attempt: int, *, dice: Random) -> timedelta:
    """The pause after failed attempt number `attempt` (from 1): a minute, then three times as long each time, at
    most a day, a fifth more or less so that what failed together does not come back together.

    Ten attempts span three days, so a tracker that is down over a weekend loses nothing.
    """
    growth: int = FACTOR ** min(attempt - 1, 10)
    plain = min(FIRST * growth, LONGEST)
    return plain * dice.uniform(1 - JITTER, 1 + JITTER)
