"""The pages of a list: how they are cut, and how one leads to the next."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.fakes.hub.repositories import SORTED_BY, Row

API = "/api/models"
PAGE = 1000
# The ids come whatever `expand` asks for.
_BASIC = ("_id", "id")
Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a request for a list asks for."""

    author: str
    sorted_by: str
    size: int
    cursor: str
    expand: tuple[str, ...]

    @classmethod
    def of(cls, query: Query) -> "Listing":
        one = {name: values[0] for name, values in query.items()}
        asked = one.get("sort", "createdAt")
        return cls(
            author=one.get("author", ""),
            sorted_by=asked if asked in SORTED_BY else "createdAt",
            size=min(int(one.get("limit", PAGE)), PAGE),
            cursor=one.get("cursor", ""),
            expand=expanded(query),
        )

    def cut(self, rows: Sequence[Row]) -> tuple[Sequence[Row], str]:
        """The page of `rows` that the cursor points at, and the cursor of the next one, "" for none.

        The cursor names the last row shown, not a position: what comes or goes before it shifts nothing.
        """
        start = self._start(rows) if self.cursor else 0
        page = rows[start : start + self.size]
        has_more = start + self.size < len(rows)
        return page, _packed(page[-1][self.sorted_by], page[-1]["_id"]) if has_more else ""

    def _start(self, rows: Sequence[Row]) -> int:
        value, last = json.loads(base64.urlsafe_b64decode(self.cursor))
        is_later = (row[self.sorted_by] < value or (row[self.sorted_by] == value and row["_id"] > last) for row in rows)
        return next((place for place, later in enumerate(is_later) if later), len(rows))


def expanded(query: Query) -> tuple[str, ...]:
    return (*query.get("expand", ()), *query.get("expand[]", ()))


def shown(row: Row, expand: Sequence[str]) -> Row:
    """With `expand` only what was asked for, and the two ids that always come."""
    return {name: row[name] for name in (*_BASIC, *expand) if name in row} if expand else row


def link(query: Query, cursor: str, *, place: str) -> str:
    """The `Link` header to the page at `cursor`, under the address that the Hub believes it has."""
    rest = {name: values for name, values in query.items() if name != "cursor"}
    return f'<{place}{API}?{urlencode([*rest.items(), ("cursor", cursor)], doseq=True)}>; rel="next"'


def _packed(value: object, last: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([value, last]).encode()).decode()
