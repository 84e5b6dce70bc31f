"""The only outgoing GET: paid for, one deadline over everything, a limit on what is read, few redirects, all at home."""

import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from queue import Empty, SimpleQueue
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2
from django.utils import timezone

from registry import budget as budgets
from registry.budget import Budget
from registry.budget import headers as limits
from registry.upstream.base import Blocked, Document, UpstreamError

Result = TypeVar("Result")

DEADLINE = timedelta(seconds=20)
MAX_BYTES = 2 * 1024 * 1024
MAX_REDIRECTS = 3
USER_AGENT = "understudy/0.1 (register of AI models; metadata only)"
# Stops a silent server early; the deadline stops one that goes on talking.
_READ_TIMEOUT = httpx2.Timeout(10.0)
_PIECE = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_NOT_MODIFIED = 304
_UNAUTHORISED = (401, 403)
_TOO_MANY = 429


# Replaced where time is made up, so that budgets live in it too.
clock: Callable[[], datetime] = timezone.now


def get(
    url: str,
    *,
    budget: Budget,
    max_bytes: int = MAX_BYTES,
    deadline: timedelta = DEADLINE,
    etag: str = "",
    last_modified: str = "",
    headers: Mapping[str, str] | None = None,
) -> Document | None:
    """The document at `url`; None where it still is the one that `etag` and `last_modified` describe.

    Each request is paid for out of `budget`, a redirect as another one. Raises `Blocked` where nothing may be sent
    now, and `UpstreamError` for everything else: an answer that is late, too large, cut off, a web page, sent from
    another host, or no success.
    """
    wanted = {
        "User-Agent": USER_AGENT,
        "Accept": "application/json, text/plain;q=0.9",
        "Accept-Encoding": "gzip",
        **({"If-None-Match": etag} if etag else {}),
        **({"If-Modified-Since": last_modified} if last_modified else {}),
        **(headers or {}),
    }
    client = httpx2.Client(timeout=_READ_TIMEOUT, follow_redirects=False, headers=wanted, verify=_certificates())
    # To close the client is what ends the thread of a request that came too late.
    with closing(client):
        return _follow(_Asking(client, budget, max_bytes), url, ends_at=time.monotonic() + deadline.total_seconds())


def spend(budget: Budget) -> None:
    """Pay for one request, in the thread of the caller, just before it is sent. Raises `Blocked`."""
    now = clock()
    blockade = budgets.spend(budget, now=now)
    if blockade:
        raise Blocked(
            f"{budget.source} is not asked before {blockade.until:%H:%M:%S} UTC: {blockade.reason}.",
            retry_after=blockade.until - now,
        )


def note(budget: Budget, headers: Mapping[str, str], status: int) -> timedelta | None:
    """Keep what any answer says of limits, in the thread of the caller; returns the pause that upstream wants."""
    now = clock()
    until = budgets.note(budget, headers, status, now=now)
    return until - now if until else None


@cache
def _certificates() -> ssl.SSLContext:
    # To read them takes longer than most answers.
    return httpx2.create_ssl_context()


