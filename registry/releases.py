"""How much a namespace releases, by quarter of the year: pure, from the few facts that a listing states of every row."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from registry.records import JSON

# What the Hub states of every repository that is older than its memory of such days (its documentation on `created_at`).
# Counted as releases of one day, they would be a wave that no vendor ever keeps up with.
BEFORE_MEMORY = datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)
_LICENSES = Path(__file__).parent / "data" / "licenses.json"


def by_quarter(rows: Iterable[tuple[datetime, tuple[str, ...], bool]]) -> list[JSON]:
    """`{"quarter": "2026Q1", "last_on": "2026-03-31", "released": 8, "open": 6, "gated": 1}`, the oldest first.

    A row is the moment of creation, the license ids of the card and whether access is gated. `open` counts the rows that
    state a license and state none that is not of class open. A quarter without releases has no line. Rows from before
    the Hub kept creation days are left out, for nobody knows their quarter.
    """
    kept: defaultdict[str, list[tuple[datetime, tuple[str, ...], bool]]] = defaultdict(list)
    for row in rows:
        if row[0] > BEFORE_MEMORY:
            kept[quarter_of(row[0])].append(row)
    return [{"quarter": quarter, **_count(kept[quarter])} for quarter in sorted(kept)]


def _count(rows: Sequence[tuple[datetime, tuple[str, ...], bool]]) -> JSON:
    return {
        "last_on": max(created_at for created_at, _, _ in rows).astimezone(UTC).date().isoformat(),
        "released": len(rows),
        "open": sum(is_open(license_ids) for _, license_ids, _ in rows),
        "gated": sum(is_gated for _, _, is_gated in rows),
    }


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
