"""UD406: an alternative has what the use needs; what nobody knows is a question."""

from dataclasses import replace
from typing import Any

import pytest

from governance.rules.catalogue import CRITICALITIES
from governance.rules.facts import AlternativeFacts, OfferingFacts, Use
from governance.rules.findings import Page
from governance.rules.verdict import verdict_of
from registry.capabilities import BadNeeds, Capabilities, Fit, Needs, compare, read_needs, written
from tests.governance import facts_of_rules as f

NEEDS = Needs(task="feature-extraction", context_length=4000, languages=("de", "fr"))
ABLE = Capabilities(task="feature-extraction", context_length=8192, languages=("multilingual",))
SHORT = replace(ABLE, context_length=512)


def offering(capabilities: Capabilities) -> OfferingFacts:
    return f.adopted(f.unadopted("Snowflake/arctic-m", "Snowflake", capabilities=capabilities))


def way(capabilities: Capabilities, order: int = 1) -> AlternativeFacts:
    return f.alternative(offering(capabilities), order)


def use(*ways: AlternativeFacts, needs: Needs = NEEDS, **fields: Any) -> Use:
    return f.use(needs=needs, plan=f.plan(*ways), **fields)


def test_an_alternative_that_has_all_that_is_needed_holds() -> None:
    assert f.found(use(way(ABLE))) == {}


@pytest.mark.parametrize("is_production", [True, False])
def test_a_lack_weighs_as_any_flaw_of_a_plan(*, is_production: bool) -> None:
    found = [
        f.levels(use(way(SHORT), of=f.system(criticality=criticality, is_production=is_production)))["UD406"]
        for criticality in CRITICALITIES
    ]

    assert found == (["error", "error", "warning", "note"] if is_production else ["warning", "warning", "note", "note"])


def test_a_lack_says_what_is_needed_and_what_there_is() -> None:
    poor = replace(ABLE, context_length=512, languages=("en", "fr"))

    finding = f.found(use(way(poor)))["UD406"]

    assert finding.message == (
        "The fallback plan for embedding does not hold: Snowflake/arctic-m (huggingface) lacks what embedding needs: "
        "its context is 512 tokens, not 4,000; it does not know de."
    )
    assert finding.fix == (
        "Put an alternative into the plan that has it, or change what embedding needs if it can do without "
        "(context length and languages)."
    )
    assert finding.page == Page("plan", 5)


def test_what_nobody_knows_keeps_no_plan_from_holding_and_asks_the_owner() -> None:
    findings = f.found(use(way(replace(ABLE, context_length=None, languages=()))))

    assert {rule: finding.level for rule, finding in findings.items()} == {"UD406": "note"}
    assert findings["UD406"].message == (
        "Whether Snowflake/arctic-m (huggingface) has all that embedding needs is not known: its context length is not "
        "known; its languages are not known."
    )
    assert findings["UD406"].fix == "Enter context length and languages of arctic-m on its page."
    assert findings["UD406"].page == Page("model", f.arctic().model_id)
    assert verdict_of(list(findings.values())) == "pass"


def test_of_several_that_hold_the_one_without_questions_is_not_asked_about_the_other() -> None:
    lacking = f.found(use(way(SHORT, 1), way(ABLE, 2)))["UD406"]

    assert (lacking.level, lacking.message[:29]) == ("note", "Alternative 1 would not hold:")


def test_without_a_stated_need_nothing_is_asked() -> None:
    assert f.found(use(way(Capabilities()), needs=Needs())) == {}


def test_a_way_without_a_model_needs_no_capability() -> None:
    by_hand = f.approved(AlternativeFacts(id=1, order=1, kind="manual", impact_statement="Slower.", drill=f.drilled()))

    assert "UD406" not in f.found(use(by_hand))


def test_another_embedding_model_needs_a_plan_for_the_index_even_at_the_same_dimension() -> None:
    same = Capabilities(embedding_dimension=768)
    silent = f.use(f.gte(capabilities=same), plan=f.plan(way(same)), has_index=True)
    says = replace(f.plan(way(same)), says_how_to_reindex=True)

    finding = f.found(silent)["UD406"]

    assert finding.level == "error"
    assert "makes other vectors, at whatever dimension" in finding.message
    assert finding.fix == "Say in the plan how the index is rebuilt, and have the alternative approved."
    assert f.found(f.use(f.gte(capabilities=same), plan=says, has_index=True)) == {}


