"""Whatever goes wrong between client and server: exit 3 and a reason, never a verdict."""

import json
import socket
import ssl
import time
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.client import fake_server as act
from tests.client.answers import FAILED, PASSED, check, finding
from tests.client.conftest import TOKEN, Client, ClientInside, Run, Serve

# Made for these tests and trusted by nobody else; the key protects nothing.
LOOPBACK_CERTIFICATE = Path(__file__).with_name("loopback.pem")


def assert_no_verdict(run: Run, reason: str) -> None:
    assert run.code == 3
    assert run.raw == b""
    assert run.errors.startswith("understudy: could not check: ")
    assert reason in run.errors
    assert "Traceback" not in run.errors
    assert TOKEN not in run.errors


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (act.problem(401, title="Invalid token."), "answered 401 Unauthorized: Invalid token."),
        (act.problem(404, title="No such system."), "answered 404 Not Found: No such system."),
        (act.problem(422, title="No such environment."), "No such environment."),
        (act.problem(500, title="A fault"), "answered 500 Internal Server Error"),
        (act.send(200, "text/html", b"<h1>Log in</h1>"), "not JSON"),
        (act.send(200, "application/json", b'{"verdict": "pass", "fin'), "not JSON"),
        (act.send(302, "text/html", b"", Location="http://192.0.2.1/"), "not followed"),
        (act.flood, "larger than 32 MiB"),
        (act.answer(check("pass", finding("error", "UD401"))), "the verdict is pass, and a finding is an error"),
    ],
)
def test_each_kind_of_failure_is_no_verdict(
    client: Client, serve: Serve, behaviour: act.Behaviour, reason: str
) -> None:
    assert_no_verdict(client.check(serve(behaviour)), reason)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "a title; a detail (code a_code)"),
        (401, "Check UNDERSTUDY_TOKEN"),
        (403, "may not check this system"),
        (404, "Check the system's slug"),
        (422, "Check the environment"),
        (429, "Too many requests"),
        (500, "Internal Server Error"),
        (599, "answered 599"),
    ],
)
def test_an_error_status_is_explained_by_its_problem_details_and_not_tried_again(
    inside: ClientInside, serve: Serve, status: int, hint: str
) -> None:
    server = serve(act.problem(status, title="a title", detail="a detail", code="a_code"))

    run = inside.check(server)

    assert_no_verdict(run, "a title; a detail (code a_code)")
    assert hint in run.errors
    assert len(server.log) == 1


def test_refused_fields_are_named(inside: ClientInside, serve: Serve) -> None:
    errors = [{"field": "environment", "message": "unknown"}, {"field": "models[2].ref", "message": "too long"}]
    answer = act.problem(
        422, title=HTTPStatus(422).phrase, detail="environment: unknown", errors=errors, code="invalid"
    )

    run = inside.check(serve(answer))

    said = "environment: unknown; models[2].ref: too long (code invalid)"
    assert_no_verdict(run, f"answered 422 {HTTPStatus(422).phrase}: {said}\n")


@pytest.mark.parametrize("errors", [["no"], {"no": 1}, "no", [{"field": "no"}]])
def test_field_errors_of_another_shape_are_shown_too(inside: ClientInside, serve: Serve, errors: object) -> None:
    assert_no_verdict(inside.check(serve(act.problem(400, errors=errors))), "no")


def test_a_limit_says_when_to_come_back(inside: ClientInside, serve: Serve) -> None:
    run = inside.check(serve(act.send(429, "text/plain", b"slow down", Retry_After="60")))

    assert_no_verdict(run, "(Retry-After: 60)")


