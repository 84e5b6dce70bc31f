"""How often generated vendors are proposed as ending, rightly and wrongly: the table of docs/explanation/vendor-signals.md.

DJANGO_SETTINGS_MODULE=tests.settings python -m bench.vendor_signals
"""

import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

from registry.signals import judge
from tests.registry.histories import Release, closing, history, steady, stopping

VENDORS = int(os.environ.get("BENCH_VENDORS", "200"))
A_YEAR = [date(2026, 1, 1) + timedelta(days=30 * number) for number in range(13)]
ENDS_ON, KNOWN_TO = date(2025, 6, 1), date(2027, 1, 1)
PARTS = ("silence", "pace", "open_share", "gated_share")


def proposed_in_a_year(make: Callable[[int], list[Release]]) -> str:
    """For each part: proposed on any of the days, of how many vendors of which there was enough to say on any."""
    proposed, judged = Counter[str](), Counter[str]()
    for seed in range(VENDORS):
        releases = make(seed)
        parts = [part for day in A_YEAR for part in judge(history(releases, as_of=day), today=day)]
        proposed.update({part.name for part in parts if part.is_crossed})
        judged.update({part.name for part in parts if part.value is not None})
    return ", ".join(f"{name} {proposed[name]} of {judged[name]}" for name in PARTS)


def main() -> None:
    sys.stdout.write(f"{VENDORS} vendors of each kind, seeds from 0\n")
    for a_year in (4, 8, 12, 24):
        kinds: dict[str, Callable[[int], list[Release]]] = {
            "steady": lambda seed, a_year=a_year: steady(
                seed, a_year=a_year, until=KNOWN_TO, open_share=0.8, gated_share=0.2
            ),
            "stopped": lambda seed, a_year=a_year: stopping(seed, a_year=a_year, on=ENDS_ON),
            "closed": lambda seed, a_year=a_year: closing(seed, a_year=a_year, on=ENDS_ON, until=KNOWN_TO),
        }
        for kind, make in kinds.items():
            sys.stdout.write(f"{a_year} a year, {kind}: {proposed_in_a_year(make)}\n")


if __name__ == "__main__":
    main()
