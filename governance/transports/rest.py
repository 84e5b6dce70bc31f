"""One conversation with a JSON API of a tracker: time-out, size limit, no redirects, errors that say what to do."""

import json
from datetime import timedelta
from time import monotonic
from types import TracebackType
from typing import Any, Self

import httpx2

from governance.transports.base import Throttled, TransportError

TIMEOUT_SECONDS = 20.0
_CONNECT_SECONDS = 5.0
MAX_BYTES = 2 * 1024 * 1024
_EXCERPT = 300
_DEFAULT_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)


class LostAnswer(TransportError):
    """The request went out and no usable answer came: it may have been done."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, is_destination_down=True)


class Refused(TransportError):
    """The receiver understood and said no; `fields` are those it names as the reason."""

    def __init__(self, reason: str, *, fields: frozenset[str] = frozenset()) -> None:
        super().__init__(reason, permanent=True)
        self.fields = fields


class Gone(Refused):
    """What was asked for is not there."""


class Rest:
    """A client for one base address. Each request ends within 20 seconds, whatever the server does."""

    def __init__(self, base_url: str, *, user: str, token: str) -> None:
        self._client = httpx2.Client(
            base_url=base_url,
            auth=httpx2.BasicAuth(user, token) if token else None,
            timeout=httpx2.Timeout(TIMEOUT_SECONDS, connect=_CONNECT_SECONDS),
            # A redirect would carry the ticket, and on some clients the token, to somewhere else.
            follow_redirects=False,
            headers={"Accept": "application/json", "User-Agent": "Understudy"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str) -> dict[str, Any]:
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask("POST", path, body)

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask("PUT", path, body)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            with self._client.stream(method, path, json=body) as response:
                content = _read(response)
        except httpx2.ConnectError as error:
            # Nothing was sent, so nothing can have been done.
            raise TransportError(f"Cannot connect: {error}", is_destination_down=True) from error
        except httpx2.HTTPError as error:
            raise LostAnswer(f"{type(error).__name__}: {error}") from error
        return _judge(response, content)


def _read(response: httpx2.Response) -> bytes:
    ends_at = monotonic() + TIMEOUT_SECONDS
    content = b""
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_BYTES or monotonic() > ends_at:
            raise LostAnswer("The answer was too long or came too slowly")
    return content


def _judge(response: httpx2.Response, content: bytes) -> dict[str, Any]:
    """The document of a good answer; else the error that says what can be done about it."""
    status = response.status_code
    if response.is_success:
        return _document(content)
    reason = f"{response.request.method} {response.request.url.path} answered {status}: {_reason(content)}"
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        raise Throttled(reason, retry_after=_pause(response))
    if response.is_server_error:
        raise LostAnswer(reason)
    if response.is_redirect:
        target = response.headers.get("Location", "nowhere")[:_EXCERPT]
        raise TransportError(f"{reason}. It redirects to {target}: name the final address.", is_destination_down=True)
    if status == httpx2.codes.UNAUTHORIZED:
        raise TransportError(f"{reason}. Check the account and its token.", is_destination_down=True)
    if status in (httpx2.codes.FORBIDDEN, httpx2.codes.CONFLICT, httpx2.codes.LOCKED):
        raise TransportError(reason)
    raise (Gone if status in (httpx2.codes.NOT_FOUND, httpx2.codes.GONE) else Refused)(reason, fields=_fields(content))


def _document(content: bytes) -> dict[str, Any]:
    if not content:
        return {}
    try:
        document = json.loads(content)
    except ValueError as error:
        raise LostAnswer(f"The answer is no JSON: {_excerpt(content)}") from error
    return document if isinstance(document, dict) else {}


def _reason(content: bytes) -> str:
    """What an error says of itself: Jira's errorMessages and errors, else the beginning of the text."""
    try:
        document = json.loads(content)
        said = [*document["errorMessages"], *(f"{field}: {text}" for field, text in document["errors"].items())]
    except (ValueError, TypeError, KeyError, AttributeError):
        return _excerpt(content)
    return "; ".join(map(str, said))[:_EXCERPT]


def _fields(content: bytes) -> frozenset[str]:
    try:
        return frozenset(json.loads(content)["errors"])
    except (ValueError, TypeError, KeyError):
        return frozenset()


def _excerpt(content: bytes) -> str:
    return content[:_EXCERPT].decode("utf-8", "replace") or "(nothing)"


def _pause(response: httpx2.Response) -> timedelta:
    """What `Retry-After` asks for in seconds, within six hours; a minute where it is absent or no number."""
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return _DEFAULT_PAUSE
    if not 0 <= seconds < _LONGEST_PAUSE.total_seconds():
        return _LONGEST_PAUSE
    return timedelta(seconds=seconds)
