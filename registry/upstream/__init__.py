"""The upstreams that are polled, by the slug of their `Source` row.

A package of somebody else adds one by an entry point of the group `understudy.sources`: its name is the slug, what
it loads is called without arguments and gives a `Source` or a `Sweeper`.
"""

from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import entry_points
from typing import TypeAlias

from registry.upstream.base import Document, Known, Lack, Parsed, Source, Sweeper, Unanswered, UpstreamError
from registry.upstream.bedrock import Bedrock
from registry.upstream.deprecations_info import DeprecationsInfo
from registry.upstream.huggingface import HuggingFace
from registry.upstream.litellm import LiteLLM
from registry.upstream.model_deprecations import ModelDeprecations
from registry.upstream.model_list import ModelList
from registry.upstream.models_dev import ModelsDev
from registry.upstream.provider_lists import PROVIDERS

__all__ = [
    "SOURCES",
    "Adapter",
    "Document",
    "Known",
    "Lack",
    "Parsed",
    "Source",
    "Unanswered",
    "UpstreamError",
    "adapter_of",
    "installed",
]

Adapter: TypeAlias = Source | Sweeper

SOURCES: dict[str, Callable[[], Adapter]] = {
    "huggingface": HuggingFace,
    "litellm": LiteLLM,
    "deprecations_info": DeprecationsInfo,
    "model_deprecations": ModelDeprecations,
    "models_dev": ModelsDev,
    "bedrock": Bedrock,
    **{provider.slug: partial(ModelList, provider) for provider in PROVIDERS},
}


@cache
def adapter_of(slug: str) -> Adapter:
    """The source of that slug, ours before any other; raises `UpstreamError` if nothing installed provides it."""
    if slug in SOURCES:
        return SOURCES[slug]()
    points = {point.name: point for point in entry_points(group="understudy.sources")}
    if slug not in points:
        raise UpstreamError(
            f"No installed package provides the source “{slug}”; turn it off or install it.", retryable=False
        )
    loaded: Adapter = points[slug].load()()
    return loaded


def installed(slug: str) -> Adapter | None:
    """The source of that slug; None where its package is missing, which its own poll says and others need not suffer from."""
    try:
        return adapter_of(slug)
    except UpstreamError:
        return None
