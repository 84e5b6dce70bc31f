"""The client in a job without a secret: where it takes the identity from, and that it shows neither it nor what it gets."""

import time
from http.server import BaseHTTPRequestHandler

import pytest

from tests.client.answers import PASSED
from tests.client.conftest import ClientInside, Serve
from tests.client.fake_server import Behaviour, answer, drop, problem, send

IDENTITY = "header.claims.signature-that-nobody-else-sees"
GIVEN = "ustd_" + "A" * 46
EXCHANGED = answer({"access_token": GIVEN, "token_type": "Bearer", "expires_in": 900})
NOT_GIVEN = problem(403, title="Forbidden", detail=f"iss: {IDENTITY} is from nobody.", code="identity_refused")


def test_a_gitlab_job_exchanges_what_is_in_its_variable(inside: ClientInside, serve: Serve) -> None:
    server = serve(EXCHANGED, answer(PASSED))
    run = inside.check(server, UNDERSTUDY_TOKEN="", UNDERSTUDY_ID_TOKEN=IDENTITY)
    assert run.code == 0, run.errors
    exchange, check = server.log
    assert exchange.path == "/api/v1/ci/token/"
    assert exchange.json() == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": IDENTITY,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "scope": "system:product-search",
    }
    assert "Authorization" not in exchange.headers
    assert check.headers["Authorization"] == f"Token {GIVEN}"


def test_a_github_job_asks_for_an_identity_for_this_server(inside: ClientInside, serve: Serve) -> None:
    github, server = serve(answer({"value": IDENTITY})), serve(EXCHANGED, answer(PASSED))
    asks = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{github.url}/job?api-version=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner",
    }
    assert inside.check(server, UNDERSTUDY_TOKEN="", **asks).code == 0
    assert inside.check(server, UNDERSTUDY_TOKEN="", UNDERSTUDY_AUDIENCE="models", **asks).code == 3
    first, second = github.log
    quoted = server.url.replace(":", "%3A").replace("/", "%2F")
    assert (first.method, first.path) == ("GET", f"/job?api-version=2&audience={quoted}")
    assert first.headers["Authorization"] == "Bearer runner"
    assert second.path.endswith("&audience=models")
    assert server.log[0].json()["subject_token"] == IDENTITY


def test_a_token_that_is_set_counts_before_an_identity(inside: ClientInside, serve: Serve) -> None:
    server = serve(answer(PASSED))
    assert inside.check(server, UNDERSTUDY_ID_TOKEN=IDENTITY).code == 0
    assert [seen.path for seen in server.log] == ["/api/v1/checks/"]


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_a_refused_identity_is_no_verdict_anywhere(environment: str, inside: ClientInside, serve: Serve) -> None:
    server = serve(NOT_GIVEN)
    run = inside.check(server, "--environment", environment, UNDERSTUDY_TOKEN="", UNDERSTUDY_ID_TOKEN=IDENTITY)
    assert run.code == 3
    assert "identity_refused" in run.errors
    assert "Pipelines in the web admin" in run.errors
    assert IDENTITY not in run.errors + run.text


@pytest.mark.parametrize(
    "reply",
    [
        answer({}),
        answer([]),
        answer({"access_token": 1}),
        answer({"access_token": "a\nb"}),
        send(200, "text/html", b"<"),
    ],
)
def test_an_exchange_without_a_token_is_no_verdict(reply: object, inside: ClientInside, serve: Serve) -> None:
    run = inside.check(serve(reply), UNDERSTUDY_TOKEN="", UNDERSTUDY_ID_TOKEN=IDENTITY)
    assert run.code == 3
    assert "no token" in run.errors


def test_a_connection_that_breaks_is_tried_again(inside: ClientInside, serve: Serve) -> None:
    server = serve(drop, problem(503), EXCHANGED, answer(PASSED))
    assert inside.check(server, UNDERSTUDY_TOKEN="", UNDERSTUDY_ID_TOKEN=IDENTITY).code == 0
    assert len(server.log) == 4


def after(seconds: float, behaviour: Behaviour) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        behaviour(handler)

    return behave


@pytest.mark.parametrize(
    ("github", "server"),
    [
        ([after(0.9, answer({"value": IDENTITY}))], [after(0.9, EXCHANGED), after(0.9, answer(PASSED))]),
        ([after(0.5, problem(503))], [answer(PASSED)]),
        ([answer({"value": IDENTITY})], [after(0.4, EXCHANGED), after(3, answer(PASSED))]),
    ],
    ids=["each is slow", "a fault of theirs again and again", "the check itself"],
)
def test_identity_exchange_and_check_share_one_time_out(
    inside: ClientInside, serve: Serve, github: list[Behaviour], server: list[Behaviour]
) -> None:
    asks = {"ACTIONS_ID_TOKEN_REQUEST_URL": serve(*github).url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner"}
    began = time.monotonic()
    run = inside.check(serve(*server), "--timeout", "2", UNDERSTUDY_TOKEN="", **asks)

    assert run.code == 3
    assert time.monotonic() - began < 2.4


def test_time_that_is_not_used_is_left_for_the_check(inside: ClientInside, serve: Serve) -> None:
    """The control of the test above."""
    server = serve(EXCHANGED, after(1.5, answer(PASSED)))
    assert inside.check(server, "--timeout", "4", UNDERSTUDY_TOKEN="", UNDERSTUDY_ID_TOKEN=IDENTITY).code == 0


def test_a_token_that_was_exchanged_is_shown_by_no_error(inside: ClientInside, serve: Serve) -> None:
    server = serve(EXCHANGED, problem(403, detail=f"The token {GIVEN} may not do that."))
    run = inside.check(server, UNDERSTUDY_TOKEN="", UNDERSTUDY_ID_TOKEN=IDENTITY)
    assert run.code == 3
    assert GIVEN not in run.errors + run.text
    assert "***" in run.errors


def test_github_without_the_permission_says_which_is_missing(inside: ClientInside, serve: Serve) -> None:
    github = serve(problem(401))
    asks = {"ACTIONS_ID_TOKEN_REQUEST_URL": github.url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner"}
    run = inside.check(serve(answer(PASSED)), UNDERSTUDY_TOKEN="", **asks)
    assert run.code == 3
    assert "id-token: write" in run.errors


def test_the_runners_own_secret_does_not_travel_in_the_clear(inside: ClientInside, serve: Serve) -> None:
    asks = {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://runner.example/job", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner"}
    run = inside.check(serve(answer(PASSED)), UNDERSTUDY_TOKEN="", **asks)
    assert run.code == 3
    assert "no https address" in run.errors


def test_without_token_and_identity_the_usage_is_wrong(inside: ClientInside, serve: Serve) -> None:
    run = inside.check(serve(answer(PASSED)), UNDERSTUDY_TOKEN="")
    assert run.code == 2
    assert "identity" in run.errors
