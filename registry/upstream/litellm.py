"""LiteLLM's map of prices and context windows: one flat JSON object, model key → entry.

It states providers, dates, prices and capabilities, no licenses and no successors.
"""

import re
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings

from registry.records import ListingRecord, Parsed, Reject
from registry.upstream import documents, http
from registry.upstream.base import Document, UpstreamError, Validators

# 1.8 MB in November 2026, and it grows by half every year.
MAX_BYTES = 16 * 1024 * 1024
# Documentation of the fields, in the shape of an entry.
_SPECIMEN = "sample_spec"
_PER_MILLION = Decimal(1_000_000)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_HOSTS = {"bedrock_converse": "bedrock", "text-completion-openai": "openai", "cohere_chat": "cohere"}
_TASKS = {
    "chat": "text-generation",
    "completion": "text-generation",
    "responses": "text-generation",
    "embedding": "feature-extraction",
    "rerank": "text-ranking",
    "image_generation": "text-to-image",
    "audio_transcription": "automatic-speech-recognition",
    "audio_speech": "text-to-speech",
    "moderation": "text-classification",
    "moderations": "text-classification",
}


class LiteLLM:
    slug: ClassVar[str] = "litellm"
    name: ClassVar[str] = "LiteLLM price map"
    method: ClassVar[str] = "curated_feed"
    is_complete: ClassVar[bool] = True

    def fetch(self, known: Validators, watched: Collection[str]) -> Document | None:  # noqa: ARG002 - it is one document
        return http.get(settings.LITELLM_URL, known=known, max_bytes=MAX_BYTES)

    def parse(self, body: bytes) -> Parsed:
        entries = documents.load(body)
        if not isinstance(entries, dict):
            raise UpstreamError(f"The price map is a {type(entries).__name__}, not an object")
        records: list[ListingRecord] = []
        rejects: list[Reject] = []
        for key, entry in entries.items():
            if key == _SPECIMEN:
                continue
            try:
                records.append(_record(key, entry))
            except ValueError as error:
                rejects.append(Reject(documents.excerpt(key)[1:-1], str(error), documents.excerpt(entry)))
        return Parsed(tuple(records), tuple(rejects))

    def place(self, record: ListingRecord) -> tuple[str, str]:
        """`azure/gpt-5` at provider azure is `gpt-5` there; providers with several tables are one host."""
        host = _HOSTS.get(record.provider or "", record.provider or "")
        prefix = f"{host}/"
        return host, record.external_id.removeprefix(prefix)


def _record(key: str, entry: Any) -> ListingRecord:
    external_id = documents.checked_text(key, "the key")
    if external_id is None:
        raise ValueError("the key is empty")
    if not isinstance(entry, dict):
        raise ValueError(f"the entry is a {type(entry).__name__}, not an object")
    mode = documents.checked_text(entry.get("mode"), "mode")
    return ListingRecord(
        external_id=external_id,
        provider=documents.checked_text(entry.get("litellm_provider"), "litellm_provider"),
        task=_TASKS.get(mode, mode) if mode else None,
        retires_on=_day(entry.get("deprecation_date"), "deprecation_date"),
        input_price=_price(entry, "input_cost_per_token"),
        output_price=_price(entry, "output_cost_per_token"),
        context_length=_size(entry, "max_input_tokens"),
        embedding_dimension=_size(entry, "output_vector_size"),
        supports_tools=_flag(entry, "supports_function_calling"),
    )


def _day(value: Any, field: str) -> date | None:
    """Old releases write 2025-1-6, so ISO alone would not do."""
    text = documents.checked_text(value, field)
    if text is None:
        return None
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{field} is {text[:40]!r}, not a date like 2026-05-12")
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError as error:
        raise ValueError(f"{field} is {text!r}: {error}") from None


def _price(entry: dict[str, Any], field: str) -> Decimal | None:
    """USD per million tokens; the map states USD per token, as a number or as text."""
    number = documents.checked_number(entry.get(field), field)
    if number is None:
        return None
    # Through text, so that 2.5e-06 becomes 2.5 and not 2.4999999999999996.
    return (Decimal(repr(number)) * _PER_MILLION).quantize(Decimal("0.000001"))


def _size(entry: dict[str, Any], field: str) -> int | None:
    value = entry.get(field)
    # Some entries describe the field in words instead of giving a number.
    if isinstance(value, str) and not value.strip().isdigit():
        return None
    number = documents.checked_number(value, field)
    if number is None or number != int(number) or number == 0:
        return None
    if number > 2**31 - 1:
        raise ValueError(f"{field} is {int(number)}, more than any model takes")
    return int(number)


def _flag(entry: dict[str, Any], field: str) -> bool | None:
    value = entry.get(field)
    return value if isinstance(value, bool) else None
