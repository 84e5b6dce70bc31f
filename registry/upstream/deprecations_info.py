"""deprecations.info: shutdown dates and replacements, scraped every day from the pages of nine vendors.

Its schema changed twice, its dates flip, and what it calls a model id may be a heading of the vendor's page. So its
method is `inferred`, an id is only what is written like one, and a row by itself is no statement that a model runs out:
the dates in it are.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

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
HOSTS = {
    "AWS Bedrock": "bedrock",
    "Anthropic": "anthropic",
    "Azure": "azure",
    "Cohere": "cohere",
    "Google": "gemini",
    "Google Vertex": "vertex_ai",
    "Groq": "groq",
    "OpenAI": "openai",
    "xAI": "xai",
}
# The feed put these behind an id in early 2026, where OpenAI's heading did; the plural stands for several models.
_SNAPSHOT = (" model snapshot", " snapshot")
_ID = re.compile(r"[A-Za-z0-9][\w.:/@+-]*", re.ASCII)


class DeprecationsInfo:
    slug = "deprecations_info"
    is_complete = True
    absence_means_gone = False
    watched_host = ""

    def fetch(self, known: Known) -> Document | None:
        return http.get(
            settings.DEPRECATIONS_INFO_URL,
            budget=Budget(self.slug),
            max_bytes=MAX_BYTES,
            etag=known.etag,
            last_modified=known.last_modified,
        )

    def parse(self, raw: bytes) -> Parsed:
        """All three schemas: a list of rows, the same with more fields, and a JSON Feed with the rows in its items."""
        document = read_json(raw)
        rows = document.get("items") if isinstance(document, dict) else document
        if not isinstance(rows, list):
            raise UpstreamError("The document is neither a list of deprecations nor a JSON Feed.", retryable=True)
        return sorted_out(_read(row) for row in rows)

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        called = [f"{provider}/{host_id}" for provider in providers_of(host, HOSTS)]
        return [*called, *(f"{name}{suffix}" for name in called for suffix in _SNAPSHOT)]

    def page_of(self, external_id: str) -> str:  # noqa: ARG002 - the feed has no page for one row
        return ""


def _read(row: Any) -> ListingRecord | Reject:
    name = ""
    try:
        entry = _entry(one_object(row))
        provider, model = _needed(entry, "provider"), _needed(entry, "model_id")
        name = external_id(f"{provider}/{model}")
        return _record(name, provider, model, entry)
    except BadField as error:
        return rejected(name, row, error)


def _entry(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return one_object(row["_deprecation"]) if "_deprecation" in row else row


def _needed(entry: Mapping[str, Any], name: str) -> str:
    """The text on one line: headings are scraped with the breaks of the page."""
    value = text(entry, name)
    if value is None:
        raise BadField(f"“{name}” is missing")
    return " ".join(value.split())


def _record(name: str, provider: str, model: str, entry: Mapping[str, Any]) -> ListingRecord:
    host, host_id = host_of(provider, HOSTS), _id_in(model)
    # Where a page has no day of deprecation, the newest schema repeats the shutdown or the day of the scrape, so the
    # earlier of the two days is the one by which it was known.
    known_on = filter(None, (day(entry, "announcement_date"), day(entry, "deprecation_date")))
    return ListingRecord(
        external_id=name,
        host=host,
        host_id=host_id,
        deprecated_on=min(known_on, default=None),
        retires_on=day(entry, "shutdown_date"),
        successor=_successor(host, host_id, texts(entry, "replacement_models") or ()),
    )


def _id_in(model: str) -> str | None:
    """The id at the vendor; None for prose, such as “DALL·E model snapshots”, which nobody may guess from."""
    suffix = next((suffix for suffix in _SNAPSHOT if model.endswith(suffix)), "")
    candidate = model.removesuffix(suffix)
    return candidate if _ID.fullmatch(candidate) else None


def _successor(host: str, host_id: str | None, named: Sequence[str]) -> str | None:
    """The first replacement that is an id, as a ref; a row that names itself names none."""
    ids = (name for name in named if _ID.fullmatch(name) and name != host_id)
    return next((f"{host}/{name}" for name in ids), None)
