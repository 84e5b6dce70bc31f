"""Doing what the fix of a finding says makes that finding go away, at the gate and with real rows."""

from datetime import timedelta

import pytest

from governance.answer import Answer
from governance.check import CheckRequest, RequestedModel, evaluate, preview
from governance.rules.catalogue import RULES
from registry.models import (
    Alias,
    Change,
    Dependency,
    Offering,
)
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.gate_world import adopt, green
from tests.governance.mends import ASKED, CASES, Step, fix_of, look, replan

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("rule", "break_it", "do_what_the_fix_says"),
    CASES,
    ids=[f"{rule}-{break_it.__name__}-{mend.__name__}" for rule, break_it, mend in CASES],
)
def test_doing_what_the_fix_says_makes_the_finding_go_away(
    rule: str, break_it: Step, do_what_the_fix_says: Step
) -> None:
    dependency = green()
    assert look(dependency).findings == ()

    break_it(dependency)
    assert rule in {finding.rule for finding in look(dependency).findings}
    assert fix_of(dependency, rule)

    do_what_the_fix_says(dependency)
    assert rule not in {finding.rule for finding in look(dependency).findings}


def test_a_floating_name_is_mended_by_the_name_that_the_fix_says() -> None:
    dependency = green()
    Alias.objects.create(namespace="name", text="latest", offering=dependency.offering, is_floating=True)

    def ask(ref: str) -> Answer:
        return evaluate(CheckRequest(dependency.system.slug, "production", (RequestedModel(ref),)), now=NOW)

    (finding,) = ask("latest").findings
    written = finding.fix.removeprefix("Write ").split(" instead")[0]

    assert finding.rule == "UD307"
    assert ask(written).findings == ()


def test_a_name_that_nobody_registered_is_mended_by_entering_it_or_by_the_id_that_is_known() -> None:
    dependency = green()
    known = dependency.offering.external_id

    def asked(ref: str) -> Answer:
        models = (RequestedModel(ref, revision="a" * 40),)
        return evaluate(CheckRequest(dependency.system.slug, "production", models), now=NOW)

    (finding,) = asked("acme/new").findings
    assert finding.rule == "UD101"
    assert finding.fix == "Add the model to the register, or write the id under which the register knows it."
    assert asked(known).findings == ()
    Alias.objects.create(namespace="provider", text="acme/new", offering=dependency.offering)
    assert asked("acme/new").findings == ()


def test_an_ambiguous_name_is_mended_by_its_host_and_a_malformed_one_by_a_form_that_the_fix_names() -> None:
    dependency, other = green(), f.offering(host="bedrock", kind="service")
    for one in (dependency.offering, other):
        Alias.objects.create(namespace="name", text="either", offering=one)

    def asked(ref: str, via: str = "") -> Answer:
        models = (RequestedModel(ref, via=via, revision="a" * 40),)
        return evaluate(CheckRequest(dependency.system.slug, "production", models), now=NOW)

    (either,) = asked("either").findings
    assert (either.rule, either.fix.startswith("Add “via”")) == ("UD105", True)
    assert asked("either", via="huggingface").findings == ()

    (malformed,) = asked("pkg:huggingface").findings
    assert (malformed.rule, malformed.fix.startswith("Write pkg:huggingface/<namespace>")) == ("UD105", True)
    assert asked(f"pkg:huggingface/{dependency.offering.external_id}").findings == ()


def test_every_rule_is_mended_by_what_its_fix_says() -> None:
    assert {rule for rule, _, _ in CASES} | ASKED == set(RULES)


def ask(dependency: Dependency, *offerings: Offering, is_complete: bool = False) -> Answer:
    models = tuple(RequestedModel(one.external_id, revision=one.head_revision) for one in offerings)
    return evaluate(CheckRequest(dependency.system.slug, "production", models, is_complete=is_complete), now=NOW)


def test_an_undeclared_use_is_mended_by_declaring_and_planning_it() -> None:
    dependency, used = green(), f.offering()
    adopt(used, dependency.system)
    (finding,) = ask(dependency, used).findings
    assert finding.rule == "UD106"

    declared = f.dependency(system=dependency.system, offering=used)
    assert {one.rule for one in ask(dependency, used).findings} == {"UD401"}
    replan(declared)

    assert ask(dependency, used).findings == ()


def test_a_declared_use_that_a_whole_list_leaves_out_is_mended_by_its_end_or_by_naming_it() -> None:
    dependency = green()
    unused = green(system=dependency.system).offering
    assert ask(dependency, dependency.offering).findings == ()

    (finding,) = ask(dependency, dependency.offering, is_complete=True).findings

    assert (finding.rule, finding.level, finding.ref) == ("UD107", "note", unused.external_id)
    assert ask(dependency, dependency.offering, unused, is_complete=True).findings == ()
    Dependency.objects.filter(offering=unused).update(ended_on=TODAY)
    assert ask(dependency, dependency.offering, is_complete=True).findings == ()


def test_a_re_registration_is_told_by_its_change_where_no_identity_was_adopted() -> None:
    dependency = f.dependency(offering=f.offering(upstream_id=""))
    adopt(dependency.offering, dependency.system)
    later = NOW + timedelta(hours=1)
    Change.objects.create(
        kind="reregistered", severity="critical", origin="source", offering=dependency.offering, detected_at=later
    )

    found = {one.rule for one in preview(dependency.system.slug, "production", now=NOW + timedelta(days=1)).findings}

    assert found == {"UD305", "UD401"}
