"""What goes wrong on the fake Hub, by name.

`FAULT_MODES` are the fourteen of the promise that no fault is taken for a removal: four refusals (401, 403, a bad
token, a 404 without a code), one wave of 404 that looks like a removal in every detail, two kinds of 429, errors of
the server, two of slowness (hang, drip), a redirect loop, and three answers 200 that are none (truncated, HTML, empty).
The others of `FAULTS` are oddities that single tests are about.
"""

import select
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

from tests.fakes.hub.answers import Answers
from tests.fakes.hub.pages import API

Spoil: TypeAlias = Callable[[Answers], None]
PAUSE = timedelta(seconds=170)
LONGEST_HANG = 30.0
_BAD_TOKEN = {"X-Error-Message": "Invalid credentials in Authorization header"}
_DISABLED = {"X-Error-Message": "Access to this resource is disabled."}
_NO_LIMITS = {"RateLimit": "", "RateLimit-Policy": ""}


def _status(status: int, headers: Mapping[str, str] | None = None) -> Spoil:
    return lambda answers: answers.answer(status, {"error": f"fault {status}"}, headers)


def bad_token(answers: Answers) -> None:
    answers.answer(401, {"error": "Invalid credentials in Authorization header"}, _BAD_TOKEN)


def disabled(answers: Answers) -> None:
    answers.answer(403, {"error": "Access to this resource is disabled."}, _DISABLED)


def _wave(answers: Answers) -> None:
    if answers.place == API:
        answers.answer(200, [])
    else:
        answers.missing()


def _limited(answers: Answers) -> None:
    wait = answers.hub.quota.block(answers.caller, PAUSE)
    headers = {"RateLimit": f'"{answers.caller.bucket}";r=0;t={wait}', "Retry-After": str(wait)}
    answers.answer(429, {"error": "fault 429"}, headers)


def _in_turn(answers: Answers) -> None:
    status = (500, 503)[len(answers.hub.log) % 2]
    answers.answer(status, {"error": f"fault {status}"})


def _hang(answers: Answers) -> None:
    """Say nothing until the caller has had enough."""
    answers.start(200, {})
    select.select([answers.connection], [], [], LONGEST_HANG)
    answers.close_connection = True


def _drip(answers: Answers) -> None:
    answers.start(200, {})
    answers.send_header("Content-Length", "100000")
    answers.end_headers()
    for _ in range(100_000):
        answers.wfile.write(b" ")
        answers.wfile.flush()
        time.sleep(answers.hub.seconds_per_byte)


def _endless(answers: Answers) -> None:
    answers.start(200, {"Content-Type": "application/json"})
    answers.send_header("Transfer-Encoding", "chunked")
    answers.end_headers()
    while True:
        answers.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def _html(answers: Answers) -> None:
    answers.answer_raw(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})


def _truncated(answers: Answers) -> None:
    answers.answer_raw(200, b'[{"id": "a/b", "sha": "12', {}, length=4000)
    answers.close_connection = True


def _redirect(to: str) -> Spoil:
    return lambda answers: answers.answer(307, {}, {"Location": to or answers.path})


def _empty_list(answers: Answers) -> None:
    """A namespace lists nothing; its repositories are there if they are asked for one by one."""
    if answers.place == API:
        answers.answer(200, [])
    else:
        answers.proceed()


FAULTS: dict[str, Spoil] = {
    "401": _status(401),
    "403": _status(403),
    "bad token": bad_token,
    "plain 404": _status(404),
    "404 wave": _wave,
    "429": _limited,
    "429 without headers": _status(429, _NO_LIMITS),
    "5xx": _in_turn,
    "hang": _hang,
    "drip": _drip,
    "loop": _redirect(""),
    "truncated": _truncated,
    "html": _html,
    "empty": lambda answers: answers.answer_raw(200, b"", {}),
}
FAULT_MODES = tuple(FAULTS)
FAULTS |= {
    "500": _status(500, {"RateLimit": '"api";r=495;t=23'}),
    "503": _status(503),
    "gated": _status(403, {"X-Error-Code": "GatedRepo"}),
    "disabled": disabled,
    "empty list": _empty_list,
    "endless": _endless,
    "not json": lambda answers: answers.answer_raw(200, b"{oops", {}),
    "list": lambda answers: answers.answer(200, [1, 2]),
    "other host": _redirect("http://localhost:9/api/models/a/b"),
    "weights": _redirect("/a/b/resolve/main/model.safetensors"),
    "bomb": lambda answers: answers.answer_raw(200, b"\x1f\x8b", {"Content-Encoding": "gzip"}),
}
