"""1xx: registered, owned, adopted for this use, not blocked."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from governance.rules.facts import BlockFacts
from governance.rules.findings import Page
from governance.rules.judge import judge_unnamed, judge_unresolved
from governance.rules.policy import Policy
from tests.governance import facts_of_rules as f


def test_a_use_with_which_nothing_is_wrong_has_no_finding() -> None:
    assert f.found(f.use()) == {}


def test_an_unknown_ref_stops_every_system_but_an_experiment() -> None:
    by_criticality = {
        criticality: judge_unresolved(
            "unknown", "“x” is not in the register.", f.system(criticality=criticality), Policy()
        )
        for criticality in ("critical", "important", "normal", "experimental")
    }

    assert [finding.level for finding in by_criticality.values()] == ["error", "error", "error", "warning"]
    assert {finding.rule for finding in by_criticality.values()} == {"UD101"}
    assert by_criticality["critical"].message == "“x” is not in the register."
    assert by_criticality["critical"].fix.startswith("Add the model to the register")


def test_an_ambiguous_and_a_malformed_ref_stop_everywhere() -> None:
    staging = f.system(criticality="experimental", is_production=False)

    ambiguous = judge_unresolved("ambiguous", "“x” is offered by a or b.", staging, Policy())
    malformed = judge_unresolved("malformed", "“../x” reads like a file path.", staging, Policy())

    assert (ambiguous.rule, ambiguous.level) == (malformed.rule, malformed.level) == ("UD105", "error")
    assert "via" in ambiguous.fix
    assert "pkg:huggingface/<namespace>/<name>@<commit>" in malformed.fix


def test_a_withdrawn_model_counts_as_not_in_the_register_and_names_the_way_out() -> None:
    finding = f.found(f.use(f.gte(register_state="withdrawn")))["UD101"]

    assert finding.message == "gte-base was withdrawn from the register."
    assert finding.fix.startswith("Switch to Snowflake/arctic-m (huggingface), or")


def test_a_model_without_owner_stops_a_critical_system_and_warns_the_others() -> None:
    ownerless = f.gte(owner="", has_active_owner=False)

    assert f.levels(f.use(ownerless)) == {"UD102": "error"}
    assert f.levels(f.use(ownerless, of=f.system(criticality="normal"))) == {"UD102": "warning"}
    assert f.levels(f.use(ownerless, of=f.system(criticality="experimental"))) == {"UD102": "note"}


def test_a_model_whose_owners_have_left_names_the_team() -> None:
    finding = f.found(f.use(f.gte(owner="Search", has_active_owner=False)))["UD102"]

    assert finding.message == "gte-base belongs to Search, and that team has no active owner."
    assert "Name an active owner in Search" in finding.fix
    assert finding.page is not None
    assert finding.page.kind == "model"


def test_an_offering_that_nobody_adopted_leads_to_the_form_for_this_use() -> None:
    offering = replace(f.gte(), adoptions=())

    finding = f.found(f.use(offering))["UD103"]

    assert finding.level == "error"
    assert finding.message == (
        "Alibaba-NLP/gte-base (huggingface) is not adopted for embedding in software as a service."
    )
    assert finding.fix.startswith("Propose the adoption of Alibaba-NLP/gte-base (huggingface) for embedding")
    assert finding.page == Page(
        "adoption", offering.id, (("purpose", "embedding"), ("distribution", "saas"), ("revision", f.SHA))
    )


def test_an_adoption_for_another_use_does_not_count_and_is_named() -> None:
    offering = f.adopted(f.unadopted("acme/e5", "Acme"), purpose="chat", distribution="internal")

    assert "It is adopted for chat in internal use." in f.found(f.use(offering))["UD103"].message


def test_an_ended_adoption_says_when_and_why() -> None:
    offering = f.adopted(f.unadopted("acme/e5", "Acme"), ended_at=f.NOW, end_reason="superseded")

    assert "ended on 2026-04-15: superseded." in f.found(f.use(offering))["UD103"].message


def test_an_adoption_that_was_renewed_counts() -> None:
    once = f.adopted(f.unadopted("acme/e5", "Acme"), ended_at=f.NOW, granted_at=f.NOW)

    assert f.found(f.use(f.adopted(once, id=2))) == {}


def test_an_undeclared_use_without_purpose_needs_an_adoption_for_any() -> None:
    assert set(f.found(f.undeclared(purpose=""))) == {"UD106"}
    assert set(f.found(f.undeclared(replace(f.gte(), adoptions=()), purpose=""))) == {"UD103", "UD106"}


def test_a_block_stops_even_an_experiment_outside_production_and_no_waiver_helps() -> None:
    blocked = f.gte(blocks=(BlockFacts("the vendor Alibaba", "Embargo.", date(2026, 6, 1)),))
    lab = f.system(criticality="experimental", is_production=False, waivers=(f.waiver("UD104", dependency_id=None),))

    finding = f.found(f.use(blocked, of=lab))["UD104"]

    assert finding.level == "error"
    assert finding.message == (
        "Alibaba-NLP/gte-base (huggingface) must not be used until 2026-06-01: the vendor Alibaba is blocked. Embargo."
    )
    assert "lift the block" in finding.fix


def test_a_block_gets_no_grace() -> None:
    blocked = f.gte(blocks=(BlockFacts("this offering", "Poisoned.", None),))
    concerns = ("availability", "license", "identity", "independence")
    waiting = tuple(f.action(concern) for concern in concerns)

    assert f.levels(f.use(blocked, actions=waiting))["UD104"] == "error"


def test_an_adoption_is_good_on_its_last_day_and_not_after() -> None:
    last_day = f.adopted(f.unadopted("acme/e5", "Acme"), expires_on=f.TODAY)

    assert f.found(f.use(last_day)) == {}
    assert set(f.found(f.use(last_day, now=f.NOW + timedelta(days=1)))) == {"UD501"}


@pytest.mark.parametrize(
    ("criticality", "production", "elsewhere"),
    [
        ("critical", "error", "warning"),
        ("important", "error", "warning"),
        ("normal", "warning", "note"),
        ("experimental", "note", "note"),
    ],
)
def test_an_undeclared_use_is_one_finding_and_weighs_as_a_missing_plan(
    criticality: str, production: str, elsewhere: str
) -> None:
    lab = f.system(criticality=criticality, is_production=False)

    assert f.levels(f.undeclared(system=f.system(criticality=criticality))) == {"UD106": production}
    assert f.levels(f.undeclared(system=lab)) == {"UD106": elsewhere}


def test_an_undeclared_use_asks_to_be_declared_and_says_what_is_declared_instead() -> None:
    finding = f.found(f.undeclared(declared_for=("chat", "classification")))["UD106"]

    assert "is used and not declared for embedding by Product search in production" in finding.message
    assert finding.message.endswith("It is declared for chat and classification.")
    assert finding.fix.startswith("Declare the dependency of Product search in production")
    assert finding.page == Page("system", 3)


@pytest.mark.parametrize("criticality", ["critical", "experimental"])
def test_a_declared_use_that_a_whole_list_does_not_name_is_a_note(criticality: str) -> None:
    finding = judge_unnamed(f.use(of=f.system(criticality=criticality)), Policy())

    assert (finding.rule, finding.level) == ("UD107", "note")
    assert "is declared for embedding by Product search in production" in finding.message
    assert finding.fix.startswith("Enter the day on which the dependency ended")
    assert finding.page == Page("dependency", 5)
