"""UD407: who serves the model in use does not serve its alternative as well."""

from dataclasses import replace
from typing import Any

import pytest

from governance.rules.catalogue import CRITICALITIES
from governance.rules.facts import OURSELVES, AlternativeFacts, HostFacts, Use
from governance.rules.findings import Page
from governance.rules.policy import BadPolicy, Policy, from_document
from tests.governance import facts_of_rules as f

AMAZON = HostFacts({1: "Amazon", 2: "Amazon.com"}, frozenset({"US"}))
AZURE = HostFacts({3: "Microsoft"}, frozenset({"US"}))
SCALEWAY = HostFacts({4: "Scaleway"}, frozenset({"FR"}))
SUBSIDIARY = HostFacts({5: "Bedrock GmbH", 2: "Amazon.com"}, frozenset({"DE", "US"}))
NOWHERE = HostFacts({6: "Nebula"})
STRICT = Policy(compare_countries=True)


def way(host: HostFacts | None, order: int = 1) -> AlternativeFacts:
    return replace(f.alternative(order=order), host=host)


def use(ours: HostFacts | None, *ways: AlternativeFacts, **fields: Any) -> Use:
    return f.use(host=ours, plan=f.plan(*ways), **fields)


@pytest.mark.parametrize("is_production", [True, False])
def test_one_host_for_both_warns_where_it_matters(*, is_production: bool) -> None:
    found = [
        f.levels(use(AMAZON, way(AMAZON), of=f.system(criticality=criticality, is_production=is_production)))
        for criticality in CRITICALITIES
    ]

    levels = ["warning", "warning", "note", "note"] if is_production else ["note"] * 4
    assert found == [{"UD407": level} for level in levels]


def test_one_host_says_who_and_what_to_do() -> None:
    finding = f.found(use(AMAZON, way(SUBSIDIARY)))["UD407"]

    assert finding.message == (
        "Amazon.com serves both Alibaba-NLP/gte-base (huggingface) and Snowflake/arctic-m (huggingface): one outage takes "
        "both."
    )
    assert finding.fix.startswith("Put an alternative into the plan that Amazon.com does not serve, or have it served")
    assert finding.page == Page("plan", 5)


@pytest.mark.parametrize(
    ("ours", "theirs"), [(AMAZON, AZURE), (OURSELVES, OURSELVES), (OURSELVES, AMAZON), (AMAZON, OURSELVES)]
)
def test_two_hosts_or_ourselves_are_fine(ours: HostFacts, theirs: HostFacts) -> None:
    assert f.found(use(ours, way(theirs))) == {}


def test_a_plan_with_one_host_still_holds_and_one_that_is_served_elsewhere_settles_it() -> None:
    assert f.found(use(AMAZON, way(AMAZON, 1), way(AZURE, 2))) == {}


def test_a_way_without_a_model_has_no_host() -> None:
    by_hand = f.approved(AlternativeFacts(id=1, order=1, kind="manual", impact_statement="Slower.", drill=f.drilled()))

    assert "UD407" not in f.found(use(AMAZON, by_hand))


def test_the_host_of_the_nearest_is_told_where_no_plan_holds() -> None:
    assert f.levels(use(AMAZON, replace(way(AMAZON), approval=None))) == {"UD401": "error", "UD407": "warning"}


@pytest.mark.parametrize(("ours", "theirs"), [(None, AMAZON), (AMAZON, None)])
def test_a_host_that_nobody_named_is_a_question(ours: HostFacts | None, theirs: HostFacts | None) -> None:
    finding = f.found(use(ours, way(theirs)))["UD407"]

    assert finding.level == "note"
    assert finding.message.startswith("Who serves ")
    assert finding.fix.startswith("Enter who provides ")
    assert finding.page is not None
    assert finding.page.kind == "offering"


def test_what_we_run_ourselves_asks_nothing_of_the_other() -> None:
    assert f.found(use(OURSELVES, way(None))) == {}


def test_countries_count_only_where_the_policy_asks() -> None:
    one = use(AMAZON, way(AZURE))

    assert f.found(one) == {}
    assert f.found(one, STRICT)["UD407"].message.endswith("are both served from US.")
    assert f.found(use(AMAZON, way(SCALEWAY)), STRICT) == {}
    assert from_document(1, {"compare_countries": True}) == replace(STRICT, version=1)


def test_a_country_that_nobody_entered_is_a_question() -> None:
    finding = f.found(use(AMAZON, way(NOWHERE)), STRICT)["UD407"]

    assert (finding.level, finding.fix) == ("note", "Enter the country of Nebula.")


def test_a_document_has_to_say_yes_or_no_about_countries() -> None:
    with pytest.raises(BadPolicy, match="compare_countries: must be true or false"):
        from_document(1, {"compare_countries": "US"})
