"""Which server is asked, with which token; unsafe settings are refused before the token travels."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from understudy.arguments import URL_VARIABLE
from understudy.errors import UsageError
from understudy.terminal import TOKEN_VARIABLE

# Where a CI leaves the identity of a job, or says how to ask for one.
ID_TOKEN = "UNDERSTUDY_ID_TOKEN"  # noqa: S105  (the name of a variable)
GITHUB_URL = "ACTIONS_ID_TOKEN_REQUEST_URL"
GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105  (the name of a variable)


@dataclass(frozen=True, slots=True)
class Server:
    """An address that may be sent the token, and how long one whole call to it may last."""

    url: str
    token: str = field(repr=False)
    timeout_seconds: float
    is_loopback: bool


def find_server(
    url: str | None, environ: Mapping[str, str], *, timeout_seconds: float, allow_plain_http: bool
) -> Server:
    """The server named by `url`, else by the environment. Messages repeat no token and no URL."""
    address = (url or environ.get(URL_VARIABLE, "")).strip()
    if not address:
        _refuse(f"no server is named. Set {URL_VARIABLE} or pass --url.")
    parts = _split(address)
    is_local = is_loopback(parts.hostname or "")
    if parts.scheme == "http" and not (is_local or allow_plain_http):
        message = "the server URL is plain http, which would show the token on the way. Use https://"
        _refuse(f"{message}, or accept that with --insecure-http.")
    return Server(
        url=address.rstrip("/"),
        token=_find_token(environ),
        timeout_seconds=timeout_seconds,
        is_loopback=is_local,
    )


def _split(address: str) -> SplitResult:
    """The parts of a base URL; anything that is not one is refused."""
    way_out = "Give the base address only, as in https://understudy.example.org."
    try:
        parts = urlsplit(address)
        is_base = bool(parts.hostname) and parts.port != 0
    except ValueError:
        _refuse(f"the server URL cannot be read. {way_out}")
    if not is_base or parts.scheme not in {"http", "https"}:
        _refuse(f"the server URL is not an http or https address. {way_out}")
    if "@" in parts.netloc:
        _refuse(f"the server URL carries a user name or password. {way_out}")
    if "?" in address or "#" in address or not _is_plain(address):
        _refuse(f"the server URL has a query, a fragment, a space or odd characters. {way_out}")
    return parts


def _refuse(problem: str) -> NoReturn:
    raise UsageError(problem) from None


def has_identity(environ: Mapping[str, str]) -> bool:
    """Whether this job has an identity, or can ask its CI for one."""
    return bool(environ.get(ID_TOKEN) or (environ.get(GITHUB_URL) and environ.get(GITHUB_TOKEN)))


def _find_token(environ: Mapping[str, str]) -> str:
    token = environ.get(TOKEN_VARIABLE, "").strip()
    if not token and has_identity(environ):
        return ""  # `understudy.identity` exchanges it for one
    if not token:
        _refuse(
            f"no token is given. Set {TOKEN_VARIABLE} from your CI's secret store, or better let the CI give the job "
            "an identity: docs/how-to/ci-check.md."
        )
    if not _is_plain(token):
        _refuse(f"{TOKEN_VARIABLE} is not a token: it has spaces, line breaks or odd characters.")
    return token


def _is_plain(text: str) -> bool:
    """Printable ASCII without spaces: what a header or request line can carry unescaped."""
    return text.isascii() and text.isprintable() and " " not in text


def is_loopback(host: str) -> bool:
    """Whether what is sent there does not leave this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
