"""One POST over HTTP, within a deadline. Follows no redirect: the token is meant for one host."""

import http.client
import queue
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.error import URLError
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from understudy.errors import CouldNotCheckError

# A server repeats the places of a model, of which 2 MiB are sent at most, with each of its findings.
MAX_ANSWER_BYTES = 32 * 1024 * 1024
# Who does not pick up the telephone within that time will not answer either; another attempt may.
CONNECT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whatever its status. A header that was not sent is ""."""

    status: int
    content_type: str
    location: str
    retry_after: str
    body: bytes


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_seconds: float,
    through_proxy: bool,
) -> Reply:
    """The server's reply; a connection that is refused or breaks is a retryable error.

    `url` is known to be http or https.
    """
    return _send(url, body, headers, timeout_seconds=timeout_seconds, through_proxy=through_proxy)


def get(url: str, headers: Mapping[str, str], *, timeout_seconds: float, through_proxy: bool) -> Reply:
    """The reply to a GET, as of `post`."""
    return _send(url, None, headers, timeout_seconds=timeout_seconds, through_proxy=through_proxy)


def _send(
    url: str, body: bytes | None, headers: Mapping[str, str], *, timeout_seconds: float, through_proxy: bool
) -> Reply:
    # Never reused: a proxy rewrites the request, and sent again it would travel without TLS.
    request = Request(url, data=body, headers=dict(headers), method="GET" if body is None else "POST")  # noqa: S310
    try:
        with _opener(through_proxy=through_proxy).open(request, timeout=timeout_seconds) as response:
            return _read(response)
    except (OSError, http.client.HTTPException) as error:
        raise _explain(error) from error


def reply_within(seconds: float, call: Callable[[], Reply]) -> Reply:
    """What `call` returns or raises, or after `seconds` a `CouldNotCheckError`.

    A thread, because a socket's time-out starts anew with each byte and does not cover the look-up
    of a name. A call that is late is abandoned and ends with the process.
    """
    outcomes: queue.SimpleQueue[Reply | Exception] = queue.SimpleQueue()
    threading.Thread(target=lambda: outcomes.put(_outcome(call)), daemon=True).start()
    try:
        outcome = outcomes.get(timeout=seconds)
    except queue.Empty:
        message = f"no complete answer within {round(seconds, 3):g} s"
        raise CouldNotCheckError(message, hint="Try again, or allow more with --timeout.") from None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _outcome(call: Callable[[], Reply]) -> Reply | Exception:
    try:
        return call()
    except Exception as error:  # noqa: BLE001  (not swallowed: raised again in the caller's thread)
        return error


def _opener(*, through_proxy: bool) -> OpenerDirector:
    """An opener without redirects, file: or ftp:, which returns error statuses as they are."""
    opener = OpenerDirector()
    opener.add_handler(ProxyHandler(None if through_proxy else {}))
    opener.add_handler(_QuickHTTPHandler())
    opener.add_handler(_QuickHTTPSHandler())
    return opener


class _QuickConnection(http.client.HTTPConnection):
    """Waits at most CONNECT_SECONDS for a connection, and then as long as it was told for the answer."""

    def connect(self) -> None:
        patience = self.timeout
        self.timeout = min(CONNECT_SECONDS, patience or CONNECT_SECONDS)
        super().connect()
        self.timeout = patience
        self.sock.settimeout(patience)


class _QuickTLSConnection(_QuickConnection, http.client.HTTPSConnection):
    """The same, the agreement on keys included."""


class _QuickHTTPHandler(HTTPHandler):
    def http_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_QuickConnection, req)


class _QuickHTTPSHandler(HTTPSHandler):
    def https_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_QuickTLSConnection, req)


def _read(response: http.client.HTTPResponse) -> Reply:
    body = response.read(MAX_ANSWER_BYTES + 1)
    if len(body) > MAX_ANSWER_BYTES:
        message = f"the answer is larger than {MAX_ANSWER_BYTES // 1024 // 1024} MiB and was not read"
        raise CouldNotCheckError(message)
    if response.length:
        # http.client is silent about a body that ends early when a size is asked for.
        raise http.client.IncompleteRead(body, response.length)
    return Reply(
        status=response.status,
        content_type=response.headers.get_content_type(),
        location=response.headers.get("Location", ""),
        retry_after=response.headers.get("Retry-After", ""),
        body=body,
    )


def _explain(error: OSError | http.client.HTTPException) -> CouldNotCheckError:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "For a private certificate authority, set SSL_CERT_FILE to its certificates."
        return CouldNotCheckError(f"the certificate is not trusted: {cause.verify_message}", hint=hint)
    if isinstance(cause, TimeoutError):
        return CouldNotCheckError("the server did not answer in time", hint="Allow more with --timeout.")
    if isinstance(cause, ssl.SSLEOFError | http.client.IncompleteRead) or (
        isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError)
    ):
        return CouldNotCheckError(f"the connection failed: {cause}", hint="Check --url.", retryable=True)
    return CouldNotCheckError(f"the server does not speak HTTP as expected: {cause}", hint="Check --url.")
