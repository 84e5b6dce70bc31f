"""The server is away: what a pipeline may go by is the last verdict that a configured key has signed, and nothing else."""

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.client import fake_server as act
from tests.client.answers import check, finding
from tests.client.conftest import Client, ClientInside, Serve
from tests.client.signing import ANOTHER, HEADER, OURS, claims, public, signed

# sha256 of the question of the manifest in conftest, made by hand from docs/reference/verdicts.md.
QUESTION = [
    "product-search",
    "production",
    False,
    [
        ["openai/gpt-4o", "azure", "2024-08-06", "ranking"],
        ["pkg:huggingface/Qwen/Qwen3-8B", "", "", ""],
    ],
]
DAY, MINUTE = 86400, 60


def digest(question: Any = QUESTION) -> str:
    return sha256(json.dumps(question, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


@pytest.fixture
def trust(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The configuration of a pipeline that names the server's key."""
    return {"UNDERSTUDY_VERDICT_KEYS": public(), "UNDERSTUDY_CACHE": str(tmp_path_factory.mktemp("kept"))}


def kept_in(trust: dict[str, str]) -> list[Path]:
    return list(Path(trust["UNDERSTUDY_CACHE"]).iterdir())


def put(trust: dict[str, str], text: str) -> None:
    """Whatever lies in the cache, whoever put it there."""
    (Path(trust["UNDERSTUDY_CACHE"]) / f"{digest()}.jws").write_text(text, encoding="utf-8")


def answered(verdict: str, **changed: Any) -> act.Behaviour:
    return act.answer(check(verdict, signed=signed(claims(digest(), verdict, **changed))))


def test_a_kept_pass_stands_in_while_nobody_answers(client: Client, serve: Serve, trust: dict[str, str]) -> None:
    assert client.check(serve(answered("pass")), **trust).code == 0

    run = client.check(serve(act.problem(500)), **trust)

    assert run.code == 0
    assert run.lines[0] == "PASS: product-search in production"
    assert "going by the last signed verdict: pass, checked at" in run.errors
    assert run.lines[-1].startswith("not checked: the server answered 500")


def test_without_a_configured_key_nothing_is_kept_and_nothing_is_believed(
    inside: ClientInside, serve: Serve, trust: dict[str, str]
) -> None:
    folder = {"UNDERSTUDY_CACHE": trust["UNDERSTUDY_CACHE"]}
    inside.check(serve(answered("pass")), **folder)
    assert kept_in(trust) == []

    put(trust, signed(claims(digest())))
    assert inside.check(serve(act.problem(500)), **folder).code == 3


def test_a_kept_warning_stands_in_and_is_as_strict_as_it_was_asked_to_be(
    inside: ClientInside, serve: Serve, trust: dict[str, str]
) -> None:
    put(trust, signed(claims(digest(), "warn")))
    down = serve(act.problem(500))

    assert inside.check(down, **trust).code == 0
    assert inside.check(down, "--fail-on", "warning", **trust).code == 1


@pytest.mark.parametrize("verdict", ["fail", "unknown"])
def test_what_was_not_green_does_not_help(
    inside: ClientInside, serve: Serve, trust: dict[str, str], verdict: str
) -> None:
    put(trust, signed(claims(digest(), verdict)))

    run = inside.check(serve(act.problem(500)), **trust)

    assert run.code == 3
    assert f"The last signed verdict does not help: {verdict}" in run.errors


def test_a_failure_displaces_the_pass_before_it(inside: ClientInside, serve: Serve, trust: dict[str, str]) -> None:
    server = serve(answered("pass"), answered("fail"), act.problem(500))

    assert [inside.check(server, **trust).code for _ in range(3)] == [0, 1, 3]


@pytest.mark.parametrize(
    "sent",
    [
        check("fail"),
        check("fail", signed="nonsense"),
        check("fail", signed=signed(claims(digest(), "fail"), key=ANOTHER)),
        check("fail", signed=signed(claims(digest(), "pass"))),
    ],
    ids=["not signed", "nonsense", "by another key", "says otherwise"],
)
def test_an_answer_that_cannot_be_kept_displaces_the_pass_before_it_too(
    inside: ClientInside, serve: Serve, trust: dict[str, str], sent: dict[str, Any]
) -> None:
    server = serve(answered("pass"), act.answer(sent), act.problem(500))

    runs = [inside.check(server, **trust) for _ in range(3)]

    assert [run.code for run in runs] == [0, 1, 3]
    assert "cannot stand in for a later one" in runs[1].errors


def test_a_server_that_knows_too_little_is_no_contradiction(
    inside: ClientInside, serve: Serve, trust: dict[str, str]
) -> None:
    server = serve(answered("pass"), act.answer(check("unknown", finding("warning", "UD306"))))

    runs = [inside.check(server, **trust) for _ in range(2)]

    assert [run.code for run in runs] == [0, 0]
    assert "lacks the fresh facts for a verdict; going by the last signed verdict" in runs[1].errors


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_who_is_refused_is_refused_whatever_was_said_before(
    inside: ClientInside, serve: Serve, trust: dict[str, str], status: int
) -> None:
    put(trust, signed(claims(digest())))

    assert inside.check(serve(act.problem(status)), **trust).code == 3


FORGED = {
    "another key": signed(claims(digest()), key=ANOTHER),
    "another system": signed(claims(digest(), sub="help-centre")),
    "another environment": signed(claims(digest(), environment="staging")),
    "another manifest": signed(claims(digest([*QUESTION[:3], []]))),
    "older than a day": signed(claims(digest(), age=DAY + MINUTE)),
    "counts for a week": signed(claims(digest(), exp=4_000_000_000)),
    "counted for an hour": signed(claims(digest(), age=2 * 3600, exp=claims("", age=3600)["iat"])),
    "from the future": signed(claims(digest(), age=-3600)),
    "no end": signed({name: value for name, value in claims(digest()).items() if name != "exp"}),
    "end is true": signed(claims(digest(), exp=True)),
    "no verdict": signed(claims(digest(), "green")),
    "claims are a list": signed([claims(digest())]),
    "no algorithm": signed(claims(digest()), header=HEADER | {"alg": "none"}),
    "keyed hash": signed(claims(digest()), header=HEADER | {"alg": "HS256"}),
    "another type": signed(claims(digest()), header=HEADER | {"typ": "JWT"}),
    "something critical": signed(claims(digest()), header=HEADER | {"crit": ["exp"]}),
    "no signature": signed(claims(digest())).rpartition(".")[0] + ".",
    "claims exchanged": ".".join(
        [signed(claims("")).split(".")[0], signed(claims(digest())).split(".")[1], signed(claims("")).split(".")[2]]
    ),
    "padded": signed(claims(digest())) + "==",
    "four parts": signed(claims(digest())) + ".e30",
    "empty": "",
    "huge": "a" * 1_000_000,
    "no text": "\u2028" * 10,
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_not_signed_about_this_very_question_within_the_day_is_not_believed(
    inside: ClientInside, serve: Serve, trust: dict[str, str], name: str
) -> None:
    put(trust, FORGED[name])

    run = inside.check(serve(act.problem(500)), **trust)

    assert run.code == 3
    assert "The last verdict " in run.errors
    assert "Traceback" not in run.errors


def test_the_same_in_the_cache_and_truly_signed_is_believed(
    inside: ClientInside, serve: Serve, trust: dict[str, str]
) -> None:
    """The control of the table above."""
    put(trust, signed(claims(digest(), age=DAY - MINUTE)))

    assert inside.check(serve(act.problem(500)), **trust).code == 0


def test_another_question_has_no_verdict_yet(inside: ClientInside, serve: Serve, trust: dict[str, str]) -> None:
    server = serve(answered("pass"), act.problem(500))
    assert inside.check(server, **trust).code == 0

    inside.write_manifest('system = "product-search"\n[[models]]\nref = "openai/gpt-5"\n')

    assert inside.check(server, **trust).code == 3


def test_while_keys_are_changed_both_are_believed(inside: ClientInside, serve: Serve, trust: dict[str, str]) -> None:
    trust |= {"UNDERSTUDY_VERDICT_KEYS": f"{public(ANOTHER)}, {public(OURS)}"}
    down = serve(act.problem(500))

    for key in (OURS, ANOTHER):
        put(trust, signed(claims(digest()), key=key))
        assert inside.check(down, **trust).code == 0


@pytest.mark.parametrize("keys", ["nonsense", public()[:-1], f"{public()},x", "=" * 43])
def test_a_key_that_can_be_none_is_wrong_usage(inside: ClientInside, serve: Serve, keys: str) -> None:
    run = inside.check(serve(answered("pass")), UNDERSTUDY_VERDICT_KEYS=keys)

    assert run.code == 2
    assert "UNDERSTUDY_VERDICT_KEYS" in run.errors


def test_a_folder_that_cannot_be_written_changes_no_verdict(
    inside: ClientInside, serve: Serve, trust: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    run = inside.check(serve(answered("pass")), **trust | {"UNDERSTUDY_CACHE": str(tmp_path / "file")})

    assert run.code == 0
    assert "cannot be kept" in run.errors


def test_a_failure_that_no_disk_has_room_for_takes_the_pass_before_it_away(
    client: Client, inside: ClientInside, serve: Serve, trust: dict[str, str]
) -> None:
    server = serve(answered("pass"), answered("fail"), act.problem(500))
    inside.check(server, **trust)

    # No process of this shell can write a byte into a file.
    full = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *client.command("check", "--url", server.url, "--no-scan")]
    environment = client.environment(**trust, PYTHONDONTWRITEBYTECODE="1")
    run = subprocess.run(full, cwd=client.folder, env=environment, capture_output=True, text=True, check=False)

    assert (run.returncode, "cannot be kept" in run.stderr) == (1, True), run.stderr
    assert kept_in(trust) == []
    assert inside.check(server, **trust).code == 3


def test_an_answer_that_comes_late_displaces_none_that_was_given_after_it(
    inside: ClientInside, serve: Serve, trust: dict[str, str]
) -> None:
    put(trust, signed(claims(digest(), "fail", age=5)))
    server = serve(answered("pass", age=10), act.problem(500), answered("pass", age=0), act.problem(500))

    assert [inside.check(server, **trust).code for _ in range(4)] == [0, 3, 0, 0]


def test_what_is_kept_is_the_servers_own_text_and_is_written_whole(
    client: Client, serve: Serve, trust: dict[str, str]
) -> None:
    client.check(serve(answered("pass")), **trust)

    (file,) = kept_in(trust)
    assert file.name == f"{digest()}.jws"
    assert file.read_text().count(".") == 2
    assert file.stat().st_mode & 0o077 == 0
