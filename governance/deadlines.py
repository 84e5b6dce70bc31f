"""By when an owner has to act; pure.

The gate turns an upstream event from a warning into an error when its action is due, so these numbers say how much
time a change leaves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from registry.models import Severity

# Days between the moment we know and the moment something must have happened, where upstream names no day.
REACTION_DAYS: Mapping[str, Mapping[str, int]] = {
    Severity.CRITICAL: {"critical": 3, "important": 5, "normal": 10, "experimental": 20},
    Severity.WARNING: {"critical": 14, "important": 21, "normal": 30, "experimental": 60},
    Severity.NOTICE: {"critical": 30, "important": 45, "normal": 60, "experimental": 90},
    Severity.INFO: {"critical": 60, "important": 60, "normal": 90, "experimental": 90},
}
# What does not stop a running system leaves this much more time: a copy of our own, or no production.
RELAXED = 3


@dataclass(frozen=True, slots=True)
class Clock:
    """The day on which we decide, and the policy's lead days per criticality."""

    today: date
    lead_days: Mapping[str, int]


def due_on(
    clock: Clock,
    *,
    severity: str,
    criticality: str,
    effective_on: date | None = None,
    is_relaxed: bool = False,
) -> date:
    """The day by which somebody must have acted; never in the past.

    Where upstream names a day: the policy's lead time before it. A late announcement that leaves less still gives
    the time to react, as long as that ends by the day itself.
    """
    today = clock.today
    reaction = timedelta(days=REACTION_DAYS[severity][criticality] * (RELAXED if is_relaxed else 1))
    if effective_on is None:
        return today + reaction
    lead = timedelta(days=clock.lead_days[criticality])
    return max(today, min(effective_on, max(effective_on - lead, today + reaction)))
