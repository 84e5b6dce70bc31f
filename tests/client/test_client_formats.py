"""Whatever a check found: each format keeps to its schema, and all of them tell the same findings."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.client.answers import FAILED, check
from tests.client.conftest import CLIENT_FOLDER

PAYLOADS = Path(__file__).resolve().parents[1] / "payloads"
SARIF = json.loads((PAYLOADS / "sarif/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
JUNIT = PAYLOADS / "junit/junit-10.xsd"
# What GitLab asks of an entry (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format).
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string"},
            "check_name": {"type": "string"},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./)"},
                    "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer"}}},
                },
            },
        },
    },
}
LEVELS = ("error", "warning", "note")
# Line breaks, commands of CI runners, markup, terminal escapes, a byte of a file's name that is no UTF-8.
HOSTILE = [
    "\n",
    "\r",
    "::error::",
    "##[x]",
    "%0A",
    "<b>",
    "]]>",
    "&",
    "|",
    "`",
    "\x1b[31m",
    "\x00",
    "\u202e",
    "\ufffe",
    "é",
    "😀",
    '"',
    "\\",
    ",",
    ":",
]
TEXTS = st.lists(st.sampled_from([*HOSTILE, "gpt", " ", "org/name"]), min_size=1, max_size=6).map("".join)
PATHS = st.lists(st.sampled_from(["a", "b c", "é", "#", "?", "%", "\udcff", "src", ".."]), min_size=1, max_size=3).map(
    "/".join
)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(CLIENT_FOLDER)
        import understudy.answer  # noqa: PLC0415  (on the path only while a test asks for it)
        import understudy.finding_prints  # noqa: PLC0415  (the same)
        import understudy.formats  # noqa: PLC0415  (the same)

        yield understudy


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """A finding as a server may send it."""
    places = st.fixed_dictionaries({"path": PATHS, "line": st.none() | st.integers(1, 9)})
    return {
        "rule": draw(st.sampled_from(["UD101", "UD401", "UD502", "UD999"])),
        "level": draw(st.sampled_from(LEVELS)),
        "ref": draw(TEXTS),
        "message": draw(TEXTS),
        "fix": draw(st.none() | TEXTS),
        "help_url": draw(st.none() | TEXTS | st.just("https://understudy.example.org/rules/UD401/")),
        "waiver": draw(st.none() | st.just({"until": "2026-01-31"})),
        "locations": draw(st.lists(places, max_size=3)),
    }


@st.composite
def own(draw: st.DrawFn) -> dict[str, Any]:
    """What only the client's own findings have."""
    kind = draw(st.none() | st.sampled_from(["ignored", "baseline"]))
    return {"columns": draw(st.integers(1, 99)), "suppression": kind and (kind, draw(TEXTS))}


def report_of(
    client: Any, sent: list[dict[str, Any]], scanned: list[tuple[dict[str, Any], dict[str, Any]]], trouble: str | None
) -> Any:
    """A report as `check` makes it, of what the server sent and what the scan found."""
    models = client.models
    answer = None if trouble else client.answer.parse_answer(json.dumps(check("fail", *sent)).encode())
    found = [_own(client, entry, extra) for entry, extra in scanned]
    findings = client.finding_prints.with_fingerprints((*(answer.findings if answer else ()), *found))
    looked = models.Looked(2, 1, 1, ("x",), ("é\udcff.py: is larger than 2 MiB",))
    return models.Report("search", "production", models.Verdict.FAIL, (), findings, answer, looked, trouble)


def _own(client: Any, entry: dict[str, Any], extra: dict[str, Any]) -> Any:
    models = client.models
    (finding,) = client.answer.parse_answer(json.dumps(check("fail", {**entry, "waiver": None})).encode()).findings
    places = tuple(models.Location(place.path, place.line or 1, extra["columns"]) for place in finding.locations)
    suppression = extra["suppression"] and models.Suppression(*extra["suppression"])
    return models.Finding(
        finding.rule, finding.level, finding.ref, finding.message, finding.fix, None, None, places, suppression
    )


@contextmanager
def no_summary() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        yield


def valid(schema: Any, document: Any) -> Any:
    """The document; raises `ValueError` where the schema refuses it."""
    # Loaded by those who validate alone: it reads the grammars of forty formats first.
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError  # noqa: PLC0415

    try:
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)
    except ValidationError as refused:
        raise ValueError(refused.message) from refused
    return document


def valid_sarif(text: str) -> Any:
    return valid(SARIF, json.loads(text))


