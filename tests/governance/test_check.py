"""The gate: a question in, a stored answer out. Real rows, decided through the use cases."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance import check as gate
from governance.check import (
    CheckRequest,
    Location,
    RequestedModel,
    UnknownEnvironment,
    UnknownSystem,
    check,
    digest_of_question,
    evaluate,
    preview,
)
from governance.models import Check, Policy
from governance.proposals import propose_waiver
from governance.stored_answer import answer_of
from registry.models import Dependency, Offering
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.gate_world import adopt, approve, approve_first, green, owner_of

pytestmark = pytest.mark.django_db


def question(dependency: Dependency, **fields: Any) -> CheckRequest:
    model = RequestedModel(dependency.offering.external_id, **fields)
    return CheckRequest(dependency.system.slug, dependency.environment.slug, (model,))


def ask(request: CheckRequest, *, now: datetime = NOW) -> dict[str, Any]:
    """The stored answer as the API gives it."""
    return answer_of(check(request, asked_by=f.user(), now=now))


def levels(answer: dict[str, Any]) -> dict[str, str]:
    return {finding["rule"]: finding["level"] for finding in answer["findings"]}


def test_a_use_that_is_adopted_and_has_an_independent_approved_alternative_passes() -> None:
    answer = ask(question(green()))

    assert answer["verdict"] == "pass"
    assert answer["findings"] == []


def test_the_answer_has_the_promised_shape_and_stays_the_same(settings: Any) -> None:
    settings.BASE_URL = "https://understudy.example"
    dependency = f.dependency(system=f.system("search"), offering=f.offering("acme/m"))
    adopt(dependency.offering, dependency.system)
    request = replace(
        question(dependency, locations=(Location("src/embed.py", 12), Location("README.md"))),
        commit="0123abc",
        source_url="https://git.example/search",
    )

    row = check(request, asked_by=f.user(), now=NOW)
    answer = answer_of(row)

    (finding,) = answer.pop("findings")
    fix = finding.pop("fix")
    assert answer == {
        "id": str(row.pk),
        "url": f"https://understudy.example/api/v1/checks/{row.pk}/",
        "page_url": f"https://understudy.example/checks/{row.pk}/",
        "verdict": "fail",
        "checked_at": "2026-04-15T09:00:00Z",
        "facts_as_of": "2026-04-15T09:00:00Z",
        "stale_sources": [],
        "policy_version": 0,
        "environment_class": "production",
        "digest": digest_of_question(request),
        "signed": row.signed,
    }
    assert finding == {
        "rule": "UD401",
        "level": "error",
        "ref": "acme/m",
        "message": "acme/m (huggingface) has no fallback plan for embedding in production.",
        "help_url": "https://understudy.example/rules/UD401/",
        "waiver": None,
        "locations": [{"path": "src/embed.py", "line": 12}, {"path": "README.md", "line": None}],
    }
    assert fix.startswith("Write a plan with an alternative that does not come from Vendor-")
    assert fix.endswith(f"https://understudy.example/dependencies/{dependency.pk}/plan/")
    Offering.objects.update(status="removed")
    assert answer_of(Check.objects.get(pk=row.pk)) == answer | {"findings": [finding | {"fix": fix}]}


def test_the_question_is_kept_as_it_was_understood() -> None:
    row = check(question(green(), via="huggingface", purpose="embedding"), asked_by=None, now=NOW)

    assert row.request["models"][0] | {"ref": ""} == {
        "ref": "",
        "via": "huggingface",
        "revision": "",
        "purpose": "embedding",
        "locations": [],
    }


def test_a_check_costs_seventeen_queries_besides_its_savepoint(django_assert_num_queries: Any) -> None:
    request, person = question(green(pinned_revision="", served_by=f.vendor())), f.user()
    check(request, asked_by=person, now=NOW)  # what it rests on is kept once

    with django_assert_num_queries(19) as queries:
        check(request, asked_by=person, now=NOW)

    assert sum("SAVEPOINT" in query["sql"] for query in queries) == 2


def test_an_unknown_system_and_an_unknown_environment_are_no_verdict() -> None:
    dependency = green()
    request = question(dependency)

    with pytest.raises(UnknownSystem, match="no system “serach”"):
        check(replace(request, system="serach"), asked_by=None, now=NOW)
    with pytest.raises(UnknownEnvironment, match="no environment “prod”; known are: production"):
        check(replace(request, environment="prod"), asked_by=None, now=NOW)

    assert Check.objects.count() == 0


@pytest.mark.parametrize("text", ["", "a\0b", "x" * 10_000, "../etc", "\ud800"])
def test_a_hostile_system_or_environment_is_unknown(text: str) -> None:
    dependency = green()

    with pytest.raises(UnknownSystem):
        evaluate(replace(question(dependency), system=text), now=NOW)
    with pytest.raises(UnknownEnvironment):
        evaluate(replace(question(dependency), environment=text), now=NOW)


@pytest.mark.parametrize(
    ("ref", "rule"),
    [
        ("nobody/knows-this", "UD101"),
        ("a\0b", "UD105"),
        ("x" * 10_000, "UD105"),
        ("../../etc/passwd", "UD105"),
        ("", "UD105"),
        ("\ud800", "UD105"),
        ("pkg:pypi/requests@2.0", "UD105"),
        ("pkg:huggingface/a/b?x=y", "UD105"),
    ],
)
def test_a_ref_that_names_nothing_is_an_error_finding_and_never_a_pass(ref: str, rule: str) -> None:
    system, environment = f.system(), f.environment()

    answer = ask(CheckRequest(system.slug, environment.slug, (RequestedModel(ref),)))

    assert answer["verdict"] == "fail"
    assert levels(answer) == {rule: "error"}
    assert answer["findings"][0]["fix"]
    json.dumps(answer).encode("utf-8")


def test_an_ambiguous_ref_is_a_finding_that_via_mends() -> None:
    dependency = green(offering=f.offering("llama"))
    f.offering("llama", host="bedrock", model=dependency.offering.model)

    assert levels(ask(question(dependency))) == {"UD105": "error"}
    assert ask(question(dependency, via="huggingface"))["verdict"] == "pass"


def test_one_bad_ref_among_good_ones_fails_the_check_and_leaves_the_others_alone() -> None:
    dependency = green()
    models = (RequestedModel("nobody/knows"), RequestedModel(dependency.offering.external_id))

    answer = ask(CheckRequest(dependency.system.slug, "production", models))

    assert answer["verdict"] == "fail"
    assert [(finding["ref"], finding["rule"]) for finding in answer["findings"]] == [("nobody/knows", "UD101")]


def test_without_a_purpose_the_worst_use_counts_and_all_of_them_are_named() -> None:
    offering, system = f.offering("acme/m"), f.system()
    green(system, offering=offering)
    for purpose in ("chat", "reranking"):
        f.dependency(system=system, offering=offering, purpose=purpose)
        adopt(offering, system, purpose=purpose)

    answer = ask(CheckRequest(system.slug, "production", (RequestedModel("acme/m"),)))
    of_the_good_one = ask(CheckRequest(system.slug, "production", (RequestedModel("acme/m", purpose="embedding"),)))

    assert levels(answer) == {"UD401": "error"}
    assert len(answer["findings"]) == 1
    assert "for chat" in answer["findings"][0]["message"]
    assert "for reranking" in answer["findings"][0]["message"]
    assert of_the_good_one["verdict"] == "pass"


def test_a_model_that_is_asked_about_twice_is_answered_once_with_all_its_places() -> None:
    dependency = f.dependency(offering=f.offering("acme/m"))
    twice = tuple(RequestedModel("acme/m", locations=(Location(path, 1),)) for path in ("a.py", "b.py"))

    answer = ask(CheckRequest(dependency.system.slug, "production", twice))

    by_rule = [finding["rule"] for finding in answer["findings"]]
    assert len(by_rule) == len(set(by_rule))
    assert answer["findings"][0]["locations"] == [{"path": "a.py", "line": 1}, {"path": "b.py", "line": 1}]


def test_findings_come_worst_first() -> None:
    dependency = green(pinned_revision="", system=f.system(criticality="normal"))
    dependency.offering.status = "removed"
    dependency.offering.save()

    answer = ask(question(dependency))

    assert [(finding["rule"], finding["level"]) for finding in answer["findings"]] == [
        ("UD301", "error"),
        ("UD307", "warning"),
    ]


def test_a_waiver_lowers_the_finding_shows_itself_and_ends() -> None:
    dependency = f.dependency(offering=f.offering("acme/m"))
    adopt(dependency.offering, dependency.system)
    proposal = approve(
        propose_waiver(
            proposer=owner_of(dependency.system),
            rule="UD401",
            until=TODAY + timedelta(days=30),
            reason="The plan is being drilled.",
            compensating_measure="The old index stays.",
            dependency=dependency,
            now=NOW,
        )
    )

    during = ask(question(dependency))
    near_its_end = ask(question(dependency), now=NOW + timedelta(days=20))
    after = ask(question(dependency), now=NOW + timedelta(days=31))

    assert (during["verdict"], levels(during)) == ("pass", {"UD401": "note", "UD502": "note"})
    waived = next(finding for finding in during["findings"] if finding["rule"] == "UD401")
    assert waived["waiver"]["until"] == "2026-05-15"
    assert waived["waiver"]["reason"] == "The plan is being drilled."
    assert waived["waiver"]["proposal"].endswith(f"/proposals/{proposal.pk}/")
    assert (near_its_end["verdict"], levels(near_its_end)) == ("warn", {"UD401": "note", "UD502": "warning"})
    assert (after["verdict"], levels(after)) == ("fail", {"UD401": "error"})


def test_the_verdict_is_unknown_where_nobody_has_confirmed_what_would_stop() -> None:
    dependency = green()
    Offering.objects.filter(pk=dependency.offering_id).update(status="unknown", facts_as_of=None)

    answer = ask(question(dependency))

    assert (answer["verdict"], levels(answer)) == ("unknown", {"UD301": "warning"})


def test_the_facts_are_as_old_as_the_oldest_of_them() -> None:
    system = f.system()
    old = green(system, offering=f.offering("acme/old", facts_as_of=NOW - timedelta(days=3)))
    new = green(system, offering=f.offering("acme/new"), purpose="chat")
    models = tuple(RequestedModel(one.offering.external_id) for one in (old, new))

    assert ask(CheckRequest(system.slug, "production", models))["facts_as_of"] == "2026-04-12T09:00:00Z"
    assert ask(CheckRequest(system.slug, "production", (RequestedModel("acme/none"),)))["facts_as_of"] is None


def test_the_policy_in_force_decides_and_is_named() -> None:
    dependency = f.dependency()
    adopt(dependency.offering, dependency.system)
    for version, in_force_from in ((1, NOW - timedelta(days=1)), (2, NOW + timedelta(days=1))):
        Policy.objects.create(
            version=version,
            document={"levels": {"UD401": "warning" if version == 1 else "off"}},
            reason="Start gently.",
            author=f.user(),
            in_force_from=in_force_from,
        )

    answer = ask(question(dependency))

    assert (answer["policy_version"], answer["verdict"]) == (1, "warn")


def test_the_gate_sees_a_changed_fact_though_nobody_was_told() -> None:
    dependency = green()
    plan = dependency.fallback_plan.current_revision
    assert plan is not None
    assert ask(question(dependency))["verdict"] == "pass"

    Offering.objects.filter(alternatives__plan_revision=plan).update(gating="manual")

    answer = ask(question(dependency))
    assert (answer["verdict"], levels(answer)) == ("fail", {"UD501": "error"})


def test_a_new_revision_of_the_plan_is_approved_anew() -> None:
    dependency = green()
    old = dependency.fallback_plan.current_revision
    assert old is not None
    spare = old.alternatives.get().offering
    assert spare is not None

    revised = f.plan(dependency, spare)
    before = ask(question(dependency))
    approve_first(revised)

    assert (before["verdict"], levels(before)) == ("fail", {"UD401": "error"})
    assert ask(question(dependency))["verdict"] == "pass"


def test_a_preview_judges_all_that_is_declared_as_a_check_would_and_stores_nothing() -> None:
    system = f.system()
    green(system, offering=f.offering("acme/good"))
    bad = f.dependency(system=system, offering=f.offering("acme/bad"))
    adopt(bad.offering, system)

    answer = preview(system.slug, "production", now=NOW)

    assert [(finding.rule, finding.ref) for finding in answer.findings] == [("UD401", "acme/bad (huggingface)")]
    assert answer.verdict == ask(question(bad))["verdict"] == "fail"
    assert Check.objects.count() == 1
    assert preview(system.slug, f.environment("staging").slug, now=NOW).verdict == "pass"


def test_a_preview_of_an_unknown_system_is_refused() -> None:
    with pytest.raises(UnknownSystem):
        preview("nothing", "production", now=NOW)


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (RequestedModel("acme/m", revision="a\0b"), "models[0].revision"),
        (RequestedModel("acme/m", purpose="\ud800"), "models[0].purpose"),
        (RequestedModel("acme/m", locations=(Location("a"),) * 201), "models[0].locations"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_by_field(model: RequestedModel, field: str) -> None:
    system, environment = f.system(), f.environment()

    with pytest.raises(ValidationError) as refused:
        check(CheckRequest(system.slug, environment.slug, (model,)), asked_by=None, now=NOW)

    assert list(refused.value.message_dict) == [field]


def test_a_question_about_nothing_is_refused_and_no_pass() -> None:
    with pytest.raises(ValidationError, match="at least one model"):
        evaluate(CheckRequest(f.system().slug, f.environment().slug, ()), now=NOW)


def test_more_models_than_one_check_takes_are_refused() -> None:
    models = tuple(RequestedModel(f"a/{number}") for number in range(gate.MAX_MODELS + 1))

    with pytest.raises(ValidationError, match="at most 2000 fit"):
        evaluate(CheckRequest(f.system().slug, f.environment().slug, models), now=NOW)


def test_an_error_inside_is_an_error_and_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    request = question(green())

    def broken(*_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError("a rule is broken")

    monkeypatch.setattr("governance.check.judge", broken)
    with pytest.raises(RuntimeError):
        check(request, asked_by=None, now=NOW)

    assert Check.objects.count() == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    refs=st.lists(st.text(max_size=60), min_size=1, max_size=4),
    via=st.none() | st.text(max_size=20),
    path=st.text(max_size=30),
    commit=st.text(max_size=80),
)
def test_whatever_is_asked_the_answer_is_stored_and_no_unknown_ref_passes(
    refs: list[str], via: str | None, path: str, commit: str
) -> None:
    system, environment = f.system(), f.environment()
    models = tuple(RequestedModel(ref, via=via, locations=(Location(path, 1),)) for ref in refs)

    answer = ask(CheckRequest(system.slug, environment.slug, models, commit=commit))

    assert answer["verdict"] == "fail"
    assert {finding["rule"] for finding in answer["findings"]} <= {"UD101", "UD105"}
    json.dumps(answer, ensure_ascii=False).encode("utf-8")
