"""What the client says to the server, and to nobody else."""

import uuid

import pytest

from tests.client.answers import PASSED
from tests.client.conftest import TOKEN, Client, ClientInside, Serve
from tests.client.fake_server import Seen, answer, problem, tunnel_into

TLS_HANDSHAKE = b"\x16\x03"


def asked(client: Client, serve: Serve, *arguments: str, **variables: str) -> Seen:
    """The one request of a run."""
    server = serve(answer(PASSED))
    run = client.check(server, *arguments, **variables)
    assert run.code == 0, run.errors
    (seen,) = server.log
    return seen


def test_the_request_is_the_one_the_api_promises_to_answer(client: Client, serve: Serve) -> None:
    seen = asked(client, serve, "--commit", "abc123", "--source-url", "https://ci.example/1")

    assert (seen.method, seen.path) == ("POST", "/api/v1/checks/")
    assert seen.json() == {
        "system": "product-search",
        "environment": "production",
        "models": [
            {
                "ref": "openai/gpt-4o",
                "via": "azure",
                "revision": "2024-08-06",
                "purpose": "ranking",
                "locations": [{"path": "understudy.toml", "line": 4}],
            },
            {
                "ref": "pkg:huggingface/Qwen/Qwen3-8B",
                "locations": [{"path": "src/search.py", "line": 12}],
            },
        ],
        "commit": "abc123",
        "source_url": "https://ci.example/1",
    }


def test_the_headers_name_the_token_the_client_and_one_key_per_run(inside: ClientInside, serve: Serve) -> None:
    first, second = asked(inside, serve), asked(inside, serve)

    assert first.headers["Authorization"] == f"Token {TOKEN}"
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["User-Agent"].startswith("understudy-client/")
    assert uuid.UUID(first.headers["Idempotency-Key"]).version == 4
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]


def test_arguments_go_before_the_manifest(inside: ClientInside, serve: Serve) -> None:
    inside.write_manifest('system = "a"\nenvironment = "staging"\nmodels = [{ref = "m"}]')

    seen = asked(inside, serve, "--system", "b", "--environment", "test")

    assert (seen.json()["system"], seen.json()["environment"]) == ("b", "test")


def test_the_manifest_names_the_environment_where_no_argument_does(inside: ClientInside, serve: Serve) -> None:
    inside.write_manifest('system = "a"\nenvironment = "staging"\nmodels = [{ref = "m"}]')

    assert asked(inside, serve).json()["environment"] == "staging"


def test_empty_commit_and_source_url_are_left_out(inside: ClientInside, serve: Serve) -> None:
    assert set(asked(inside, serve, "--commit", "", "--source-url", "").json()) == {
        "system",
        "environment",
        "models",
    }


def test_the_server_may_live_under_a_path_and_come_from_the_environment(inside: ClientInside, serve: Serve) -> None:
    server = serve(answer(PASSED))

    run = inside.run("check", UNDERSTUDY_URL=f"{server.url}/understudy/")

    assert run.code == 0
    assert server.log[0].path == "/understudy/api/v1/checks/"


@pytest.mark.parametrize(
    ("manifest", "shown"),
    [("understudy.toml", "understudy.toml"), ("../outside.toml", "outside.toml"), ("a/b/../m.toml", "a/m.toml")],
)
def test_locations_name_the_manifest_as_the_repository_does(
    inside: ClientInside, serve: Serve, manifest: str, shown: str
) -> None:
    (inside.folder / "repo/a/b").mkdir(parents=True)
    (inside.folder / "repo" / manifest).write_text('system = "a"\n[[models]]\nref = "m"\n')

    seen = asked(ClientInside(inside.folder / "repo"), serve, "--manifest", manifest)

    assert seen.json()["models"][0]["locations"] == [{"path": shown, "line": 3}]