@pytest.mark.parametrize("status", [201, 204, 400, 500])
def test_a_status_without_problem_details_is_still_explained(inside: ClientInside, serve: Serve, status: int) -> None:
    run = inside.check(serve(act.send(status, "text/html", b"<h1>no</h1>" * (status != 204))))

    assert_no_verdict(run, f"the server answered {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_other_host_hears_nothing(
    inside: ClientInside, serve: Serve, status: int
) -> None:
    other = serve(act.answer(PASSED))
    server = serve(act.send(status, "application/json", json.dumps(PASSED).encode(), Location=other.url))

    assert_no_verdict(inside.check(server), f"a redirect to {other.url}")
    assert len(server.log) == 1
    assert other.log == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"<!doctype html><title>Log in</title>", "not JSON"),
        (json.dumps(PASSED).encode()[:-2], "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b"[]", "the answer is not an object"),
        (b"{}", "url is missing"),
        (b'"pass"', "the answer is not an object"),
    ],
)
def test_a_body_that_is_no_answer_is_no_verdict(inside: ClientInside, serve: Serve, body: bytes, reason: str) -> None:
    assert_no_verdict(inside.check(serve(act.send(200, "application/json", body))), reason)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (check("maybe"), "verdict 'maybe' is not known"),
        (check("PASS"), "verdict 'PASS' is not known"),
        ({**PASSED, "verdict": None}, "verdict is missing"),
        ({**PASSED, "verdict": ["pass"]}, "verdict is missing"),
        ({**PASSED, "verdict": True}, "verdict is missing"),
        ({**PASSED, "findings": None}, "findings is not a list"),
        ({**PASSED, "findings": {}}, "findings is not a list"),
        ({**PASSED, "findings": ["UD401"]}, "a finding is not an object"),
        ({**PASSED, "policy_version": [7]}, "policy_version is no text"),
        (check("pass", finding("fatal", "UD401")), "level 'fatal' is not known"),
        (check("pass", finding("error", "UD401", message=None)), "message is missing"),
        (check("pass", finding("error", "UD401", waiver={})), "until is missing"),
        (check("pass", finding("error", "UD401", waiver="yes")), "a waiver is not an object"),
        (check("pass", finding("error", "UD401", locations=None)), "locations is not a list"),
        (check("pass", finding("error", "UD401", locations=[{"path": "a", "line": "4"}])), "line of a location"),
    ],
)
def test_an_answer_that_is_not_wholly_as_promised_is_no_verdict(
    inside: ClientInside, serve: Serve, document: object, reason: str
) -> None:
    assert_no_verdict(inside.check(serve(act.answer(document)), "--format", "json"), reason)


@pytest.mark.parametrize("behaviour", [act.hang, act.drip])
def test_the_time_out_holds_for_the_whole_call(client: Client, serve: Serve, behaviour: act.Behaviour) -> None:
    started = time.monotonic()

    run = client.check(serve(behaviour), "--timeout", "0.4")

    assert_no_verdict(run, "no complete answer within 0.4 s")
    assert time.monotonic() - started < 0.4 + 2.0


def test_a_retry_that_is_answered_is_a_verdict(client: Client, serve: Serve) -> None:
    server = serve(act.problem(503), act.answer(PASSED))

    assert client.check(server).code == 0
    assert len(server.log) == 2


def test_retries_end_with_the_time_out(inside: ClientInside, serve: Serve) -> None:
    server = serve(act.problem(503, title="Busy"))

    run = inside.check(server, "--timeout", "0.5")

    assert_no_verdict(run, "Busy")
    assert len(server.log) == 2


def test_a_retry_is_not_made_before_the_server_allows_it(inside: ClientInside, serve: Serve) -> None:
    server = serve(act.send(503, "text/plain", b"", Retry_After="60"))

    assert_no_verdict(inside.check(server, "--timeout", "20"), "(Retry-After: 60)")
    assert len(server.log) == 1


@pytest.mark.parametrize("behaviour", [act.problem(502), act.problem(503), act.problem(504), act.drop, act.cut_short])
def test_what_may_pass_is_tried_again_under_the_same_key(
    inside: ClientInside, serve: Serve, behaviour: act.Behaviour
) -> None:
    server = serve(behaviour, act.answer(FAILED))

    run = inside.check(server)

    assert run.code == 1
    assert len({seen.headers["Idempotency-Key"] for seen in server.log}) == 1
    assert [seen.body for seen in server.log] == [server.log[0].body] * 2


def test_after_two_retries_the_client_gives_up(inside: ClientInside, serve: Serve) -> None:
    server = serve(act.drop)

    assert_no_verdict(inside.check(server), "the connection failed")
    assert len(server.log) == 3


def test_a_refused_connection_is_no_verdict(client: Client) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        assert_no_verdict(client.run("check", "--url", url, "--timeout", "1"), "Connection refused")


def test_a_server_that_speaks_another_protocol_is_no_verdict(inside: ClientInside, serve: Serve) -> None:
    server = serve(lambda handler: handler.wfile.write(b"220 smtp.example.org\r\n"))

    assert_no_verdict(inside.check(server), "does not speak HTTP as expected")


def over_tls(server: act.FakeServer) -> str:
    """The same server behind a certificate that only these tests know; its new address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOOPBACK_CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server.url.replace("http:", "https:")


def test_a_certificate_that_is_not_trusted_ends_the_call_before_the_token(client: Client, serve: Serve) -> None:
    server = serve(act.answer(PASSED))

    assert_no_verdict(client.run("check", "--url", over_tls(server)), "the certificate is not trusted")
    assert server.log == []


def test_a_private_authority_can_be_trusted(client: Client, serve: Serve) -> None:
    url = over_tls(serve(act.answer(PASSED)))

    assert client.run("check", "--url", url, SSL_CERT_FILE=str(LOOPBACK_CERTIFICATE)).code == 0
