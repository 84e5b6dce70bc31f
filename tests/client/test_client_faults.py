"""Promise D1: 12 faults × 3 environments, by the real client against a real server that is faulty: the right code each.

An environment of class production (or one whose name says nothing, which counts as that) fails closed; where the name
says that nothing hangs on it, what may pass is a warning, and what was refused stays refused.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.client import fake_server as act
from tests.client.answers import PASSED, check
from tests.client.conftest import Client, Serve, serving
from tests.client.signing import claims, public, signed
from tests.client.test_client_failures import over_tls
from tests.client.test_client_kept import QUESTION, digest

pytestmark = pytest.mark.services  # real processes and real time-outs: half a minute

CLOSED, OPEN = 3, 0


@contextmanager
def answering(*behaviours: act.Behaviour) -> Iterator[str]:
    with serving(*behaviours) as server:
        yield server.url


@contextmanager
def refused() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def no_such_name() -> Iterator[str]:
    # Reserved for this by RFC 6761.
    yield "https://understudy.invalid"


@contextmanager
def no_hand_to_take_it() -> Iterator[str]:
    """A queue that is full: what else knocks hangs in the connect."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        yield f"http://127.0.0.1:{full.getsockname()[1]}"


@contextmanager
def untrusted() -> Iterator[str]:
    with serving(act.answer(PASSED)) as server:
        yield over_tls(server)


# By fault: who is faulty, and whether waiting may help.
FAULTS: dict[str, tuple[Callable[[], object], bool]] = {
    "refused": (refused, True),
    "no such name": (no_such_name, True),
    "no connection": (no_hand_to_take_it, True),
    "slow body": (lambda: answering(act.drip), True),
    "500": (lambda: answering(act.problem(500)), True),
    "503": (lambda: answering(act.problem(503)), True),
    "page in place of an answer": (lambda: answering(act.send(200, "text/html", b"<h1>Log in</h1>")), True),
    "cut short": (lambda: answering(act.cut_short), True),
    "another shape": (lambda: answering(act.answer({**PASSED, "verdict": "green"})), True),
    "401": (lambda: answering(act.problem(401)), False),
    "no such system": (lambda: answering(act.problem(404, code="unknown_system")), False),
    "redirect": (lambda: answering(act.send(302, "text/html", b"", Location="http://192.0.2.1/")), False),
    "untrusted certificate": (untrusted, True),
}
ENVIRONMENTS = {"production": False, "staging": True, "eu-west-7": False}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_ends_as_its_environment_wants_it(client: Client, fault: str, environment: str) -> None:
    start, may_pass = FAULTS[fault]
    with start() as url:  # type: ignore[attr-defined]
        run = client.run("check", "--url", url, "--environment", environment, "--timeout", "1.2", NO_PROXY="*")

    assert run.code == (OPEN if ENVIRONMENTS[environment] and may_pass else CLOSED), run.errors
    assert run.errors.startswith("understudy: could not check: ")
    assert "PASS" not in run.text
    assert "Traceback" not in run.errors


@pytest.mark.parametrize("fault", [name for name, (_, may_pass) in FAULTS.items() if may_pass])
def test_a_signed_verdict_of_the_day_opens_production_to_what_may_pass(
    client: Client, fault: str, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / f"{digest()}.jws").write_text(signed(claims(digest(QUESTION))))
    trust = {"UNDERSTUDY_VERDICT_KEYS": public(), "UNDERSTUDY_CACHE": str(tmp_path / "kept")}

    with FAULTS[fault][0]() as url:  # type: ignore[attr-defined]
        run = client.run("check", "--url", url, "--timeout", "1.2", NO_PROXY="*", **trust)

    assert run.code == OPEN, run.errors
    assert "going by the last signed verdict" in run.errors


def test_a_healthy_server_is_the_control(client: Client, serve: Serve) -> None:
    """Nothing above is closed because everything is."""
    for environment in ENVIRONMENTS:
        assert client.check(serve(act.answer(PASSED)), "--environment", environment).code == OPEN
        assert client.check(serve(act.answer(check("fail"))), "--environment", environment).code == 1


def test_a_question_that_is_still_being_answered_is_asked_again_under_its_key(client: Client, serve: Serve) -> None:
    server = serve(act.problem(409, code="idempotency_key_in_use"), act.answer(PASSED))

    assert client.check(server).code == OPEN
    assert len({seen.headers["Idempotency-Key"] for seen in server.log}) == 1


def test_a_server_that_dies_in_the_middle_is_never_a_pass(client: Client) -> None:
    """The connection is cut after any number of bytes of a passing answer."""
    whole = json.dumps(PASSED).encode()
    for length in range(0, len(whole), 40):
        with cut_after(whole, length) as url:
            assert client.run("check", "--url", url, "--timeout", "1.2").code == CLOSED


@contextmanager
def cut_after(body: bytes, length: int) -> Iterator[str]:
    """A server without a length in its header, which is gone after so many bytes."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body[:length])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