TRICKY = '''\
# ref = "in a comment"  [[models]]
system = """
[[models]]
ref = "in a text" \\""" ref = 1
product-search"""

[[models]] # ref = "x"
purpose = \'\'\'
ref = "in another text"
[[models]]\'\'\'
"ref" = "one"  # HERE
via = "ref = 'x' # [[models]]"
  [[ models ]]
    \'ref\'    = "two"  # HERE

[["models"]]
purpose = """ends in quotes \\\\"""""
via = "back\\\\slash\\""
ref="three"  # HERE
[[models]]

path = "src/a.py" # no line: the first
ref = \'four\'
[[models]]
ref = """
five"""
'''


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_locations_are_the_lines_of_the_refs_however_the_manifest_is_written(
    inside: ClientInside, serve: Serve, newline: str, start: str
) -> None:
    (inside.folder / "understudy.toml").write_bytes((start + TRICKY.replace("\n", newline)).encode())

    models = asked(inside, serve, "--system", "s").json()["models"]

    here = [number for number, line in enumerate(TRICKY.split("\n"), 1) if "# HERE" in line]
    places = [model["locations"][0] for model in models]
    assert [model["ref"] for model in models] == ["one", "two", "three", "four", "five"]
    assert [place["line"] for place in places[:3]] == here
    assert places[3] == {"path": "src/a.py", "line": 1}
    assert places[4] == {"path": "understudy.toml", "line": TRICKY.split("\n").index('ref = """') + 1}


def test_models_written_inline_have_their_own_lines_too(inside: ClientInside, serve: Serve) -> None:
    inside.write_manifest('system = "s"\nmodels = [\n  {ref = "a"},\n  {via = "x", ref = "b"}, # {\n]\n')

    models = asked(inside, serve).json()["models"]

    assert [model["locations"][0]["line"] for model in models] == [3, 4]


def test_a_loopback_server_is_not_asked_through_a_proxy(inside: ClientInside, serve: Serve) -> None:
    proxy = serve(problem(500))

    asked(inside, serve, http_proxy=proxy.url, HTTP_PROXY=proxy.url)

    assert proxy.log == []


def test_what_goes_through_a_proxy_is_encrypted_on_the_last_retry_too(client: Client, serve: Serve) -> None:
    tunnelled: list[bytes] = []
    proxy = serve(problem(502), problem(502), tunnel_into(tunnelled))

    run = client.run("check", "--url", "https://understudy.invalid", https_proxy=proxy.url)

    assert run.code == 3
    assert [seen.method for seen in proxy.log] == ["CONNECT"] * 3
    assert not any("Authorization" in seen.headers for seen in proxy.log)
    assert tunnelled[0][:2] == TLS_HANDSHAKE


SCANNED = 'system = "product-search"\n[[models]]\nref = "openai/gpt-4o"\n'
CODE = 'client.chat.completions.create(model="gpt-4o", messages=[])\n'


def is_complete(inside: ClientInside, serve: Serve, *arguments: str) -> bool:
    """Whether the server was told that it hears of all models."""
    return bool(asked(inside, serve, *arguments).json().get("complete", False))


def write(inside: ClientInside, name: str, text: str) -> None:
    (inside.folder / name).parent.mkdir(parents=True, exist_ok=True)
    (inside.folder / name).write_text(f"from openai import OpenAI\nclient = OpenAI()\n{text}", encoding="utf-8")


def test_a_scan_that_saw_everything_says_that_these_are_all_models(inside: ClientInside, serve: Serve) -> None:
    inside.write_manifest(SCANNED)
    write(inside, "src/a.py", CODE)

    assert is_complete(inside, serve)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (CODE, ["--no-scan"]),
        ("client.chat.completions.create(model=row.name, messages=[])\n", []),
        ('client.chat.completions.create(model="gpt-5", messages=[])  # understudy: ignore[UD106] a trial\n', []),
        (CODE, ["src", "--manifest", "understudy.toml"]),
    ],
    ids=["no scan", "a name that nobody can work out", "a use that is ignored", "a part of the folder"],
)
def test_one_that_did_not_says_nothing_of_the_kind(
    inside: ClientInside, serve: Serve, text: str, arguments: list[str]
) -> None:
    inside.write_manifest(SCANNED)
    write(inside, "src/a.py", text)

    assert not is_complete(inside, serve, *arguments)


def test_a_manifest_can_say_that_others_name_the_rest(inside: ClientInside, serve: Serve) -> None:
    inside.write_manifest(f"complete = false\n{SCANNED}")
    write(inside, "src/a.py", CODE)

    assert not is_complete(inside, serve)