def within(deadline: timedelta, work: Callable[[], Result], *, host: str) -> Result:
    """What `work` returns, or `UpstreamError` once `deadline` has passed, however busy the other side keeps us.

    Time-outs of an HTTP client count per read, and the look-up of a name has none. A thread bounds all of it.
    """
    answers: SimpleQueue[tuple[Result | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            answers.put((None, error))

    threading.Thread(target=run, name=f"GET {host}", daemon=True).start()
    try:
        result, error = answers.get(timeout=deadline.total_seconds())
    except Empty:
        message = f"{host} gave no whole answer within {deadline.total_seconds():g} s."
        raise UpstreamError(message, retryable=True) from None
    if error is not None:
        raise explained(error, host) from error
    return result  # type: ignore[return-value]  # None is here what `work` returned


def explained(error: BaseException, host: str) -> BaseException:
    """`error` as an `UpstreamError` if it came from the network, else itself."""
    if isinstance(error, httpx2.TimeoutException):
        return UpstreamError(f"{host} went silent.", retryable=True)
    if isinstance(error, httpx2.RemoteProtocolError):
        return UpstreamError(f"{host} broke off its answer: {error}.", retryable=True)
    # Not every HTTPError: the Hub's client makes its typed answers of that class, and they say more than this.
    is_of_the_network = isinstance(error, OSError) and not isinstance(error, httpx2.HTTPError)
    if is_of_the_network or isinstance(error, httpx2.RequestError | httpx2.InvalidURL):
        return UpstreamError(f"{host} cannot be reached: {error}.", retryable=True)
    return error


def host_of(url: str) -> str:
    """Host and port: what the messages name and what a redirect must not leave."""
    return urlsplit(url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class _Asking:
    """What stays the same from redirect to redirect."""

    client: httpx2.Client
    budget: Budget
    max_bytes: int


@dataclass(slots=True)
class _Head:
    """Status and headers of an answer, kept as soon as they are there: its body may never come."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Redirect:
    location: str


def _follow(asking: _Asking, url: str, *, ends_at: float) -> Document | None:
    for _ in range(MAX_REDIRECTS + 1):
        answer = _ask(asking, url, deadline=timedelta(seconds=round(max(ends_at - time.monotonic(), 0), 1)))
        if not isinstance(answer, _Redirect):
            return answer
        url = _next(url, answer.location)
    raise UpstreamError(f"{host_of(url)} redirected more than {MAX_REDIRECTS} times.", retryable=True)


def _ask(asking: _Asking, url: str, *, deadline: timedelta) -> Document | _Redirect | None:
    """One request, paid for, and its answer noted even where its body is bad."""
    spend(asking.budget)
    head = _Head()
    try:
        answer = within(deadline, lambda: _answer(asking, url, head), host=host_of(url))
    except UpstreamError as error:
        # Who re-schedules must not come back before the pause is over that the budget knows of.
        error.retry_after = _noted(asking.budget, head) or error.retry_after
        raise
    _noted(asking.budget, head)
    return answer


def _noted(budget: Budget, head: _Head) -> timedelta | None:
    return note(budget, head.headers, head.status) if head.status else None


def _answer(asking: _Asking, url: str, head: _Head) -> Document | _Redirect | None:
    with asking.client.stream("GET", url) as response:
        head.status, head.headers = response.status_code, response.headers
        if response.has_redirect_location:
            return _Redirect(response.headers["location"])
        return _document(response, url, max_bytes=asking.max_bytes)


def _next(url: str, location: str) -> str:
    target = urljoin(url, location)
    if (urlsplit(target).scheme, host_of(target)) != (urlsplit(url).scheme, host_of(url)):
        raise UpstreamError(
            f"{host_of(url)} redirected to {host_of(target)}, which was not asked for.", retryable=False
        )
    return target


def _document(response: httpx2.Response, url: str, *, max_bytes: int) -> Document | None:
    if response.status_code == _NOT_MODIFIED:
        return None
    refuse_failure(response, host_of(url))
    if "html" in response.headers.get("content-type", ""):
        raise UpstreamError(f"{host_of(url)} answered with a web page.", retryable=True)
    raw = _read(response, host_of(url), max_bytes=max_bytes)
    return Document(
        raw,
        url,
        etag=response.headers.get("etag", "")[:300],
        last_modified=response.headers.get("last-modified", "")[:100],
    )


def refuse_failure(response: httpx2.Response, host: str) -> None:
    """Raise `UpstreamError` for anything but a success, saying whether it is worth another try and when."""
    status = response.status_code
    if response.is_success:
        return
    if status in _UNAUTHORISED:
        raise UpstreamError(f"{host} refused us ({status}): check the token.", retryable=False)
    is_passing = status == _TOO_MANY or status >= httpx2.codes.INTERNAL_SERVER_ERROR
    raise UpstreamError(f"{host} answered {status}.", retryable=is_passing, retry_after=wait_asked_for(response))


def wait_asked_for(response: httpx2.Response) -> timedelta | None:
    """How long the answer asks us to wait: `Retry-After`, else the `t=` of `RateLimit`."""
    said = limits.read(response.headers, now=clock().timestamp())
    seconds = said.resets_in if said.retry_after is None else said.retry_after
    return None if seconds is None else timedelta(seconds=seconds)


def _read(response: httpx2.Response, host: str, *, max_bytes: int) -> bytes:
    """The body, unpacked by ourselves: a small gzip can hold gigabytes, and a library unpacks before we can count."""
    encoding = response.headers.get("content-encoding", "identity").strip().casefold()
    if encoding not in {"identity", "gzip", ""}:
        raise UpstreamError(f"{host} packed its answer as {encoding}, which was not asked for.", retryable=False)
    pieces = _limited(response.iter_raw(_PIECE), host, max_bytes=max_bytes)
    if encoding == "gzip":
        pieces = _limited(_unpacked(pieces, host), host, max_bytes=max_bytes)
    return b"".join(pieces)


def _limited(pieces: Iterator[bytes], host: str, *, max_bytes: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > max_bytes:
            raise UpstreamError(f"{host} answered with more than {max_bytes:,} bytes.", retryable=False)
        yield piece


def _unpacked(pieces: Iterator[bytes], host: str) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        for piece in pieces:
            packed = piece
            while packed:
                yield unpacker.decompress(packed, _PIECE)
                packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise UpstreamError(f"{host} sent a damaged gzip: {error}.", retryable=True) from error
    yield unpacker.flush()
    if not unpacker.eof:
        raise UpstreamError(f"{host} broke off its answer.", retryable=True)
