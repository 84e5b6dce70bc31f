"""The only outgoing GET: one deadline over everything, a limit on what is read, few redirects and those at home."""

import re
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from queue import Empty, SimpleQueue
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2

from registry.upstream.base import Document, UpstreamError

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


def get(
    url: str,
    *,
    max_bytes: int = MAX_BYTES,
    deadline: timedelta = DEADLINE,
    etag: str = "",
    last_modified: str = "",
    headers: Mapping[str, str] | None = None,
) -> Document | None:
    """The document at `url`; None where it still is the one that `etag` and `last_modified` describe.

    Raises `UpstreamError` for everything else: an answer that is late, too large, cut off, a web page, sent from
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
    return within(deadline, lambda: _follow(client, url, max_bytes=max_bytes), host=host_of(url), cancel=client.close)


@cache
def _certificates() -> ssl.SSLContext:
    # To read them takes longer than most answers.
    return httpx2.create_ssl_context()


def within(
    deadline: timedelta, work: Callable[[], Result], *, host: str, cancel: Callable[[], None] | None = None
) -> Result:
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
    finally:
        if cancel:
            cancel()
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


def _follow(client: httpx2.Client, url: str, *, max_bytes: int) -> Document | None:
    for _ in range(MAX_REDIRECTS + 1):
        with client.stream("GET", url) as response:
            if not response.has_redirect_location:
                return _document(response, url, max_bytes=max_bytes)
            url = _next(url, response.headers["location"])
    raise UpstreamError(f"{host_of(url)} redirected more than {MAX_REDIRECTS} times.", retryable=True)


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
    """How long the answer asks us to wait: `Retry-After` in seconds, else the `t=` of `RateLimit`."""
    if match := re.fullmatch(r"\s*(\d{1,6})\s*", response.headers.get("retry-after", "")):
        return timedelta(seconds=int(match[1]))
    if match := re.search(r"\bt=(\d{1,6})\b", response.headers.get("ratelimit", "")):
        return timedelta(seconds=int(match[1]))
    return None


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
