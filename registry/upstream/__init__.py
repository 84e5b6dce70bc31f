"""The upstreams that are polled, by slug. Others come as entry points of the group `understudy.sources`."""

from functools import cache
from importlib.metadata import entry_points

from registry.upstream.base import Document, Source, UpstreamError, Validators
from registry.upstream.huggingface import HuggingFace
from registry.upstream.litellm import LiteLLM

__all__ = ["SOURCES", "Document", "Source", "UpstreamError", "Validators", "installed"]

SOURCES: dict[str, type[Source]] = {"huggingface": HuggingFace, "litellm": LiteLLM}


@cache
def installed() -> dict[str, type[Source]]:
    """Ours and those of installed packages; a name of ours cannot be taken."""
    found = {point.name: point.load() for point in entry_points(group="understudy.sources")}
    return found | SOURCES
