"""What the fake Hub holds: repositories made up, taken from real metadata, or made by the thousand."""

import hashlib
import json
import re
from collections import UserDict, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
# No repository of the Hub says that it is older: its clock of creations was started then.
EPOCH = datetime(2022, 3, 2, 23, 29, 4, tzinfo=UTC)
# Hosted models have a version there instead, and are on no Hub.
_SHA = re.compile(r"[0-9a-f]{40}")
LICENSES = ("apache-2.0", "mit", "apache-2.0", "llama3.1", "cc-by-nc-4.0")
SORTED_BY = frozenset({"createdAt", "lastModified", "downloads", "likes"})


def repository(name: str, **fields: Any) -> Row:
    """What the Hub holds about a repository: open, Apache-2.0, with a sha and an `_id` made from its name."""
    digest = digest_of(name)
    held: Row = {
        "_id": digest[:24],
        "id": name,
        "author": name.partition("/")[0],
        "sha": digest,
        "gated": False,
        "disabled": False,
        "private": False,
        "createdAt": "2024-07-01T00:00:00.000Z",
        "lastModified": "2025-01-01T00:00:00.000Z",
        "downloads": 100,
        "likes": 3,
        "pipeline_tag": "feature-extraction",
        **licensed("apache-2.0"),
    }
    return held | fields


def licensed(license_: str | Sequence[str] | None, *, bases: Sequence[str] = (), **card: Any) -> Row:
    """Card and tags as a repository under this license has them; None for one that names none."""
    stated = [license_] if isinstance(license_, str) else license_ or []
    tags = [*(f"license:{one}" for one in stated), *(f"base_model:{base}" for base in bases)]
    named = {"license": license_} if license_ is not None else {}
    on = {"base_model": list(bases)} if bases else {}
    return {"tags": ["transformers", *tags], "cardData": named | on | card}


def digest_of(text: str) -> str:
    """A commit or blob that nobody made, the same for the same text."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def stamp(moment: datetime) -> str:
    """As the Hub writes moments."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def generated(models: int, *, namespaces: int) -> Iterator[Row]:
    """`vendor-0000/model-0000` and on, spread evenly. Every third one is as old as the one before it in its list."""
    for number in range(models):
        place, within = number % namespaces, number // namespaces
        yield repository(
            f"vendor-{place:04}/model-{within:04}",
            createdAt=stamp(EPOCH + timedelta(hours=within - within % 3 // 2, minutes=place)),
            gated="auto" if number % 17 == 0 else False,
            **licensed(LICENSES[number % len(LICENSES)]),
        )


def from_metadata(metadata: Path, *, limit: int | None = None) -> Iterator[Row]:
    """Real ids, shas, licenses and days, from the model metadata of the `mteb` package; only rows with a sha."""
    rows = [
        row for row in json.loads(metadata.read_text(encoding="utf-8")) if _SHA.fullmatch(row.get("revision") or "")
    ]
    for row in rows[:limit]:
        base, successor = row.get("adapted_from"), row.get("superseded_by")
        released = datetime.fromisoformat(row.get("release_date") or "2024-07-01").replace(tzinfo=UTC)
        bases = [base] if isinstance(base, str) else []
        card = {"new_version": successor} if successor else {}
        stated = licensed(row.get("license"), bases=bases, **card)
        yield repository(row["name"], sha=row["revision"], createdAt=stamp(max(released, EPOCH)), **stated)


class Shelf(UserDict[str, Row]):
    """The repositories by name; what a namespace lists, and how a name is spelt, is known without a search."""

    def __init__(self) -> None:
        self._spelt: dict[str, str] = {}
        self._by_author: dict[str, dict[str, None]] = defaultdict(dict)
        self._lists: dict[tuple[str, str], list[Row]] = {}
        super().__init__()

    def __setitem__(self, name: str, row: Row) -> None:
        if name in self.data:
            self._forget(self.data[name])
        super().__setitem__(name, row)
        self._spelt[name.casefold()] = name
        self._by_author[row["author"]][name] = None
        self._changed(row["author"])

    def __delitem__(self, name: str) -> None:
        row = self.data[name]
        super().__delitem__(name)
        del self._spelt[name.casefold()]
        self._forget(row)

    def find(self, name: str) -> Row | None:
        """The public repository of that name, however it is spelt."""
        row = self.data.get(self._spelt.get(name.casefold(), ""))
        return None if row is None or row["private"] else row

    def listed(self, author: str, sorted_by: str) -> list[Row]:
        """The public repositories of a namespace, or of all for "", the highest first, ties in order of `_id`."""
        known = self._lists.get((author, sorted_by))
        if known is None:
            names = list(self._by_author.get(author, ())) if author else list(self.data)
            rows = [self.data[name] for name in names if not self.data[name]["private"]]
            rows.sort(key=lambda row: row["_id"])
            known = self._lists[author, sorted_by] = sorted(rows, key=lambda row: row[sorted_by], reverse=True)
        return known

    def _forget(self, row: Row) -> None:
        self._by_author[row["author"]].pop(row["id"], None)
        self._changed(row["author"])

    def _changed(self, author: str) -> None:
        for field in SORTED_BY:
            self._lists.pop((author, field), None)
            self._lists.pop(("", field), None)
