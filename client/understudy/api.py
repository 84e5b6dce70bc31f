"""Asks the server one question: retries what may pass, within one time-out, under one key."""

import json
import time
import uuid
from dataclasses import dataclass, field, replace

from understudy import __version__
from understudy.answer import parse_answer
from understudy.errors import CouldNotCheckError
from understudy.models import MAX_LOCATIONS, Answer, CheckRequest, sendable
from understudy.problem import HINTS, explain_reply
from understudy.server import Server
from understudy.transport import Reply, post, reply_within

CHECKS_PATH = "/api/v1/checks/"
RETRY_PAUSES_SECONDS = (0.3, 0.9)
# A socket gives up after the whole call has: only one of the two is to tell the user.
SOCKET_GRACE_SECONDS = 1.0
OK, TOO_LARGE = 200, 413
# What the server reads. It answers 413 to more and reads no further, of which the sender sees a broken connection.
MAX_BODY_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Call:
    """One question on its way: every attempt says the same, and all end by `give_up_at` (monotonic)."""

    server: Server
    body: bytes
    headers: dict[str, str] = field(repr=False)
    give_up_at: float


def ask(server: Server, question: CheckRequest) -> Answer:
    """The server's answer, or a `CouldNotCheckError`; never later than the server's time-out."""
    call = _Call(
        server=server,
        body=_build_body(question),
        headers=_build_headers(server),
        give_up_at=time.monotonic() + server.timeout_seconds,
    )
    answer = parse_answer(reply_within(server.timeout_seconds, lambda: _send(call)).body)
    return _with_own_names(answer, question)


def _build_body(question: CheckRequest) -> bytes:
    """The question with as many places of each model as let it fit: they say where it is used and decide nothing."""
    for most in (MAX_LOCATIONS, 50, 10, 1):
        body = json.dumps(question.as_json(most_places=most)).encode()
        if len(body) <= MAX_BODY_BYTES:
            return body
    message = f"the question is larger than the {MAX_BODY_BYTES // 1024 // 1024} MiB that a server reads"
    raise CouldNotCheckError(message, hint=HINTS[TOO_LARGE], is_passing=False)


def _with_own_names(answer: Answer, question: CheckRequest) -> Answer:
    """The answer with the paths as the repository has them, where they could not be sent so."""
    own = {sendable(place.path): place.path for use in question.models for place in use.locations}
    findings = (
        replace(one, locations=tuple(replace(place, path=own.get(place.path, place.path)) for place in one.locations))
        for one in answer.findings
    )
    return replace(answer, findings=tuple(findings))


def _build_headers(server: Server) -> dict[str, str]:
    """Headers with a new idempotency key, so that a retry can make no second check."""
    return {
        "Authorization": f"Token {server.token}",
        "Content-Type": "application/json",
        "Accept": "application/json, application/problem+json",
        "Accept-Encoding": "identity",
        "Idempotency-Key": str(uuid.uuid4()),
        "User-Agent": f"understudy-client/{__version__}",
    }


def _send(call: _Call) -> Reply:
    """The first good reply of up to three attempts; the last error otherwise."""
    for pause in RETRY_PAUSES_SECONDS:
        try:
            return _send_once(call)
        except CouldNotCheckError as error:
            wait = max(pause, error.retry_after)
            if not error.retryable or time.monotonic() + wait >= call.give_up_at:
                raise
            time.sleep(wait)
    return _send_once(call)


def _send_once(call: _Call) -> Reply:
    """The reply if its status is 200. A loopback server is never asked through a proxy."""
    reply = post(
        call.server.url + CHECKS_PATH,
        call.body,
        call.headers,
        timeout_seconds=max(call.give_up_at - time.monotonic(), 0) + SOCKET_GRACE_SECONDS,
        through_proxy=not call.server.is_loopback,
    )
    if reply.status != OK:
        raise explain_reply(reply)
    return reply
