"""Scan and check together: what is used against what is declared, in every format, to the exit code."""

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.client.answers import FAILED, PASSED, check, finding
from tests.client.conftest import Client, ClientInside, Serve
from tests.client.fake_server import answer, problem

ROOT = Path(__file__).resolve().parents[2]
IMPORT = "from sentence_transformers import SentenceTransformer\n"
CODE = f'{IMPORT}model = SentenceTransformer("BAAI/bge-m3")\n'
MANIFEST = 'system = "search"\n[[models]]\nref = "BAAI/bge-m3"\n'
OTHER = 'system = "search"\n[[models]]\nref = "openai/gpt-4o"\n'


def write(client: Client, manifest: str, code: str = CODE) -> None:
    client.write_manifest(manifest)
    (client.folder / "app.py").write_text(code, encoding="utf-8")


def test_what_is_declared_is_asked_about_on_the_line_that_uses_it(inside: ClientInside, serve: Serve) -> None:
    write(inside, MANIFEST)
    server = serve(answer(PASSED))

    run = inside.check(server)

    (model,) = server.log[0].json()["models"]
    assert run.code == 0
    assert model["locations"] == [{"path": "app.py", "line": 2}, {"path": "understudy.toml", "line": 3}]
    assert "looked at 1 file: 1 mention of 1 model" in run.text


def test_what_is_used_and_not_declared_fails_although_the_server_passes(inside: ClientInside, serve: Serve) -> None:
    write(inside, OTHER)
    server = serve(answer(PASSED))

    run = inside.check(server)

    assert run.code == 1
    assert "error UD106 BAAI/bge-m3: BAAI/bge-m3 is used (SentenceTransformer(…))" in run.text
    assert "note UD107 openai/gpt-4o" in run.text
    assert [model["ref"] for model in server.log[0].json()["models"]] == ["openai/gpt-4o", "BAAI/bge-m3"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 1),
        (["--warn-only"], 0),
        (["--environment", "staging"], 0),
        (["--environment", "staging", "--fail-on", "warning"], 1),
        (["--no-scan"], 0),
    ],
)
def test_how_strict_it_is_can_be_said(inside: ClientInside, serve: Serve, arguments: list[str], code: int) -> None:
    write(inside, OTHER)

    assert inside.check(serve(answer(PASSED)), *arguments).code == code


@pytest.mark.parametrize(
    ("environment", "code"), [("production", 3), ("live", 3), ("eu-west", 3), ("staging", 0), ("dev-prod", 3)]
)
def test_what_could_not_be_checked_stops_whatever_is_not_known_to_be_no_production(
    inside: ClientInside, serve: Serve, environment: str, code: int
) -> None:
    run = inside.check(serve(problem(500)), "--environment", environment, "--warn-only")

    assert run.code == code
    assert "could not check" in run.errors
    assert "PASS" not in run.text


@pytest.mark.parametrize(
    ("environment", "said", "code"),
    [
        ("demo", "production", 3),
        ("eu-west", "production", 3),
        ("eu-west", "nonproduction", 0),
        ("production", "nonproduction", 0),
        # A class that this client does not know stops; where the server says nothing the name counts.
        ("staging", "semi-production", 3),
        ("staging", None, 0),
        ("production", None, 3),
    ],
)
def test_whether_an_unknown_verdict_stops_is_what_the_register_says_of_the_environment(
    inside: ClientInside, serve: Serve, environment: str, said: str | None, code: int
) -> None:
    server = serve(answer(check("unknown", environment_class=said)))

    assert inside.check(server, "--environment", environment).code == code


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_refused_question_stops_everywhere(inside: ClientInside, serve: Serve, status: int) -> None:
    assert inside.check(serve(problem(status)), "--environment", "staging").code == 3


def test_an_ignored_line_needs_a_reason(inside: ClientInside, serve: Serve) -> None:
    write(inside, OTHER, CODE.replace('m3")', 'm3")  # understudy: ignore[UD106]'))
    refused = inside.check(serve(answer(PASSED)))
    write(inside, OTHER, CODE.replace('m3")', 'm3")  # understudy: ignore[UD106] only its name is printed'))
    accepted = inside.check(serve(answer(PASSED)))

    assert refused.code == 2
    assert "app.py:2: understudy: ignore[UD106] gives no reason" in refused.errors
    assert accepted.code == 0
    assert "ignored: only its name is printed" in accepted.text


