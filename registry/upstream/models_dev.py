"""models.dev: what each provider serves, kept by hand by the OpenCode project: prices, lengths, modalities, a status.

It says that a model is deprecated, never when it ends, and nothing of licenses and successors.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings

from registry.budget import Budget
from registry.records import ListingRecord, Reject
from registry.upstream import http
from registry.upstream.base import Document, Known, Parsed, UpstreamError
from registry.upstream.hosts import host_of, providers_of
from registry.upstream.reading import (
    BadField,
    Repeated,
    external_id,
    flag,
    one_object,
    read_json,
    rejected,
    sorted_out,
    text,
    texts,
    usd_per_million,
    whole,
)

# The document itself has 2.5 MB by now and grows by more than half a year by year.
MAX_BYTES = 16 * 1024 * 1024
# The providers that the register, which names places as LiteLLM does, knows by another name.
HOSTS = {
    "alibaba": "dashscope",
    "amazon-bedrock": "bedrock",
    "cloudflare-workers-ai": "cloudflare",
    "fireworks-ai": "fireworks_ai",
    "friendli": "friendliai",
    "github-copilot": "github_copilot",
    "gmicloud": "gmi",
    "google": "gemini",
    "google-vertex": "vertex_ai",
    "google-vertex-anthropic": "vertex_ai",
    # The Hub's paid inference, which is not the Hub: its rows say nothing of the weights of the same name.
    "huggingface": "huggingface-inference",
    "llama": "meta_llama",
    "moonshotai": "moonshot",
    "novita-ai": "novita",
    "nvidia": "nvidia_nim",
    "snowflake-cortex": "snowflake",
    "togetherai": "together_ai",
    "vercel": "vercel_ai_gateway",
}


class ModelsDev:
    slug = "models_dev"
    is_complete = True
    absence_means_gone = False
    watched_host = ""

    def fetch(self, known: Known) -> Document | None:
        return http.get(
            settings.MODELS_DEV_URL,
            budget=Budget(self.slug),
            max_bytes=MAX_BYTES,
            etag=known.etag,
            last_modified=known.last_modified,
        )

    def parse(self, raw: bytes) -> Parsed:
        document = read_json(raw)
        if not isinstance(document, dict):
            raise UpstreamError("The document is no list of providers: it is not a JSON object.", retryable=True)
        twice = document.twice if isinstance(document, Repeated) else frozenset[str]()
        return sorted_out(
            one for name, block in document.items() for one in _read_provider(name, block, is_twice=name in twice)
        )

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        return [f"{provider}/{host_id}" for provider in providers_of(host, HOSTS)]

    def page_of(self, external_id: str) -> str:  # noqa: ARG002 - the site has one page for all
        return ""


def _read_provider(name: str, block: Any, *, is_twice: bool) -> Iterator[ListingRecord | Reject]:
    if is_twice:
        yield rejected(name, block, "the provider is in the document twice")
        return
    try:
        models = _part(one_object(block), "models")
    except BadField as error:
        yield rejected(name, block, error)
        return
    twice = models.twice if isinstance(models, Repeated) else frozenset[str]()
    for key, entry in models.items():
        yield _read(name, key, entry, is_twice=key in twice)


def _read(provider: str, key: str, entry: Any, *, is_twice: bool) -> ListingRecord | Reject:
    name = f"{provider}/{key}"
    if is_twice:
        return rejected(name, entry, "the id is in the document twice")
    try:
        return _record(provider, external_id(key), one_object(entry))
    except BadField as error:
        return rejected(name, entry, error)


def _record(provider: str, key: str, entry: Mapping[str, Any]) -> ListingRecord:
    cost, limit, modalities = (one_object(_part(entry, name)) for name in ("cost", "limit", "modalities"))
    return ListingRecord(
        external_id=external_id(f"{provider}/{key}"),
        host=host_of(provider, HOSTS),
        host_id=key,
        # No status is no statement: most rows have none, whatever has become of their models.
        is_deprecated=True if text(entry, "status") == "deprecated" else None,
        input_price=usd_per_million(cost, "input"),
        output_price=usd_per_million(cost, "output"),
        # Models that make pictures or sound have lengths of 0, which means that there is none.
        context_length=whole(limit, "context") or None,
        max_output=whole(limit, "output") or None,
        supports_tools=flag(entry, "tool_call"),
        input_modalities=texts(modalities, "input"),
        output_modalities=texts(modalities, "output"),
    )


def _part(entry: Mapping[str, Any], name: str) -> Any:
    """The object under `name`; an empty one if it is absent."""
    value = entry.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadField(f"“{name}” is not an object")
    return value or {}
