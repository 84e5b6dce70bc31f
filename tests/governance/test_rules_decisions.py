"""5xx: decisions that still stand, and waivers that show."""

from dataclasses import replace
from datetime import timedelta

import pytest

from governance.rules.verdict import verdict_of
from tests.governance import facts_of_rules as f


def test_an_expired_adoption_is_told_once() -> None:
    expired = f.adopted(f.unadopted("acme/e5", "Acme"), expires_on=f.TODAY - timedelta(days=1))

    findings = f.found(f.use(expired))

    assert {rule: finding.level for rule, finding in findings.items()} == {"UD501": "error"}
    assert findings["UD501"].message == "The adoption of acme/e5 (huggingface) for embedding expired on 2026-04-14."
    assert findings["UD501"].fix == "Propose its adoption again; somebody else decides."


@pytest.mark.parametrize(
    ("criticality", "level"), [("important", "error"), ("normal", "warning"), ("experimental", "note")]
)
def test_an_expired_adoption_weighs_by_criticality(criticality: str, level: str) -> None:
    expired = f.adopted(f.unadopted("acme/e5", "Acme"), expires_on=f.TODAY - timedelta(days=1))

    assert f.levels(f.use(expired, of=f.system(criticality=criticality))) == {"UD501": level}


def test_an_adoption_whose_vendor_was_bought_says_what_changed() -> None:
    bought = replace(f.gte(), roots=f.roots("Alibaba", "Moonshot"))

    finding = f.found(f.use(bought))["UD501"]

    assert finding.message.endswith(
        "rests on facts that have changed: the vendors behind it were alibaba and are alibaba, moonshot."
    )
    assert f.levels(f.use(bought, actions=(f.action("independence"),))) == {"UD501": "warning"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"gating": "manual"}, "UD304"), ({"status": "removed"}, "UD301"), ({"upstream_id": "f" * 24}, "UD305")],
)
def test_a_change_that_has_a_rule_of_its_own_is_not_told_twice(change: dict[str, str], rule: str) -> None:
    assert set(f.found(f.use(replace(f.gte(), **change)))) == {rule}  # type: ignore[arg-type]  # a table of fields


def test_a_waived_finding_stays_as_a_note_with_its_waiver() -> None:
    findings = f.found(f.use(plan=None, waivers=(f.waiver("UD401"),)))

    assert findings["UD401"].level == "note"
    assert findings["UD401"].waiver == f.waiver("UD401")
    assert findings["UD502"].level == "note"
    assert findings["UD502"].message == "UD401 is waived for embedding until 2026-05-15: The migration runs."
    assert verdict_of(list(findings.values())) == "pass"


def test_a_waiver_that_ends_within_14_days_warns() -> None:
    def levels(ends_in: int) -> dict[str, str]:
        return f.levels(f.use(plan=None, waivers=(f.waiver("UD401", ends_in=ends_in),)))

    assert levels(15) == {"UD401": "note", "UD502": "note"}
    assert levels(14) == {"UD401": "note", "UD502": "warning"}


def test_a_waiver_that_nothing_needs_is_shown_and_never_warns() -> None:
    findings = f.found(f.use(waivers=(f.waiver("UD401", ends_in=2),)))

    assert {rule: finding.level for rule, finding in findings.items()} == {"UD502": "note"}
    assert findings["UD502"].fix == "Nothing to do: the rule is kept without it."


def test_a_waiver_of_the_whole_system_counts_where_it_is_needed_and_is_silent_elsewhere() -> None:
    lenient = f.system(waivers=(f.waiver("UD401", dependency_id=None),))

    assert f.levels(f.use(plan=None, of=lenient)) == {"UD401": "note", "UD502": "note"}
    lenient = f.system(waivers=(f.waiver("UD106", dependency_id=None),))
    assert f.levels(f.undeclared(system=lenient)) == {"UD106": "note", "UD502": "note"}
    assert f.found(f.use(of=lenient)) == {}


def test_a_waiver_waives_its_own_rule_and_no_other() -> None:
    assert f.levels(f.use(plan=None, waivers=(f.waiver("UD402"),)))["UD401"] == "error"


def test_of_two_waivers_the_longer_one_counts() -> None:
    short, long = f.waiver("UD401", ends_in=3), replace(f.waiver("UD401", ends_in=40, dependency_id=None), id=10)

    finding = f.found(f.use(plan=None, of=f.system(waivers=(long,)), waivers=()))["UD401"]
    both = f.use(plan=None, of=f.system(waivers=(long,)), waivers=(short,))

    assert finding.waiver == long
    assert [one.waiver for one in f.judged(both) if one.rule == "UD401"] == [long]
