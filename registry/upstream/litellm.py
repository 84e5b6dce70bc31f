"""LiteLLM's price map: one JSON object with an entry per model and provider, kept by hand by the LiteLLM project.

It knows prices, lengths, capabilities and shutdown dates (`deprecation_date`), no licenses and no successors.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings

from registry.budget import Budget
from registry.records import ListingRecord, Reject
from registry.upstream import http
from registry.upstream.base import Document, Known, Parsed, UpstreamError
from registry.upstream.reading import (
    BadField,
    Repeated,
    day,
    external_id,
    flag,
    one_object,
    price_per_million,
    read_json,
    rejected,
    text,
    texts,
    whole,
)

# The document itself has 1.8 MB by now and grows by half a year by year.
MAX_BYTES = 16 * 1024 * 1024
# Entries that describe the file or LiteLLM's own routing instead of a model.
NOT_MODELS = frozenset({"sample_spec", "fallback_generalizations"})
# LiteLLM names one place differently by kind of model; the longest prefix comes first.
HOSTS = (
    ("vertex_ai", "vertex_ai"),
    ("bedrock", "bedrock"),
    ("text-completion-openai", "openai"),
    ("text-completion-codestral", "codestral"),
    ("cohere", "cohere"),
    ("azure_text", "azure"),
    ("fireworks_ai", "fireworks_ai"),
)
# As the Hub names tasks, which is how the register names them.
TASKS = {
    "chat": "text-generation",
    "completion": "text-generation",
    "responses": "text-generation",
    "embedding": "feature-extraction",
    "rerank": "text-ranking",
    "audio_transcription": "automatic-speech-recognition",
    "audio_speech": "text-to-speech",
    "image_generation": "text-to-image",
    "image_edit": "image-to-image",
    "video_generation": "text-to-video",
    "moderation": "text-classification",
}


class LiteLLM:
    slug = "litellm"
    is_complete = True
    absence_means_gone = False
    watched_host = ""

    def fetch(self, known: Known) -> Document | None:
        return http.get(
            settings.LITELLM_URL,
            budget=Budget(self.slug),
            max_bytes=MAX_BYTES,
            etag=known.etag,
            last_modified=known.last_modified,
        )

    def parse(self, raw: bytes) -> Parsed:
        document = read_json(raw)
        if not isinstance(document, dict):
            raise UpstreamError("The document is no price map: it is not a JSON object.", retryable=True)
        twice = document.twice if isinstance(document, Repeated) else frozenset[str]()
        read = [_read(key, entry, is_twice=key in twice) for key, entry in document.items() if key not in NOT_MODELS]
        return Parsed(
            records=[one for one in read if isinstance(one, ListingRecord)],
            rejects=[one for one in read if isinstance(one, Reject)],
        )

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        return (host_id, f"{host}/{host_id}")

    def page_of(self, external_id: str) -> str:  # noqa: ARG002 - the document has no page for one entry
        return ""


def _read(key: str, entry: Any, *, is_twice: bool) -> ListingRecord | Reject:
    if is_twice:
        return rejected(key, entry, "the id is in the document twice")
    try:
        return _record(external_id(key), one_object(entry))
    except BadField as error:
        return rejected(key, entry, error)


def _record(key: str, entry: Mapping[str, Any]) -> ListingRecord:
    provider = text(entry, "litellm_provider")
    if provider is None:
        raise BadField("“litellm_provider” is missing")
    host, mode = _host(provider), text(entry, "mode")
    return ListingRecord(
        external_id=key,
        host=host,
        host_id=key.removeprefix(f"{provider}/").removeprefix(f"{host}/"),
        retires_on=day(entry, "deprecation_date"),
        input_price=price_per_million(entry, "input_cost_per_token"),
        output_price=price_per_million(entry, "output_cost_per_token"),
        mode=mode,
        task=TASKS.get(mode or ""),
        # Not `max_tokens`: it means the output of one entry and the input of another.
        context_length=whole(entry, "max_input_tokens"),
        max_output=whole(entry, "max_output_tokens"),
        embedding_dimension=whole(entry, "output_vector_size"),
        supports_tools=flag(entry, "supports_function_calling"),
        input_modalities=texts(entry, "supported_modalities"),
        output_modalities=texts(entry, "supported_output_modalities"),
    )


@lru_cache(maxsize=1024)
def _host(provider: str) -> str:
    return next((host for prefix, host in HOSTS if provider.startswith(prefix)), provider)
