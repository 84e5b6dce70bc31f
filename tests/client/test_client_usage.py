"""Wrong usage: exit 2, a message with the place and the way out, and not one request."""

import pytest

from tests.client.answers import PASSED
from tests.client.conftest import TOKEN, Client, ClientInside, Run, Serve
from tests.client.fake_server import answer


def assert_usage(run: Run, *parts: str) -> None:
    assert run.code == 2
    assert run.raw == b""
    assert "Traceback" not in run.errors
    assert TOKEN not in run.errors
    for part in parts:
        assert part in run.errors


ONE = '[[models]]\nref = "m"\n'


@pytest.mark.parametrize(
    ("manifest", "place", "way_out"),
    [
        ("system = \n", "understudy.toml: is not valid TOML: Invalid value (at line 1", "Mend it there"),
        ("a = " + "[" * 5000, "is not valid TOML", "Mend it there"),
        ("", "understudy.toml:1: models names no model", "Add at least one [[models]] entry"),
        ('system = "s"\nmodels = []\n', "understudy.toml:2: models names no model", "[[models]]"),
        ('system = "s"\n[models]\nref = "m"\n', "models must be an array of tables", "[[models]]"),
        ('system = "s"\nmodels = ["m"]\n', "understudy.toml:2: models must be an array of tables", "[[models]]"),
        (ONE, "system is missing", "or pass --system"),
        (f"system = 7\n{ONE}", "understudy.toml:1: system must be a string, not an integer", 'system = "…"'),
        (f'system = "  "\n{ONE}', "understudy.toml:1: system is empty", "Give it a value"),
        (f"environment = 2025-01-01\n{ONE}", ":1: environment must be a string, not a date", "Write it as"),
        (f'\nenviroment = "test"\n{ONE}', ":2: enviroment is not a known key", "system, environment, complete, models"),
        (f'system = "s"\n{ONE}[[models]]\nvia = "v"\n', ":4: models[1].ref is missing", "provider/model"),
        (f'system = "s"\n{ONE}revision = 1.5\n', ":4: models[0].revision must be a string, not a float", "= "),
        (f'system = "s"\n{ONE}via = ["a"]\n', ":4: models[0].via must be a string, not an array", "= "),
        (f'system = "s"\n{ONE}purpose = {{a = 1}}\n', ":4: models[0].purpose must be a string, not a table", "= "),
        (f'system = "s"\n{ONE}\n"model" = "m"\n', ":5: models[0].model is not a known key", "ref, via"),
        (f'system = "s"\n{ONE}line = 3\n', ":4: models[0].line stands without path", "Add path"),
        (f'system = "s"\n{ONE}path = "a"\nline = 0\n', ":5: models[0].line is 0", "count from 1"),
        (f'system = "s"\n{ONE}path = "a"\nline = true\n', ":5: models[0].line must be an integer, not a boolean", "12"),
        (f'system = "s"\n{ONE}[models.extra]\nx = 1\n', "models[0].extra is not a known key", "ref, via"),
        (f'system = "s"\n{ONE}[[other]]\nref = "m"\n', "other is not a known key", "models"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_place_and_the_way_out(
    inside: ClientInside, serve: Serve, manifest: str, place: str, way_out: str
) -> None:
    server = serve(answer(PASSED))
    inside.write_manifest(manifest)

    assert_usage(inside.check(server), place, way_out)
    assert server.log == []


def test_a_missing_manifest_is_named(client: Client) -> None:
    run = client.run("check", "--url", "http://127.0.0.1:1", "--manifest", "no/such.toml")

    assert_usage(run, "no/such.toml: there is no such file", "--manifest", "[[models]]")


def test_a_manifest_that_is_a_folder_is_refused(inside: ClientInside) -> None:
    assert_usage(inside.run("check", "--manifest", "."), "cannot be read")


def test_a_manifest_in_another_encoding_is_refused(inside: ClientInside) -> None:
    (inside.folder / "understudy.toml").write_bytes('system = "sück"'.encode("latin-1"))

    assert_usage(inside.run("check"), "is not UTF-8 text")


def test_a_hostile_key_in_the_manifest_is_shown_harmlessly(inside: ClientInside) -> None:
    inside.write_manifest('"\\u001b[2J\\n::error::x" = 1\n')

    run = inside.run("check")

    assert_usage(run, "is not a known key")
    assert all(line.isprintable() and line.startswith("understudy: ") for line in run.errors.splitlines())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "COMMAND"),
        (["approve"], "invalid choice"),
        (["check", "--format", "xml"], "invalid choice"),
        (["check", "--time", "3"], "unrecognized arguments"),
        (["check", "--timeout", "0"], "above 0"),
        (["check", "--timeout", "nan"], "above 0"),
        (["check", "--timeout", "inf"], "above 0"),
        (["check", "--timeout", "soon"], "above 0"),
        (["check", "--system", ""], "--system: is empty"),
        (["check", "--environment", " "], "--environment: is empty"),
        (["check", "--token", TOKEN], "the token is read from UNDERSTUDY_TOKEN"),
        (["check", f"--token={TOKEN}"], "the token is read from UNDERSTUDY_TOKEN"),
        (["check"], "Set UNDERSTUDY_URL or pass --url"),
        (["check", "--url", "understudy.example.org"], "not an http or https address"),
        (["check", "--url", "ftp://understudy.example.org"], "not an http or https address"),
        (["check", "--url", "https://"], "not an http or https address"),
        (["check", "--url", "https://h:port"], "cannot be read"),
        (["check", "--url", "https://[::1"], "cannot be read"),
        (["check", "--url", f"https://x:{TOKEN}@understudy.example.org"], "user name or password"),
        (["check", "--url", "https://understudy.example.org/?a"], "a query"),
        (["check", "--url", "https://under study.example.org"], "a space"),
        (["check", "--url", "https://ündér.example.org"], "odd characters"),
    ],
)
def test_wrong_arguments_are_refused(inside: ClientInside, arguments: list[str], reason: str) -> None:
    assert_usage(inside.run(*arguments), reason)