def test_a_way_without_a_model_leaves_the_index_alone() -> None:
    by_hand = f.approved(AlternativeFacts(id=1, order=1, kind="manual", impact_statement="Slower.", drill=f.drilled()))

    assert "UD406" not in f.found(f.use(plan=f.plan(by_hand), has_index=True))


@pytest.mark.parametrize(
    ("needs", "offered", "fit"),
    [
        (Needs(task="text-generation"), Capabilities(task="text-generation"), Fit.MEETS),
        (Needs(task="feature-extraction"), Capabilities(task="sentence-similarity"), Fit.MEETS),
        (Needs(task="text-generation"), Capabilities(task="text-ranking"), Fit.LACKS),
        (Needs(task="text-generation"), Capabilities(), Fit.UNKNOWN),
        (Needs(context_length=10), Capabilities(context_length=10), Fit.MEETS),
        (Needs(context_length=10), Capabilities(context_length=9), Fit.LACKS),
        (Needs(input_modalities=("text", "image")), Capabilities(input_modalities=("image", "text")), Fit.MEETS),
        (Needs(input_modalities=("image",)), Capabilities(input_modalities=("text",)), Fit.LACKS),
        (Needs(output_modalities=("audio",)), Capabilities(), Fit.UNKNOWN),
        (Needs(languages=("de",)), Capabilities(languages=("multilingual",)), Fit.MEETS),
        (Needs(languages=("de",)), Capabilities(languages=("en",)), Fit.LACKS),
        (Needs(languages=("multilingual",)), Capabilities(languages=("de", "en")), Fit.UNKNOWN),
        (Needs(languages=("multilingual",)), Capabilities(languages=("en",)), Fit.LACKS),
        (Needs(tools=True), Capabilities(supports_tools=True), Fit.MEETS),
        (Needs(tools=True), Capabilities(supports_tools=False), Fit.LACKS),
        (Needs(tools=True), Capabilities(), Fit.UNKNOWN),
        (Needs(output_formats=("json_schema",)), Capabilities(output_formats=("json", "json_schema")), Fit.MEETS),
        (Needs(output_formats=("json_schema",)), Capabilities(output_formats=("json",)), Fit.LACKS),
        (Needs(embedding_dimension=768), Capabilities(embedding_dimension=768), Fit.MEETS),
        (Needs(embedding_dimension=768), Capabilities(embedding_dimension=1024), Fit.LACKS),
        (Needs(embedding_dimension=768), Capabilities(), Fit.UNKNOWN),
    ],
)
def test_each_need_is_met_lacking_or_not_known(needs: Needs, offered: Capabilities, fit: Fit) -> None:
    (match,) = compare(needs, offered)

    assert match.fit is fit
    assert bool(match.gap) is (fit is not Fit.MEETS)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "needs: must be a table"),
        ({"context": 1}, "needs.context: is not known; known are task, context_length"),
        ({"context_length": 0}, "needs.context_length: must be a whole number from 1"),
        ({"context_length": True}, "needs.context_length: must be a whole number"),
        ({"languages": "de"}, "needs.languages: must be a list"),
        ({"languages": [1]}, "needs.languages: must be a text"),
        ({"tools": "yes"}, "needs.tools: must be true or false"),
        ({"task": "a\x00"}, "needs.task: must be a text"),
    ],
)
def test_needs_that_cannot_be_meant_are_refused_by_field(document: Any, message: str) -> None:
    with pytest.raises(BadNeeds) as refused:
        read_needs(document)

    assert str(refused.value).startswith(message)


def test_needs_are_written_as_they_are_read() -> None:
    needs = Needs(
        "chat", 10, ("text",), ("text",), ("de",), tools=True, output_formats=("json",), embedding_dimension=3
    )

    assert read_needs(written(needs)) == needs
    assert written(Needs()) == {}
