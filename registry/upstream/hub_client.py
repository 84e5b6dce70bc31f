"""The Hub's own client within our limits: where it may go, how much it may read, how long, and how often it may ask.

The client retries and sleeps, for minutes where the Hub says so. A worker must not, so every answer that it would
sleep over is raised here before it sees it.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from huggingface_hub import HfApi, set_client_factory

from registry.upstream import http, hub_budget
from registry.upstream.base import UpstreamError

# A request with all its redirects. One that hangs must not cost the others their time.
DEADLINE = timedelta(seconds=20)
MODELS = "/api/models"
MAX_MODEL = http.MAX_BYTES
# A page of a thousand rows, of which a few have hundreds of tags.
MAX_PAGE = 16 * 1024 * 1024
MAX_TEXT = 256 * 1024
_NAME = r"[^/]+(?:/[^/]+)?"
_MODEL = re.compile(rf"{MODELS}/{_NAME}(?:/(?:revision|paths-info)/[^/]+)?")
# Of the files only license texts, and where the Hub keeps them; whatever else is asked for may be weights.
_TEXT = re.compile(
    rf"(?:/{_NAME}/resolve|/api/resolve-cache/models/{_NAME})/[^/]+/(?P<file>[^/]+)",
)
LICENSE_TEXT = re.compile(r"(?:licen[cs]e|copying|notice|use_policy)[\w.-]*", re.IGNORECASE)
_TEXT_SUFFIXES = frozenset({"", "md", "txt", "rst"})
_READ_TIMEOUT = httpx2.Timeout(10.0)


class TooManyPages(Exception):
    """The next page of a listing was not asked for, because the caller wanted no more."""


@dataclass(slots=True)
class Meter:
    """What has been sent; and of how many pages of a list the caller wants to see the next one."""

    requests: int = 0
    pages: int = 0
    most_pages: int | None = None

    def count(self, place: str) -> None:
        if place == MODELS:
            self.pages += 1
        self.requests += 1

    def refuse_another_page(self, place: str) -> None:
        """Raises `TooManyPages` before a page is asked for that nobody wants."""
        if place == MODELS and self.most_pages is not None and self.pages >= self.most_pages:
            raise TooManyPages


_METER: ContextVar[Meter] = ContextVar("hub_meter", default=Meter())  # noqa: B039 - what nobody meters is added up here


@contextmanager
def metered() -> Iterator[Meter]:
    """Count what is sent inside."""
    meter = Meter()
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


def api() -> HfApi:
    """The Hub's client at our endpoint. What it is asked raises `Blocked`, `UpstreamError` or `HfHubHTTPError`."""
    _give_our_client()
    return HfApi(
        endpoint=settings.HF_ENDPOINT,
        token=settings.HF_TOKEN or False,
        library_name="understudy",
        library_version="0.1",
        user_agent=http.USER_AGENT,
    )


@cache
def _give_our_client() -> None:
    set_client_factory(_Client)


class _Client(httpx2.Client):
    """Asks in the thread of the caller, who holds the budget, and reads in one that a deadline ends."""

    def __init__(self) -> None:
        super().__init__(
            # Not packed, so that what is counted is what is read into memory.
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [_limit]},
        )

    def send(self, request: httpx2.Request, **_: Any) -> httpx2.Response:
        ends_at = time.monotonic() + DEADLINE.total_seconds()
        for _hop in range(http.MAX_REDIRECTS + 1):
            response = self._ask(request, timedelta(seconds=round(max(ends_at - time.monotonic(), 0), 1)))
            if response.next_request is None:
                return response
            request = response.next_request
        raise UpstreamError(f"The Hub redirected more than {http.MAX_REDIRECTS} times.", retryable=True)

    def _ask(self, request: httpx2.Request, deadline: timedelta) -> httpx2.Response:
        place = _refuse_other_places(request)
        meter, budget = _METER.get(), hub_budget.budget_of(place)
        meter.refuse_another_page(place)
        hub_budget.take(budget)
        meter.count(place)
        # The Hub's client passes “no time-out” with each request.
        request.extensions = {**request.extensions, "timeout": _READ_TIMEOUT.as_dict()}
        send = partial(super().send, request, follow_redirects=False)
        response = http.within(deadline, send, host=http.host_of(settings.HF_ENDPOINT))
        hub_budget.heed(budget, response)
        _refuse_failure(response)
        _lead_home(response)
        return response


def _refuse_other_places(request: httpx2.Request) -> str:
    """The path below our endpoint. A rename redirects within the Hub; any other place is not what was asked for."""
    home = urlsplit(settings.HF_ENDPOINT)
    if request.url.netloc.decode() != http.host_of(settings.HF_ENDPOINT):
        raise UpstreamError(f"The Hub redirected to {request.url.host}.", retryable=False)
    place = request.url.path.removeprefix(home.path.rstrip("/"))
    if place != MODELS and not _MODEL.fullmatch(place) and not _is_text(place):
        raise UpstreamError(f"The Hub redirected to {request.url.path}, which is no metadata.", retryable=False)
    return place


def _is_text(place: str) -> bool:
    match = _TEXT.fullmatch(place)
    return match is not None and is_license_text(match["file"])


def is_license_text(file: str) -> bool:
    """Whether a file of that name may be read: a license as text, never a PDF and never weights."""
    _, _, suffix = file.partition(".")
    return LICENSE_TEXT.fullmatch(file) is not None and suffix.casefold() in _TEXT_SUFFIXES


def _refuse_failure(response: httpx2.Response) -> None:
    """Raise for what the Hub's client would sleep over and try again, but for a 429, which the budget heeds."""
    status = response.status_code
    if status == httpx2.codes.REQUEST_TIMEOUT or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
        raise UpstreamError(f"The Hub answered {status}.", retryable=True)


def _lead_home(response: httpx2.Response) -> None:
    """Let the link to the next page lead to our endpoint. A mirror passes on the one that leads to the public Hub."""
    linked = response.links.get("next", {}).get("url", "")
    if linked and http.host_of(linked) != http.host_of(settings.HF_ENDPOINT):
        target = urlsplit(linked)
        response.headers["link"] = f'<{settings.HF_ENDPOINT}{target.path}?{target.query}>; rel="next"'


def _limit(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity").casefold() != "identity":
        raise UpstreamError("The Hub packed its answer, which was not asked for.", retryable=False)
    path = response.request.url.path
    longest = MAX_PAGE if path.endswith(MODELS) else MAX_MODEL
    response.stream = _Limited(response.stream, MAX_TEXT if "/resolve" in path else longest)


class _Limited(httpx2.SyncByteStream):
    """A body that ends with an error once it is longer, or comes slower, than any that was asked for."""

    def __init__(self, stream: Any, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self._ends_at = time.monotonic() + DEADLINE.total_seconds()

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > self._most_bytes:
                raise UpstreamError(f"The Hub answered with more than {self._most_bytes:,} bytes.", retryable=False)
            if time.monotonic() > self._ends_at:
                raise UpstreamError("The Hub answered too slowly.", retryable=True)
            yield piece

    def close(self) -> None:
        self._stream.close()