def test_only_the_scan_can_be_ignored_in_the_source(inside: ClientInside) -> None:
    write(inside, OTHER, CODE.replace('m3")', 'm3")  # understudy: ignore[UD104] we like it'))

    run = inside.run("scan")

    assert run.code == 2
    assert "Ask for a waiver" in run.errors


def test_a_baseline_holds_old_uses_when_lines_move_and_no_new_ones(inside: ClientInside, serve: Serve) -> None:
    write(inside, OTHER)
    assert inside.run("scan", "--write-baseline", "understudy-baseline.json").code == 0
    write(inside, OTHER, f"\n\n{CODE}")
    moved = inside.check(serve(answer(PASSED)))
    write(inside, OTHER, f'{CODE}SentenceTransformer("intfloat/e5-base-v2")\n')
    new = inside.check(serve(answer(PASSED)))

    assert moved.code == 0
    assert "baseline: in the baseline" in moved.text
    assert new.code == 1
    assert "error UD106 intfloat/e5-base-v2" in new.text


def test_init_writes_a_manifest_that_check_takes(inside: ClientInside, serve: Serve) -> None:
    (inside.folder / "understudy.toml").unlink()
    (inside.folder / "app.py").write_text(CODE, encoding="utf-8")

    assert inside.run("init", "--system", "search").code == 0
    assert inside.run("init").code == 2
    assert inside.check(serve(answer(PASSED))).code == 0


def test_all_formats_agree_on_every_finding(inside: ClientInside, serve: Serve) -> None:
    write(inside, OTHER)
    server = serve(answer(FAILED))
    written = {
        form: inside.check(server, "--format", form) for form in ("text", "json", "sarif", "junit", "github", "gitlab")
    }

    (sarif,) = json.loads(written["sarif"].text)["runs"]
    in_json = {(one["rule"], one["ref"], one["message"]) for one in json.loads(written["json"].text)["findings"]}
    in_sarif = {(one["ruleId"], one["properties"]["ref"], one["properties"]["message"]) for one in sarif["results"]}
    in_text = set(re.findall(r"^  (?:error|warning|note) (\S+) (\S+): (.*)$", written["text"].text, re.MULTILINE))
    in_junit = {case.get("name") for case in ET.fromstring(written["junit"].text.split("\n", 1)[1])}  # noqa: S314  (ours)
    in_gitlab = {one["check_name"] for one in json.loads(written["gitlab"].text)}
    in_github = set(re.findall(r"^::\w+ .*title=(UD\d+)", written["github"].text, re.MULTILINE))
    rules = {rule for rule, _, _ in in_json}
    assert in_json == in_sarif == in_text
    assert rules == in_gitlab == in_github
    assert in_junit == {ref for _, ref, _ in in_json}
    assert {run.code for run in written.values()} == {1}