def valid_junit(text: str) -> Any:
    suite = etree.fromstring(text.encode())
    etree.XMLSchema(etree.parse(JUNIT)).assertValid(suite)
    return suite


def written(client: Any, report: Any) -> dict[str, str]:
    with no_summary():
        return {name: render(report) for name, render in client.formats.FORMATS.items()}


def told_by_sarif(document: Any) -> Counter[tuple[Any, ...]]:
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    return Counter(
        (
            rules[one["ruleIndex"]]["id"],
            one["level"],
            one["properties"]["ref"],
            one["properties"]["message"],
            "suppressions" in one,
        )
        for one in run["results"]
    )


def places_of_sarif(document: Any) -> list[list[tuple[str, int | None]]]:
    found = []
    for one in document["runs"][0]["results"]:
        physical = [place["physicalLocation"] for place in (*one["locations"], *one.get("relatedLocations", ()))]
        assert {place["artifactLocation"]["uriBaseId"] for place in physical} == {"SRCROOT"}
        found.append(
            [
                (
                    unquote(place["artifactLocation"]["uri"], errors="surrogateescape"),
                    place.get("region", {}).get("startLine"),
                )
                for place in physical
            ]
        )
    return found


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    sent=st.lists(entries(), max_size=4),
    scanned=st.lists(st.tuples(entries(), own()), max_size=3),
    trouble=st.none() | TEXTS,
)
def test_every_format_is_valid_and_tells_every_finding(
    client: Any, sent: Any, scanned: Any, trouble: str | None
) -> None:
    report = report_of(client, sent, scanned, trouble)
    findings = report.findings
    text = written(client, report)
    shown = client.terminal.neutralise

    sarif = valid_sarif(text["sarif"])
    junit = valid_junit(text["junit"])
    gitlab = valid(GITLAB, json.loads(text["gitlab"]))
    in_json = json.loads(text["json"])["findings"]
    lines = text["text"].splitlines()

    assert Counter(
        (one["rule"], one["level"], one["ref"], one["message"], bool(one["waiver"] or one.get("suppression")))
        for one in in_json
    ) == told_by_sarif(sarif)
    assert Counter(line for line in lines if line.startswith(("  error ", "  warning ", "  note "))) == Counter(
        f"  {one.level} {one.rule} {shown(one.ref)}: {shown(one.message)}" for one in findings
    )
    assert Counter((one["rule"], one["level"], shown(one["ref"]), shown(one["message"])) for one in in_json) == Counter(
        (one.rule, one.level, shown(one.ref), shown(one.message)) for one in findings
    )
    assert [
        places or [("understudy.toml", 1)]
        for places in ([(p["path"], p["line"]) for p in one["locations"]] for one in in_json)
    ] == places_of_sarif(sarif)
    assert lines.count("") >= 1
    assert sum(line.startswith("    at: ") for line in lines) == sum(len(one.locations) for one in findings)
    places = sum(len(one.locations) or 1 for one in findings)
    assert len(gitlab) == places + bool(trouble)
    assert len({one["fingerprint"] for one in gitlab}) == len(gitlab)
    assert len(re.findall(r"^::(?:error|warning|notice) ", text["github"], re.MULTILINE)) == places + bool(trouble)
    assert not re.search(r"^::(?!(?:error|warning|notice) )", text["github"], re.MULTILINE)
    failures = sum(one.level == "error" for one in findings)
    assert (junit.get("failures"), len(junit.findall("testcase/failure"))) == (str(failures), failures)
    assert (junit.get("errors"), len(junit.findall("testcase/error"))) == (str(int(bool(trouble))), int(bool(trouble)))
    prints = [one["partialFingerprints"]["understudyFinding/v1"] for one in sarif["runs"][0]["results"]]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("runs", 0, "results", 0, "level"), "fatal"),
        (("runs", 0, "tool"), {}),
        (("runs", 0, "results", 0, "colour"), "red"),
    ],
)
def test_the_schema_refuses_what_is_no_sarif(client: Any, path: tuple[Any, ...], value: Any) -> None:
    document = json.loads(written(client, report_of(client, FAILED["findings"], [], None))["sarif"])
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value

    with pytest.raises(ValueError, match=r"\w"):
        valid_sarif(json.dumps(document))


def test_the_schema_refuses_what_is_no_junit() -> None:
    with pytest.raises(etree.DocumentInvalid):
        valid_junit("<testsuite><case/></testsuite>")