@pytest.mark.parametrize(
    "host", ["understudy.example.org", "192.0.2.1", "localhost.example.org", "127.0.0.1.example.org", "0x7f.1", "[::]"]
)
def test_plain_http_beyond_loopback_is_refused(inside: ClientInside, host: str) -> None:
    assert_usage(inside.run("check", "--url", f"http://{host}"), "plain http", "--insecure-http")


def test_plain_http_can_be_accepted_knowingly(inside: ClientInside, serve: Serve) -> None:
    proxy = serve(answer(PASSED))

    run = inside.run("check", "--url", "http://understudy.invalid", "--insecure-http", http_proxy=proxy.url)

    assert run.code == 0
    assert proxy.log[0].path == "http://understudy.invalid/api/v1/checks/"


@pytest.mark.parametrize(
    ("token", "reason"),
    [("", "Set UNDERSTUDY_TOKEN"), ("two words-secret", "not a token"), ("ab\nHost: x-secret", "not a token")],
)
def test_a_token_that_cannot_be_one_is_refused_and_not_repeated(inside: ClientInside, token: str, reason: str) -> None:
    run = inside.run("check", "--url", "http://127.0.0.1:1", UNDERSTUDY_TOKEN=token)

    assert_usage(run, reason)
    assert "secret" not in run.errors.replace("secret store", "")


def test_help_and_version_need_nothing(inside: ClientInside) -> None:
    (inside.folder / "understudy.toml").unlink()

    assert "Exit codes: 0 pass or warn, 1 fail, 2 wrong usage, 3 could not check" in inside.run("--help").text
    assert "--insecure-http" in inside.run("check", "--help").text
    assert "--token" not in inside.run("check", "--help").text
    assert inside.run("--version").text.startswith("understudy ")


def test_an_argument_error_ends_the_process_with_2(client: Client) -> None:
    assert_usage(client.run("check", "--timeout", "0"), "above 0")
