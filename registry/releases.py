"""How much a namespace releases, by quarter of the year: pure, from the few facts that a listing states of every row."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from registry.records import JSON

# What the Hub states of every repository that is older than its memory of such days (its documentation on `created_at`).
# Counted as releases of one day, they would be a wave that no vendor ever keeps up with.
BEFORE_MEMORY = datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)
_LICENSES = Path(__file__).parent / "data" / "licenses.json"


def by_quarter(rows: Iterable[tuple[datetime, tuple[str, ...], bool]]) -> list[JSON]:
    """`{"quarter": "2026Q1", "released": 8, "open": 6, "gated": 1}`, the oldest first; no line for an empty quarter.

    A row is the moment of creation, the license ids of the card and whether access is gated. `open` counts the rows that
    state a license of class open for everything in them: one without a license is not open. Rows from before the Hub
    kept creation days are left out, for nobody knows their quarter.
    """
    released: Counter[str] = Counter()
    open_: Counter[str] = Counter()
    gated: Counter[str] = Counter()
    for created_at, license_ids, is_gated in rows:
        if created_at <= BEFORE_MEMORY:
            continue
        quarter = quarter_of(created_at)
        released[quarter] += 1
        open_[quarter] += is_open(license_ids)
        gated[quarter] += is_gated
    return [
        {"quarter": quarter, "released": released[quarter], "open": open_[quarter], "gated": gated[quarter]}
        for quarter in sorted(released)
    ]


def quarter_of(moment: datetime) -> str:
    """`2026Q1`, by the clock of UTC."""
    day = moment.astimezone(UTC)
    return f"{day.year:04}Q{(day.month + 2) // 3}"


def is_open(license_ids: tuple[str, ...]) -> bool:
    """Whether a license is stated and all that are stated are of class open; a card does not say how several combine."""
    return bool(license_ids) and all(id_.strip().casefold() in _open_ids() for id_ in license_ids)


@cache
def _open_ids() -> frozenset[str]:
    licenses = json.loads(_LICENSES.read_text())["licenses"]
    return frozenset(id_ for one in licenses if one["license_class"] == "open" for id_ in one["hub_ids"])
