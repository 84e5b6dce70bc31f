"""Levels by policy, the documents that policies are written in, and the verdict."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from governance.rules.catalogue import CRITICALITIES, LEVELS, RULES
from governance.rules.findings import Finding
from governance.rules.policy import BadPolicy, Policy, from_document
from governance.rules.verdict import verdict_of
from tests.governance import facts_of_rules as f

ROOT = Path(__file__).resolve().parents[2]


def finding(level: str, *, is_unknown: bool = False) -> Finding:
    return Finding(rule="UD301", level=level, message="", fix="", is_unknown=is_unknown)


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([], "pass"),
        ([finding("note")], "pass"),
        ([finding("note"), finding("warning")], "warn"),
        ([finding("warning"), finding("error")], "fail"),
        ([finding("warning", is_unknown=True)], "unknown"),
        ([finding("warning", is_unknown=True), finding("warning")], "unknown"),
        ([finding("warning", is_unknown=True), finding("error")], "fail"),
    ],
)
def test_the_heaviest_finding_decides_and_not_known_is_never_green(findings: list[Finding], verdict: str) -> None:
    assert verdict_of(findings) == verdict


def test_no_rule_weighs_more_outside_production_or_for_less_critical_systems() -> None:
    for code in RULES:
        weights = {
            is_production: [
                LEVELS.index(Policy().level_of(code, criticality=criticality, is_production=is_production))
                for criticality in CRITICALITIES
            ]
            for is_production in (True, False)
        }
        assert weights[True] == sorted(weights[True], reverse=True), code
        assert weights[False] == sorted(weights[False], reverse=True), code
        assert all(inside >= outside for inside, outside in zip(weights[True], weights[False], strict=True)), code


@pytest.mark.parametrize("code", [code for code in RULES if code.startswith("UD4")])
def test_a_rule_about_plans_never_stops_outside_production_whatever_the_policy(code: str) -> None:
    strict = from_document(1, {"levels": {code: "error"}})

    assert strict.level_of(code, criticality="critical", is_production=True) == "error"
    assert strict.level_of(code, criticality="critical", is_production=False) == "warning"


def test_a_document_changes_what_it_names_and_nothing_else() -> None:
    policy = from_document(
        4,
        {
            "levels": {"UD303": "error", "UD401": {"production": {"normal": "error"}}},
            "lead_days": {"critical": 120},
            "waiver_max_days": 60,
        },
    )

    assert policy.version == 4
    assert policy.level_of("UD303", criticality="experimental", is_production=False) == "error"
    assert policy.level_of("UD401", criticality="normal", is_production=True) == "error"
    assert policy.level_of("UD401", criticality="experimental", is_production=True) == "note"
    assert policy.lead_days == {"critical": 120, "important": 60, "normal": 30, "experimental": 14}
    assert policy.waiver_max_days == 60
    assert policy.approval_days == Policy().approval_days


def test_an_empty_document_is_the_built_in_policy() -> None:
    assert from_document(0, {}) == Policy()


def test_a_rule_that_is_off_is_silent() -> None:
    off = from_document(1, {"levels": {"UD401": "off"}})

    assert f.found(f.use(plan=None), off) == {}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"lead_day": {}}, "lead_day: is not known"),
        ({"levels": {"UD999": "error"}}, "levels.UD999: is not known"),
        ({"levels": {"UD401": "fatal"}}, "levels.UD401: must be one of off, note, warning, error, not 'fatal'"),
        ({"levels": {"UD401": {"prod": {}}}}, "levels.UD401.prod: is not known; known are production, nonproduction"),
        ({"levels": {"UD401": {"production": {"high": "error"}}}}, "levels.UD401.production.high: is not known"),
        ({"levels": {"UD104": "off"}}, "levels.UD104: cannot be switched off"),
        ({"levels": {"UD401": {"production": {"normal": None}}}}, "levels.UD401.production.normal: must be one of"),
        ({"levels": 3}, "levels: must be a table"),
        ({"lead_days": {"critical": -1}}, "lead_days.critical: must be a whole number of days from 0 to 3650, not -1"),
        ({"lead_days": {"critical": True}}, "lead_days.critical: must be a whole number"),
        ({"waiver_max_days": 0}, "waiver_max_days: must be a whole number of days from 1 to 3650, not 0"),
        ({"waiver_max_days": "90"}, "waiver_max_days: must be a whole number"),
        ({"allowed_license_classes": {"saas": ["unknown"]}}, "allowed_license_classes.saas: must be a list of open"),
        ({"allowed_license_classes": {"saas": "open"}}, "allowed_license_classes.saas: must be a list of open"),
    ],
)
def test_a_document_that_cannot_be_meant_is_refused_by_field(document: dict[str, Any], message: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        from_document(1, document)

    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("code", list(RULES))
def test_every_rule_has_a_page_with_its_title_and_both_examples(code: str) -> None:
    text = (ROOT / "docs" / "rules" / f"{code}.md").read_text()

    assert text.startswith(f"# {code}: {RULES[code].title}\n")
    for part in ("## What it means", "## Why", "## Levels", "## An example that fails", "## The same, passing"):
        assert part in text
    assert "## The shortest way to green" in text


@pytest.mark.parametrize("code", list(RULES))
def test_the_levels_on_a_rules_page_are_those_of_the_catalogue(code: str) -> None:
    text = (ROOT / "docs" / "rules" / f"{code}.md").read_text()

    for klass, title in (("production", "production"), ("nonproduction", "elsewhere")):
        levels = [RULES[code].levels[klass][criticality] for criticality in CRITICALITIES]
        assert f"| {title} | {' | '.join(levels)} |" in text


def test_the_rules_know_nothing_of_django() -> None:
    program = "import sys, governance.rules.judge, governance.basis, governance.answer; print('django' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "False"
