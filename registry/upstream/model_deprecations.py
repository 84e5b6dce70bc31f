"""modeldeprecations.dev: status, dates and replacements of models, each checked by hand against the vendor's page.

A firm date and a floor are kept apart there and here: `earliest_shutdown_on` is a promise not to end before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from django.conf import settings

from registry.budget import Budget
from registry.records import ListingRecord, Reject
from registry.upstream import http
from registry.upstream.base import Document, Known, Parsed, UpstreamError
from registry.upstream.hosts import host_of, providers_of
from registry.upstream.reading import (
    BadField,
    day,
    external_id,
    one_object,
    read_json,
    rejected,
    sorted_out,
    text,
    texts,
)

MAX_BYTES = 8 * 1024 * 1024
SITE = "https://modeldeprecations.dev"
# The providers that the register knows by another name.
HOSTS = {
    "alibaba": "dashscope",
    "google": "gemini",
    "vertex": "vertex_ai",
    "z-ai": "zai",
}
_IS_DEPRECATED = {"active": False, "deprecated": True, "retired": True}


class ModelDeprecations:
    slug = "model_deprecations"
    is_complete = True
    absence_means_gone = False
    watched_host = ""

    def fetch(self, known: Known) -> Document | None:
        return http.get(
            settings.MODEL_DEPRECATIONS_URL,
            budget=Budget(self.slug),
            max_bytes=MAX_BYTES,
            etag=known.etag,
            last_modified=known.last_modified,
        )

    def parse(self, raw: bytes) -> Parsed:
        """The catalogue as it is published, with the rows under “models”, or the rows alone."""
        document = read_json(raw)
        rows = document.get("models") if isinstance(document, dict) else document
        if not isinstance(rows, list):
            raise UpstreamError("The document is no catalogue: it has no list of models.", retryable=True)
        return sorted_out(_with_aliases([_read(row) for row in rows]))

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        return [f"{provider}/{host_id}" for provider in providers_of(host, HOSTS)]

    def page_of(self, external_id: str) -> str:
        """The feed's own page, which links the vendor's; an alias has one, too."""
        return f"{SITE}/{quote(external_id, safe='/:@')}"


Aliased = tuple[ListingRecord, Sequence[str]]


def _read(row: Any) -> Aliased | Reject:
    name = ""
    try:
        entry = one_object(row)
        provider, model = _needed(entry, "provider"), _needed(entry, "model")
        name = external_id(f"{provider}/{model}")
        aliases = [external_id(f"{provider}/{alias}") for alias in texts(entry, "aliases") or ()]
        return _record(name, provider, model, entry), aliases
    except BadField as error:
        return rejected(name, row, error)


def _with_aliases(read: Sequence[Aliased | Reject]) -> Iterator[ListingRecord | Reject]:
    """The rows, and the same once more under each alias: the feed keeps one row for a model and its dated names.

    A row of its own comes before an alias of the same name.
    """
    rows = [one for one in read if not isinstance(one, Reject)]
    yield from (one if isinstance(one, Reject) else one[0] for one in read)
    own = {record.external_id for record, _ in rows}
    for record, aliases in rows:
        for alias in aliases:
            if alias not in own:
                yield replace(record, external_id=alias, host_id=alias.partition("/")[2])


def _needed(entry: Mapping[str, Any], name: str) -> str:
    value = text(entry, name)
    if value is None:
        raise BadField(f"“{name}” is missing")
    return value


def _record(name: str, provider: str, model: str, entry: Mapping[str, Any]) -> ListingRecord:
    status = text(entry, "status") or ""
    return ListingRecord(
        external_id=name,
        host=host_of(provider, HOSTS),
        host_id=model,
        is_deprecated=_IS_DEPRECATED.get(status),
        deprecated_on=day(entry, "deprecated_on"),
        retires_on=day(entry, "shutdown_on"),
        earliest_retires_on=day(entry, "earliest_shutdown_on"),
        is_retired=_is_retired(status, entry),
        successor=_successor(entry.get("replacements")),
    )


def _is_retired(status: str, entry: Mapping[str, Any]) -> bool | None:
    """True only if somebody looked after the shutdown: before it the date is all there is, and our own clock has that.

    “deprecated” says neither: it is often left standing for days after the shutdown.
    """
    if status == "active":
        return False
    shutdown, verified = day(entry, "shutdown_on"), day(entry, "last_verified")
    was_seen_gone = shutdown is None or (verified is not None and shutdown <= verified)
    return True if status == "retired" and was_seen_gone else None


def _successor(replacements: Any) -> str | None:
    """What the vendor itself names, as a ref. What is not `recommended` is the feed's own idea, at times of a rival."""
    if replacements is None:
        return None
    if not isinstance(replacements, list):
        raise BadField("“replacements” is not a list")
    named = _recommended(one_object(one) for one in replacements)
    return next((f"{host_of(_needed(one, 'provider'), HOSTS)}/{_needed(one, 'model')}" for one in named), None)


def _recommended(replacements: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (one for one in replacements if one.get("recommended") is True)
