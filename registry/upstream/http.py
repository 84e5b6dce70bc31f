"""The only outgoing GET: a deadline over all, a size limit, few redirects and those on the same host.

httpx2's own time-outs are per read, so a server that drips a byte a second would hold a worker for ever.
"""

import hashlib
import time
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2

from registry.upstream.base import Document, UpstreamError, Validators

DEADLINE = timedelta(seconds=20)
MAX_BYTES = 2 * 1024 * 1024
MAX_REDIRECTS = 3
USER_AGENT = "understudy/0.1 (model register; +https://github.com/understudy-platform)"
_NOT_MODIFIED = 304


def get(
    url: str, *, known: Validators = Validators(), max_bytes: int = MAX_BYTES, deadline: timedelta = DEADLINE
) -> Document | None:
    """The document at `url`, or None where it is the one that `known` describes; raises `UpstreamError`."""
    ends_at = time.monotonic() + deadline.total_seconds()
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    try:
        with httpx2.Client(timeout=deadline.total_seconds(), follow_redirects=False) as client:
            return _follow(client, url, headers, max_bytes=max_bytes, ends_at=ends_at)
    except httpx2.HTTPError as error:
        raise UpstreamError(f"{_host(url)} cannot be reached: {type(error).__name__}: {error}") from error


def _follow(
    client: httpx2.Client, url: str, headers: dict[str, str], *, max_bytes: int, ends_at: float
) -> Document | None:
    for _ in range(MAX_REDIRECTS + 1):
        with client.stream("GET", url, headers=headers) as response:
            if not response.has_redirect_location:
                return _read(response, max_bytes=max_bytes, ends_at=ends_at)
            target = str(response.next_request.url) if response.next_request else ""
        if _host(target) != _host(url):
            raise UpstreamError(f"{_host(url)} sends us to another host, {_host(target)}", is_retryable=False)
        url = target
    raise UpstreamError(f"{_host(url)} redirects more than {MAX_REDIRECTS} times")


def _read(response: httpx2.Response, *, max_bytes: int, ends_at: float) -> Document | None:
    if response.status_code == _NOT_MODIFIED:
        return None
    if not response.is_success:
        raise UpstreamError(f"{response.url.host} answered {response.status_code}", retry_after=_retry_after(response))
    chunks: list[bytes] = []
    size = 0
    # Decoded size, so that a small compressed answer cannot unfold into a huge one.
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > max_bytes:
            raise UpstreamError(f"{response.url.host} sends more than {max_bytes:,} bytes", is_retryable=False)
        if time.monotonic() > ends_at:
            raise UpstreamError(f"{response.url.host} is too slow: {size:,} bytes before the deadline")
        chunks.append(chunk)
    body = b"".join(chunks)
    return Document(
        body=body,
        url=str(response.url),
        sha256=hashlib.sha256(body).hexdigest(),
        validators=Validators(response.headers.get("etag", ""), response.headers.get("last-modified", "")),
    )


def _retry_after(response: httpx2.Response) -> timedelta | None:
    text = response.headers.get("retry-after", "")
    return timedelta(seconds=int(text)) if text.isdigit() else None


def _host(url: str) -> str:
    return urlsplit(url).netloc
