"""The identity that a CI gives to its job, exchanged for a token of the server: no secret is stored in the CI.

GitHub Actions hands it out at an address of its own (`permissions: id-token: write`); GitLab and others put it into
`UNDERSTUDY_ID_TOKEN`. The exchange has the names of RFC 8693.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote, urlsplit

from understudy.errors import CouldNotCheckError
from understudy.problem import explain_reply
from understudy.server import GITHUB_TOKEN, GITHUB_URL, ID_TOKEN, Server, is_loopback
from understudy.terminal import redact
from understudy.transport import Reply, get, post, reply_within

EXCHANGE_PATH = "/api/v1/ci/token/"
AUDIENCE_VARIABLE = "UNDERSTUDY_AUDIENCE"
_JWT = "urn:ietf:params:oauth:token-type:jwt"
_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
# What is left for the check itself, however long the exchange took.
_KEPT_SECONDS = 1.0
_LEAST_SECONDS = 0.1
_PAUSES_SECONDS = (0.3, 0.9)
_OK = 200
_HINTS = {
    403: "Compare with Pipelines in the web admin: ids, environment, ref and audience have to fit, and each identity lets in once.",
    404: "Check that --url is the base address of an Understudy server that takes identities.",
}


def authorised(server: Server, environ: Mapping[str, str], *, system: str) -> Server:
    """`server` with a token; one that is set counts, else the job's identity is exchanged for one that lasts minutes.

    Raises `CouldNotCheckError`. What the exchange takes is taken from the time-out of the check.
    """
    if server.token:
        return server
    ends_at = time.monotonic() + server.timeout_seconds
    until = ends_at - min(_KEPT_SECONDS, server.timeout_seconds / 2)
    token = reply_token(_tried(lambda: _exchanged(server, environ, system, until=until), until=until))
    return replace(_hurried(server, ends_at), token=token)


def _hurried(server: Server, until: float) -> Server:
    """`server` with the time that is left."""
    return replace(server, timeout_seconds=max(until - time.monotonic(), _LEAST_SECONDS))


def reply_token(reply: Reply) -> str:
    """The token in the server's answer."""
    try:
        token = json.loads(reply.body)["access_token"]
    except (ValueError, KeyError, TypeError, RecursionError):
        token = None
    if not isinstance(token, str) or not (token.isascii() and token.isprintable() and token.strip()):
        raise CouldNotCheckError("the server exchanged the identity, but answered with no token")
    return token


def _tried(exchange: Callable[[], Reply], *, until: float) -> Reply:
    """The first good reply of up to three attempts; each brings a new identity where the CI makes them."""
    for pause in _PAUSES_SECONDS:
        try:
            return exchange()
        except CouldNotCheckError as error:
            if not error.retryable or time.monotonic() + pause >= until:
                raise
            time.sleep(pause)
    return exchange()


def _exchanged(server: Server, environ: Mapping[str, str], system: str, *, until: float) -> Reply:
    identity = _identity(environ, _hurried(server, until))
    server = _hurried(server, until)
    asked = {
        "grant_type": _GRANT,
        "subject_token": identity,
        "subject_token_type": _JWT,
        "scope": f"system:{system}",
    }
    reply = reply_within(
        server.timeout_seconds,
        lambda: post(
            server.url + EXCHANGE_PATH,
            json.dumps(asked).encode(),
            {"Content-Type": "application/json", "Accept": "application/json, application/problem+json"},
            timeout_seconds=server.timeout_seconds,
            through_proxy=not server.is_loopback,
        ),
    )
    if reply.status != _OK:
        error = explain_reply(reply)
        raise CouldNotCheckError(
            f"the identity of this job was not exchanged: {redact(str(error), identity)}",
            hint=_HINTS.get(reply.status, error.hint),
            retryable=error.retryable,
            is_passing=error.is_passing,
        )
    return reply


def _identity(environ: Mapping[str, str], server: Server) -> str:
    """The JWT of this job: the one that is set, or a new one of GitHub's."""
    if given := environ.get(ID_TOKEN, "").strip():
        return given
    address, secret = environ[GITHUB_URL], environ[GITHUB_TOKEN]
    parts = urlsplit(address)
    is_here = is_loopback(parts.hostname or "")
    if parts.scheme != "https" and not is_here:
        raise CouldNotCheckError(f"{GITHUB_URL} is no https address", is_passing=False)
    audience = environ.get(AUDIENCE_VARIABLE, "").strip() or server.url
    separator = "&" if parts.query else "?"
    reply = reply_within(
        server.timeout_seconds,
        lambda: get(
            f"{address}{separator}audience={quote(audience, safe='')}",
            {"Authorization": f"Bearer {secret}", "Accept": "application/json"},
            timeout_seconds=server.timeout_seconds,
            through_proxy=not is_here,
        ),
    )
    try:
        identity = json.loads(reply.body)["value"] if reply.status == _OK else None
    except (ValueError, KeyError, TypeError, RecursionError):
        identity = None
    if not isinstance(identity, str) or not identity:
        raise CouldNotCheckError(
            f"GitHub gave this job no identity (status {reply.status})",
            hint="The job needs permissions: id-token: write.",
            retryable=reply.status >= 500,  # noqa: PLR2004  (a fault of theirs)
        )
    return identity
