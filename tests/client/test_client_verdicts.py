"""What a pipeline and its reader get for each verdict."""

import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.client.answers import CHECK_URL, FAILED, PASSED, check, finding
from tests.client.conftest import TOKEN, Client, ClientInside, Serve
from tests.client.fake_server import answer, problem, send

# Everything that moves a cursor, hides text, turns its direction, breaks a line or commands a runner.
HOSTILE = (
    "::error::x ##[group]x ##vso[task.complete]x \ud800 \u202e \u200b \u2028 \x1b]0;title\x07"
    + "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
    + "\n::set-output name=x::y"
)


EXIT_CODES = [("pass", 0), ("warn", 0), ("fail", 1), ("unknown", 3)]


@pytest.mark.parametrize(("verdict", "code"), EXIT_CODES)
def test_each_verdict_has_its_exit_code(client: Client, serve: Serve, verdict: str, code: int) -> None:
    run = client.check(serve(answer(check(verdict, finding("note", "UD306")))))

    assert run.code == code
    assert "UD306" in run.text


@pytest.mark.parametrize(("verdict", "code"), EXIT_CODES)
def test_the_exit_code_is_the_same_in_json(inside: ClientInside, serve: Serve, verdict: str, code: int) -> None:
    run = inside.check(serve(answer(check(verdict, finding("note", "UD306")))), "--format", "json")

    assert run.code == code
    assert json.loads(run.raw)["verdict"] == verdict


def test_an_unknown_verdict_is_shown_and_explained(inside: ClientInside, serve: Serve) -> None:
    run = inside.check(serve(answer(check("unknown", finding("error", "UD306")))))

    assert run.lines[0] == "UNKNOWN: product-search in production"
    assert "could not check" in run.errors


def test_text_begins_with_the_verdict_and_ends_with_the_address_of_the_check(
    inside: ClientInside, serve: Serve
) -> None:
    run = inside.check(serve(answer(FAILED)))

    assert run.lines[0] == "FAIL: product-search in production"
    assert run.lines[-1] == f"check: {CHECK_URL}"
    assert run.errors == ""


def test_text_groups_findings_by_weight_and_shows_all_there_is_to_each(inside: ClientInside, serve: Serve) -> None:
    run = inside.check(serve(answer(FAILED)))

    assert run.lines[3:-2] == [
        "2 errors",
        "  error UD401 openai/gpt-4o: what UD401 found",
        "    at: understudy.toml:4",
        "    fix: how to mend UD401",
        "    help: https://understudy.example.org/rules/UD401",
        "  error UD202 pkg:huggingface/Qwen/Qwen3-8B: what UD202 found",
        "    at: understudy.toml:4",
        "    fix: how to mend UD202",
        "    help: https://understudy.example.org/rules/UD202",
        "",
        "1 warning",
        "  warning UD307 pkg:huggingface/Qwen/Qwen3-8B: what UD307 found",
        "",
        "1 note",
        "  note UD502 openai/gpt-4o: what UD502 found",
        "    at: understudy.toml:4",
        "    waived until: 2026-01-31",
        "    fix: how to mend UD502",
        "    help: https://understudy.example.org/rules/UD502",
    ]


def test_json_hands_on_all_that_the_server_says(client: Client, serve: Serve) -> None:
    body = b'{ "url":"https://u.example/1", "verdict":"pass","findings":[],\n "new":"\xc3\xa9" }'

    run = client.check(serve(send(200, "application/json", body)), "--format", "json")

    assert json.loads(run.raw) == json.loads(body)
    assert run.errors == ""


def test_text_and_json_agree_on_the_findings(client: Client, serve: Serve) -> None:
    server = serve(answer(FAILED))

    text = client.check(server).text
    document = json.loads(client.check(server, "--format", "json").text)

    shown = re.findall(r"^  (error|warning|note) (\S+) (\S+): (.*)$", text, re.MULTILINE)
    sent = [(f["level"], f["rule"], f["ref"], f["message"]) for f in document["findings"]]
    assert sorted(shown) == sorted(sent)


