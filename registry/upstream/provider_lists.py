"""The vendors' own lists of their models: for each, where it is, who may read it, and which of its fields says what.

`registry.upstream.model_list` makes a source of each. What a list does not state is not made up: most have no prices,
none has licenses, and Gemini's and Groq's say of the end of a model no more than that it is not listed any longer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

from registry.upstream.moments import day_of
from registry.upstream.pages import Following, by_link, by_token, only_page
from registry.upstream.provider_fields import (
    Read,
    as_it_is,
    at,
    azure_end,
    azure_id,
    azure_successor,
    azure_word,
    embeds,
    first,
    gemini_id,
    length,
    lower,
    meaning,
    mistral_is_deprecated,
    offers,
    openrouter_price,
    ref_at,
    vllm_weights,
)
from registry.upstream.reading import flag, text, texts

Headers: TypeAlias = Mapping[str, str]
# The headers that carry a key to an address.
Credentials: TypeAlias = Callable[[str, str], Headers]


def bearer(_url: str, key: str) -> Headers:
    return {"Authorization": f"Bearer {key}"}


def header(name: str) -> Credentials:
    return lambda _url, key: {name: key}


def azure_credentials(url: str, key: str) -> Headers:
    """The management plane takes a token of Entra ID, a resource its own key."""
    return bearer(url, key) if urlsplit(url).netloc.startswith("management.") else {"api-key": key}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderList:
    """One list. `identity` reads the id of a row at `host`; `facts` has a reader for each fact that is stated.

    `url` is "" where each customer has an address of its own. `rows` are the names under which a page may have its
    rows. `is_regional`: a model may be there several times, for each region, server or kind of account.
    """

    slug: str
    host: str
    url: str
    identity: Read
    facts: Mapping[str, Read]
    aliases: Read = lambda _entry: None
    rows: Sequence[str] = ("data",)
    following: Following = only_page
    headers: Headers = field(default_factory=dict)
    credentials: Credentials = bearer
    needs_key: bool = True
    is_regional: bool = False
    # Where a person can read about it, "{id}" standing for the model's id; "" for the list itself.
    page: str = ""


OPENAI = ProviderList(
    slug="openai",
    host="openai",
    url="https://api.openai.com/v1/models",
    identity=at(as_it_is, "id"),
    facts={"retires_on": at(day_of, "shutdown_date")},
    page="https://platform.openai.com/docs/deprecations",
)

# “A past date on a deprecated model means overdue”: `lifecycle` alone says that one is retired.
ANTHROPIC = ProviderList(
    slug="anthropic",
    host="anthropic",
    url="https://api.anthropic.com/v1/models?limit=1000",
    headers={"anthropic-version": "2023-06-01"},
    credentials=header("x-api-key"),
    following=by_token("after_id", "last_id", while_true="has_more"),
    identity=at(as_it_is, "id"),
    facts={
        "is_deprecated": meaning({"active": False, "deprecated": True, "retired": True}, "lifecycle"),
        "is_retired": meaning({"active": False, "deprecated": False, "retired": True}, "lifecycle"),
        "deprecated_on": at(day_of, "deprecated_at"),
        "retires_on": at(day_of, "retires_at"),
        "context_length": at(length, "max_input_tokens"),
        "max_output": at(length, "max_tokens"),
    },
    page="https://platform.claude.com/docs/en/about-claude/model-deprecations",
)

MISTRAL = ProviderList(
    slug="mistral",
    host="mistral",
    url="https://api.mistral.ai/v1/models",
    identity=at(as_it_is, "id"),
    aliases=at(texts, "aliases"),
    facts={
        "is_deprecated": mistral_is_deprecated,
        "retires_on": at(day_of, "deprecation"),
        "successor": ref_at("mistral", at(text, "deprecation_replacement_model")),
        "is_disabled": at(flag, "archived"),
        "context_length": at(length, "max_context_length"),
        "supports_tools": at(flag, "capabilities", "function_calling"),
    },
)

COHERE = ProviderList(
    slug="cohere",
    host="cohere",
    url="https://api.cohere.com/v1/models?page_size=1000",
    rows=("models",),
    following=by_token("page_token", "next_page_token"),
    identity=at(as_it_is, "name"),
    facts={
        "is_deprecated": at(flag, "is_deprecated"),
        "context_length": at(length, "context_length"),
        "task": embeds("endpoints", "embed"),
    },
)

GEMINI = ProviderList(
    slug="gemini",
    host="gemini",
    url="https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000",
    credentials=header("x-goog-api-key"),
    rows=("models",),
    following=by_token("pageToken", "nextPageToken"),
    identity=gemini_id,
    facts={
        "context_length": at(length, "inputTokenLimit"),
        "max_output": at(length, "outputTokenLimit"),
        "task": embeds("supportedGenerationMethods", "embedContent"),
    },
)

GROQ = ProviderList(
    slug="groq",
    host="groq",
    url="https://api.groq.com/openai/v1/models",
    identity=at(as_it_is, "id"),
    facts={"context_length": at(length, "context_window"), "max_output": at(length, "max_completion_tokens")},
)

OPENROUTER = ProviderList(
    slug="openrouter",
    host="openrouter",
    url="https://openrouter.ai/api/v1/models",
    needs_key=False,
    identity=at(as_it_is, "id"),
    facts={
        "weights_id": at(text, "hugging_face_id"),
        "retires_on": at(day_of, "expiration_date"),
        "input_price": at(openrouter_price, "pricing", "prompt"),
        "output_price": at(openrouter_price, "pricing", "completion"),
        "context_length": at(length, "context_length"),
        "max_output": at(length, "top_provider", "max_completion_tokens"),
        "supports_tools": offers("supported_parameters", "tools"),
        "input_modalities": at(texts, "architecture", "input_modalities"),
        "output_modalities": at(texts, "architecture", "output_modalities"),
    },
    page="https://openrouter.ai/{id}",
)

_AZURE_IS_DEPRECATED = {"stable": False, "preview": False, "generallyavailable": False} | dict.fromkeys(
    ("deprecating", "legacy", "deprecated"), True
)
# The management plane's word “Deprecated” means that inference answers 410.
_AZURE_IS_RETIRED = {word: word == "deprecated" for word in _AZURE_IS_DEPRECATED}
# `lifecycleStatus` and ISO dates in the management plane, `lifecycle_status` and unix seconds in a resource, which has
# no word for a model that is shut down: what it does not call retired may be all the same.
AZURE = ProviderList(
    slug="azure",
    host="azure",
    url="",
    credentials=azure_credentials,
    rows=("value", "data"),
    following=by_link("nextLink"),
    is_regional=True,
    identity=azure_id,
    facts={
        "is_deprecated": first(
            azure_word(_AZURE_IS_DEPRECATED, "lifecycleStatus"), azure_word(_AZURE_IS_DEPRECATED, "lifecycle_status")
        ),
        "is_retired": first(
            azure_word(_AZURE_IS_RETIRED, "lifecycleStatus"), azure_word({"deprecated": True}, "lifecycle_status")
        ),
        "retires_on": azure_end(is_estimate=False),
        "earliest_retires_on": azure_end(is_estimate=True),
        "successor": ref_at("azure", azure_successor),
    },
)

# The answer of `ListFoundationModels`, which `registry.upstream.bedrock` asks for. It leaves out what has ended.
BEDROCK = ProviderList(
    slug="bedrock",
    host="bedrock",
    url="",
    rows=("modelSummaries",),
    is_regional=True,
    identity=at(as_it_is, "modelId"),
    facts={
        "is_deprecated": meaning({"active": False, "legacy": True}, "modelLifecycle", "status"),
        "deprecated_on": at(day_of, "modelLifecycle", "legacyTime"),
        "retires_on": at(day_of, "modelLifecycle", "endOfLifeTime"),
        "task": embeds("outputModalities", "embedding"),
        "input_modalities": at(lower, "inputModalities"),
        "output_modalities": at(lower, "outputModalities"),
    },
)

OPENAI_COMPATIBLE = ProviderList(
    slug="openai_compatible",
    # As OPENAI_COMPATIBLE_HOST says.
    host="",
    url="",
    needs_key=False,
    # Several servers may serve a model under one name.
    is_regional=True,
    identity=at(as_it_is, "id"),
    facts={"weights_id": vllm_weights, "context_length": at(length, "max_model_len")},
)

PROVIDERS = (OPENAI, ANTHROPIC, MISTRAL, COHERE, GEMINI, GROQ, OPENROUTER, AZURE, OPENAI_COMPATIBLE)