def test_sarif_names_rules_with_help_lines_and_suppressions(inside: ClientInside, serve: Serve) -> None:
    write(inside, MANIFEST)
    waived = finding("note", "UD502", waiver={"until": "2026-01-31"})

    run = inside.check(serve(answer(check("warn", finding("warning", "UD401"), waived))), "--format", "sarif")

    (sarif,) = json.loads(run.text)["runs"]
    rules = sarif["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["UD401", "UD502"]
    assert "shortest way to green" in rules[0]["help"]["markdown"]
    assert sarif["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 4
    assert sarif["results"][1]["suppressions"][0]["justification"] == "waived until 2026-01-31"
    assert all(result["partialFingerprints"] for result in sarif["results"])


def test_hostile_text_cannot_command_github(inside: ClientInside, serve: Serve) -> None:
    hostile = finding("error", "UD101", ref="x\n::stop-commands::y", message="a\n::set-output name=b::c")

    run = inside.check(serve(answer(check("fail", hostile))), "--format", "github")

    assert not re.search(r"^::(?!error |notice |warning )", run.text, re.MULTILINE)


def test_explain_shows_the_page_of_the_documentation(inside: ClientInside) -> None:
    pages = json.loads((ROOT / "client/understudy/rules.json").read_text(encoding="utf-8"))
    docs = {page.stem: page.read_text(encoding="utf-8") for page in (ROOT / "docs/rules").glob("UD*.md")}

    assert pages == docs, "Run python client/build.py rules."
    assert inside.run("explain", "ud403").text == docs["UD403"]
    assert inside.run("explain", "UD999").code == 2


def test_what_no_server_reads_is_sent_with_fewer_places(inside: ClientInside, serve: Serve) -> None:
    folder = inside.folder.joinpath(*["a-folder-with-a-long-name-" * 7] * 4)
    folder.mkdir(parents=True)
    uses = "".join(f'CrossEncoder("acme/model-{number % 50}")\n' for number in range(5000))
    (folder / "app.py").write_text(f"from sentence_transformers import CrossEncoder\n{uses}", encoding="utf-8")
    server = serve(answer(PASSED))
    run = inside.check(server)

    (seen,) = server.log
    named = {model["ref"]: len(model["locations"]) for model in seen.json()["models"]}
    assert len(seen.body) <= 2 * 1024 * 1024
    assert {f"acme/model-{number}" for number in range(50)} < named.keys()
    assert min(named.values()) > 0
    assert run.code == 1


@pytest.mark.parametrize("environment", ["production", "staging"])
def test_what_no_server_reads_at_all_is_never_sent_and_no_verdict(
    inside: ClientInside, serve: Serve, environment: str
) -> None:
    name = "a" * 1200
    inside.write_manifest("".join(['system = "a"\n', *(f'[[models]]\nref = "{name}{one}"\n' for one in range(1900))]))
    server = serve(answer(PASSED))
    run = inside.check(server, "--no-scan", "--environment", environment)

    assert (run.code, server.log) == (3, [])
    assert "larger than the 2 MiB that a server reads" in run.errors


def test_a_file_whose_name_is_no_text_is_asked_about(inside: ClientInside, serve: Serve) -> None:
    inside.write_manifest('system = "a"\n[[models]]\nref = "BAAI/bge-m3"\n')
    name = os.fsencode(inside.folder) + b"/caf\xe9.py"
    Path(os.fsdecode(name)).write_text(f'{IMPORT}SentenceTransformer("BAAI/bge-m3")\n', encoding="utf-8")
    server = serve(answer(PASSED))

    assert inside.check(server).code == 0
    (model,) = server.log[0].json()["models"]
    assert model["locations"][0] == {"path": "caf\\udce9.py", "line": 2}


def test_what_was_found_in_it_stands_at_its_own_name(inside: ClientInside, serve: Serve) -> None:
    inside.write_manifest('system = "a"\n[[models]]\nref = "BAAI/bge-m3"\n')
    Path(os.fsdecode(os.fsencode(inside.folder) + b"/caf\xe9.py")).write_text(CODE, encoding="utf-8")
    found = finding("error", "UD401", ref="BAAI/bge-m3", locations=[{"path": "caf\\udce9.py", "line": 2}])
    sarif = json.loads(inside.check(serve(answer(check("fail", found))), "--format", "sarif").text)

    (place,) = sarif["runs"][0]["results"][0]["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "caf%E9.py"


@pytest.mark.parametrize(
    ("stated", "asked"),
    [
        ("\\udc80", "\\udc80"),
        ("0123abc\\n", "0123abc\\n"),
        ("0123abc\\u202e", "0123abc\\u202e"),
        ("a" * 300, "a" * 99 + "…"),
        ("version-ü", "version-ü"),
    ],
)
def test_a_revision_that_can_be_none_is_asked_about_and_stays_none(
    inside: ClientInside, serve: Serve, stated: str, asked: str
) -> None:
    code = f'{IMPORT}SentenceTransformer("BAAI/bge-m3", revision="{stated}")\n'
    write(inside, 'system = "a"\n[[models]]\nref = "BAAI/bge-m3"\n', code)
    server = serve(answer(PASSED))
    inside.check(server)

    (model,) = server.log[0].json()["models"]
    assert model["revision"] == asked