def test_fields_that_a_newer_server_adds_are_no_obstacle(inside: ClientInside, serve: Serve) -> None:
    document = check("fail", finding("error", "UD401", severity=9), baseline={"known": 3})

    assert inside.check(serve(answer(document))).code == 1


def test_optional_fields_may_be_null_or_absent(inside: ClientInside, serve: Serve) -> None:
    bare = {"rule": "UD101", "level": "error", "ref": "x", "message": "m", "locations": [{"path": "a.py"}]}
    document = {"url": CHECK_URL, "verdict": "fail", "facts_as_of": None, "findings": [bare]}

    run = inside.check(serve(answer(document)))

    assert run.code == 1
    assert "    at: a.py\n" in run.text


def test_hostile_text_from_the_server_is_shown_harmlessly(client: Client, serve: Serve) -> None:
    hostile = finding("error", HOSTILE, ref=HOSTILE, message=HOSTILE, fix=HOSTILE, help_url=HOSTILE)
    hostile |= {"waiver": {"until": HOSTILE}, "locations": [{"path": HOSTILE, "line": 1}]}
    document = check("fail", hostile, url=HOSTILE, facts_as_of=HOSTILE, policy_version=HOSTILE)

    run = client.check(serve(answer(document)))

    assert run.code == 1
    assert all(line.isprintable() for line in run.text.split("\n"))
    assert not re.search(r"^\s*::|##", run.text, re.MULTILINE)
    assert len(run.lines) == 11


def test_hostile_text_in_a_problem_is_shown_harmlessly(inside: ClientInside, serve: Serve) -> None:
    run = inside.check(serve(problem(403, title=HOSTILE, detail=HOSTILE, code=HOSTILE, errors=[HOSTILE])))

    assert run.code == 3
    assert all(line.isprintable() for line in run.errors.split("\n"))
    assert all(line.startswith("understudy: ") for line in run.errors.splitlines())


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_server_that_repeats_the_token_cannot_bring_it_into_the_log(
    inside: ClientInside, serve: Serve, form: str
) -> None:
    document = check("fail", finding("error", "UD101", message=f"Authorization: Token {TOKEN}"))

    run = inside.check(serve(answer(document)), "--format", form)

    assert run.code == 1
    assert "Authorization: Token ***" in run.text
    assert TOKEN not in run.text + run.errors


def test_an_ascii_log_does_not_change_the_verdict(client: Client, serve: Serve) -> None:
    document = check("warn", finding("warning", "UD302", message="retires in März → soon"))

    run = client.check(serve(answer(document)), PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert run.code == 0
    assert "retires in M\\xe4rz" in run.text


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_answer_that_cannot_be_written_is_no_verdict(client: Client, serve: Serve, form: str) -> None:
    arguments = ["check", "--url", serve(answer(FAILED)).url, "--format", form]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            client.command(*arguments),
            cwd=client.folder,
            env=client.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=20,
            check=False,
        )

    assert done.returncode == 3
    assert b"No space left" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_never_make_a_pass_of_a_failure(client: Client, serve: Serve, closed: str) -> None:
    arguments = client.command("check", "--url", serve(problem(500)).url)

    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *arguments],
        cwd=client.folder,
        env=client.environment(),
        timeout=20,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 3


def on_a_terminal(client: Client, url: str, **variables: str) -> str:
    """What a person sees who runs the client by hand."""
    ours, theirs = pty.openpty()
    subprocess.run(
        client.command("check", "--url", url),
        cwd=client.folder,
        env=client.environment(TERM="xterm", **variables),
        stdout=theirs,
        timeout=20,
        check=False,
    )
    os.close(theirs)
    with os.fdopen(ours, "rb") as screen:
        return screen.read1(65536).decode()


def test_colours_are_for_terminals_only(client: Client, serve: Serve) -> None:
    server = serve(answer(PASSED))

    assert on_a_terminal(client, server.url).startswith("\x1b[32mPASS")
    assert on_a_terminal(client, server.url, NO_COLOR="1").startswith("PASS")
    assert client.check(server).text.startswith("PASS")
