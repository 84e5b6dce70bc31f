"""List a namespace of the Hub, page by page, keeping only what is watched and a line about each release."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from huggingface_hub import ModelInfo
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import ExpandModelProperty_T

from registry.upstream import hub_client
from registry.upstream.base import Part, UpstreamError
from registry.upstream.hub_client import Meter, TooManyPages
from registry.upstream.hub_model import UNREADABLE, problem_of
from registry.upstream.hub_state import State

EXPAND: list[ExpandModelProperty_T] = [
    "sha",
    "gated",
    "disabled",
    "private",
    "lastModified",
    "createdAt",
    "tags",
]
# Another packing of weights that are out already is no release of its own.
_PACKINGS = ("base_model:quantized:", "base_model:adapter:")
_LICENSE = "license:"
Release: TypeAlias = tuple[datetime, tuple[str, ...], bool]


@dataclass(slots=True)
class Listed:
    """A listing: of what is watched the state by name and by `_id`, of the rest no more than its releases."""

    watched: frozenset[str]
    keys: frozenset[str]
    by_name: dict[str, State] = field(default_factory=dict)
    by_key: dict[str, State] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    page_count: int = 0
    _seen: set[str] = field(default_factory=set)

    @property
    def row_count(self) -> int:
        return len(self._seen)

    def add(self, info: ModelInfo) -> None:
        """Take a row, once: a listing that moves while it is read shows some twice."""
        state = State.of(info)
        identity, name = state.key or state.id, state.id.casefold()
        if identity in self._seen:
            return
        self._seen.add(identity)
        self.releases += _release_of(info)
        if name in self.watched:
            self.by_name[name] = state
        if identity in self.keys:
            self.by_key[identity] = state


@dataclass(frozen=True, slots=True)
class NotListed:
    """Why a listing was given up. `page_count`: how many pages it has at least, 0 where that is not known."""

    reason: str
    page_count: int = 0


def list_all(part: Part, meter: Meter) -> Listed | NotListed:
    """The namespace, in no more pages than ids are watched. Raises `UpstreamError` for no answer or half of one."""
    keys = {kept.before.upstream_id or "" for kept in part.watched if kept.before is not None}
    found = Listed(frozenset(kept.external_id.casefold() for kept in part.watched), frozenset(keys))
    meter.most_pages = len(part.watched)
    try:
        for info in _rows(spelt(part)):
            found.add(info)
    except TooManyPages:
        return NotListed(f"its listing has more than {_pages(meter.pages)}", meter.pages + 1)
    except UNREADABLE as error:
        # Of a poisoned row the good neighbours can still be asked for.
        return NotListed(f"its listing holds a row that cannot be read ({type(error).__name__})")
    found.page_count = meter.pages
    return found


def spelt(part: Part) -> str:
    """The namespace as most of its watched ids write it."""
    return Counter(kept.external_id.partition("/")[0] for kept in part.watched).most_common(1)[0][0]


def _rows(author: str) -> Iterator[ModelInfo]:
    try:
        # A limit would be one of rows in all. Without one the Hub cuts pages of a thousand. Other orders move while
        # they are read.
        yield from hub_client.api().list_models(author=author, expand=EXPAND, sort="created_at")
    except HfHubHTTPError as error:
        problem = problem_of(error)
        raise UpstreamError(f"The Hub does not list {author}: {problem.detail}.", retryable=True) from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError(f"The Hub's list of {author} is no JSON or was cut off.", retryable=True) from error


def _release_of(info: ModelInfo) -> list[Release]:
    """Every repository of a namespace counts as weights, but for another packing of some that are out already."""
    tags = info.tags or []
    if info.created_at is None or any(tag.startswith(_PACKINGS) for tag in tags):
        return []
    licenses = tuple(tag.removeprefix(_LICENSE) for tag in tags if tag.startswith(_LICENSE))
    return [(info.created_at, licenses, bool(info.gated))]


def _pages(number: int) -> str:
    return "1 page" if number == 1 else f"{number} pages"
