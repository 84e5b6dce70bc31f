"""A vendor's own list of its models as a source: what it lists is served, what it lists no more is gone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any
from urllib.parse import quote

from django.conf import settings

from registry.budget import Budget
from registry.records import FACTS, ListingRecord, Reject
from registry.upstream.base import Document, Known, Parsed, UpstreamError
from registry.upstream.pages import fetch_whole, pages_of, rows_of
from registry.upstream.provider_lists import ProviderList
from registry.upstream.reading import BadField, external_id, one_object, read_json, rejected, sorted_out


class ModelList:
    is_complete = True
    absence_means_gone = True
    watched_host = ""

    def __init__(self, provider: ProviderList) -> None:
        self.slug = provider.slug
        self._provider = provider

    @property
    def host(self) -> str:
        host: str = self._provider.host or settings.OPENAI_COMPATIBLE_HOST
        return host

    def missing(self) -> list[str]:
        """The settings without which nothing can be asked."""
        given, name = settings.MODEL_LISTS[self.slug], self.slug.upper()
        wanted = {
            f"{name}_URL": bool(given.urls or self._provider.url),
            f"{name}_API_KEY": bool(given.key) or not self._provider.needs_key,
        }
        return [setting for setting, is_there in wanted.items() if not is_there]

    def is_set_up(self) -> bool:
        """Whether somebody has set anything for it, and all that it needs."""
        given = settings.MODEL_LISTS[self.slug]
        return bool(given.urls or given.key) and not self.missing()

    def fetch(self, known: Known) -> Document | None:
        refuse_missing(self.missing())
        given, provider = settings.MODEL_LISTS[self.slug], self._provider
        addresses = [(url, self._headers(url, given.key)) for url in given.urls or (provider.url,)]
        budget = Budget(self.slug, given.key)
        return fetch_whole(addresses, known, budget=budget, rows=provider.rows, following=provider.following)

    def _headers(self, url: str, key: str) -> Mapping[str, str]:
        return {**self._provider.headers, **(self._provider.credentials(url, key) if key else {})}

    def parse(self, raw: bytes) -> Parsed:
        """The list as it was fetched, or one page of it as a person saved it."""
        pages = pages_of(read_json(raw))
        rows = [row for page in pages for row in rows_of(page, self._provider.rows, self.slug)]
        read = [_read(row, self._provider, self.host) for row in rows]
        records = _with_aliases([one for one in read if not isinstance(one, Reject)])
        rejects = [one for one in read if isinstance(one, Reject)]
        return sorted_out([*_once(records, merge=sooner if self._provider.is_regional else None), *rejects])

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        return (host_id,) if host == self.host else ()

    def page_of(self, external_id: str) -> str:
        return self._provider.page.replace("{id}", quote(external_id, safe="/:@"))


def refuse_missing(missing: Sequence[str]) -> None:
    if missing:
        raise UpstreamError(f"Set {' and '.join(missing)}, or disable this source in the admin.", retryable=False)


Aliased = tuple[ListingRecord, Sequence[str]]


def _read(row: Any, provider: ProviderList, host: str) -> Aliased | Reject:
    name = ""
    try:
        entry = one_object(row)
        name = external_id(provider.identity(entry))
        facts = {fact: read(entry) for fact, read in provider.facts.items()}
        aliases = [external_id(alias) for alias in provider.aliases(entry) or ()]
        return ListingRecord(external_id=name, host=host, host_id=name, **facts), aliases
    except BadField as error:
        return rejected(name, row, error)


def _with_aliases(rows: Sequence[Aliased]) -> Iterator[ListingRecord]:
    """The rows, and the same under each of their aliases that has no row of its own."""
    yield from (record for record, _ in rows)
    own = {record.external_id for record, _ in rows}
    for record, aliases in rows:
        yield from (replace(record, external_id=alias, host_id=alias) for alias in aliases if alias not in own)


Merge = Callable[[ListingRecord, ListingRecord], ListingRecord]


def _once(records: Iterable[ListingRecord], *, merge: Merge | None) -> Iterator[ListingRecord]:
    """The records without repetitions: a row that moves to the next page while it is read is there twice.

    Without `merge`, rows that contradict each other stay side by side.
    """
    by_id: dict[str, dict[ListingRecord, None]] = {}
    for record in records:
        by_id.setdefault(record.external_id, {})[record] = None
    for alike in by_id.values():
        yield from alike if merge is None else [reduce(merge, alike)]


def sooner(one: ListingRecord, other: ListingRecord) -> ListingRecord:
    """Of two rows on one model, in two regions say, what a user has to reckon with, whichever comes first.

    The earlier day, the smaller number; deprecated if either says so, retired only if both do.
    """
    least = {name: _least(getattr(one, name), getattr(other, name)) for name in FACTS}
    deprecated = [record.is_deprecated for record in (one, other) if record.is_deprecated is not None]
    least["is_deprecated"] = any(deprecated) if deprecated else None
    retired = {one.is_retired, other.is_retired}
    least["is_retired"] = None if retired == {True, None} else least["is_retired"]
    return ListingRecord(external_id=one.external_id, **least)


def _least(one: Any, other: Any) -> Any:
    stated = [value for value in (one, other) if value is not None]
    return min(stated) if stated else None
