"""UD405: the way out was drilled, with success, and not too long ago."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from governance.rules.facts import AlternativeFacts, DrillFacts
from tests.governance import facts_of_rules as f

SPAN = timedelta(days=1)


def way(drill: DrillFacts | None, order: int = 1, **fields: Any) -> AlternativeFacts:
    return f.alternative(order=order, drill=drill, **fields)


def found_with(*ways: AlternativeFacts) -> dict[str, Any]:
    return f.found(f.use(plan=f.plan(*ways)))


@pytest.mark.parametrize(
    ("drill", "says"),
    [
        (None, "Snowflake/arctic-m (huggingface), was never drilled."),
        (f.drilled(expires_on=f.TODAY - SPAN), "was last drilled on 2026-03-06, and that drill expired on 2026-04-14."),
        (
            f.drilled(has_passed=False, shortfalls=("It cost 9.00 USD.",)),
            "failed its last drill on 2026-03-06: It cost",
        ),
    ],
)
def test_a_way_out_that_was_not_walked_of_late_with_success_is_an_error(drill: DrillFacts | None, says: str) -> None:
    findings = found_with(way(drill))

    assert {rule: finding.level for rule, finding in findings.items()} == {"UD405": "error"}
    assert says in findings["UD405"].message
    assert findings["UD405"].fix == (
        "Drill the switch to Snowflake/arctic-m (huggingface), and record what was measured."
    )


def test_a_drill_counts_on_the_day_on_which_it_expires() -> None:
    assert found_with(way(f.drilled(expires_on=f.TODAY))) == {}


def test_where_no_alternative_holds_nobody_asks_for_a_drill() -> None:
    assert set(found_with(replace(way(None), approval=None))) == {"UD401"}
    assert set(f.found(f.use(plan=None))) == {"UD401"}


def test_a_later_alternative_that_holds_and_was_drilled_makes_it_a_note() -> None:
    findings = found_with(way(None), way(f.drilled(), order=2))

    assert {rule: finding.level for rule, finding in findings.items()} == {"UD405": "note"}
    assert "Alternative 2" in findings["UD405"].message


def test_a_later_alternative_that_was_drilled_and_does_not_hold_helps_nobody() -> None:
    spare = replace(way(f.drilled(), order=2), approval=None)

    levels = {finding.rule: finding.level for finding in f.judged(f.use(plan=f.plan(way(None), spare)))}

    assert levels == {"UD401": "note", "UD405": "error"}


@pytest.mark.parametrize("kind", ["rule_based", "manual", "feature_off"])
def test_a_way_without_a_model_is_drilled_as_well(kind: str) -> None:
    manual = AlternativeFacts(id=1, order=1, kind=kind, impact_statement="Slower.")

    assert set(found_with(f.approved(manual))) == {"UD405"}
    assert found_with(f.approved(replace(manual, drill=f.drilled(), switch_time_days=2))) == {}


def test_a_drill_that_measured_no_switch_is_a_question_and_stops_nobody() -> None:
    finding = found_with(replace(way(f.drilled()), switch_time_days=None))["UD405"]

    assert finding.level == "note"
    assert finding.message == (
        "The way out for embedding, Snowflake/arctic-m (huggingface), was drilled, and nobody measured how long the "
        "switch takes."
    )


@pytest.mark.parametrize(
    ("criticality", "level"),
    [("critical", "error"), ("important", "warning"), ("normal", "note"), ("experimental", "note")],
)
def test_how_heavy_it_weighs_depends_on_the_system(criticality: str, level: str) -> None:
    one = f.use(of=f.system(criticality=criticality), plan=f.plan(way(None)))

    assert f.levels(one) == {"UD405": level}
