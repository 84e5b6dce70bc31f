"""4xx: something stands ready that would hold."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from governance.rules.facts import AlternativeFacts, BlockFacts, OfferingFacts, PlanFacts
from governance.rules.judge import judge
from governance.rules.policy import Policy
from governance.rules.verdict import verdict_of
from tests.governance import facts_of_rules as f

NO_PLAN = {"plan": None}


def with_alternatives(*alternatives: AlternativeFacts) -> dict[str, PlanFacts]:
    return {"plan": f.plan(*alternatives)}


def unapproved(offering: OfferingFacts | None = None, order: int = 1) -> AlternativeFacts:
    return replace(f.alternative(offering, order), approval=None)


@pytest.mark.parametrize(
    ("criticality", "production", "elsewhere"),
    [
        ("critical", "error", "warning"),
        ("important", "error", "warning"),
        ("normal", "warning", "note"),
        ("experimental", "note", "note"),
    ],
)
def test_no_plan_weighs_by_criticality_and_never_stops_outside_production(
    criticality: str, production: str, elsewhere: str
) -> None:
    staging = f.system(criticality=criticality, is_production=False)

    assert f.levels(f.use(of=f.system(criticality=criticality), **NO_PLAN)) == {"UD401": production}
    assert f.levels(f.use(of=staging, **NO_PLAN)) == {"UD401": elsewhere}


def test_no_plan_says_whose_model_an_alternative_must_not_be() -> None:
    finding = f.found(f.use(**NO_PLAN))["UD401"]

    assert finding.message == "Alibaba-NLP/gte-base (huggingface) has no fallback plan for embedding in production."
    assert finding.fix == (
        "Write a plan with an alternative that does not come from Alibaba, and propose that alternative for approval."
    )


def test_a_draft_is_no_plan() -> None:
    finding = f.found(f.use(plan=PlanFacts(id=7)))["UD401"]

    assert finding.message.endswith("is only a draft.")
    assert finding.fix == "Submit the plan, and propose its first alternative for approval."


def test_a_plan_without_alternatives_is_no_plan() -> None:
    assert f.found(f.use(**with_alternatives()))["UD401"].message.endswith("names no alternative.")


def test_an_alternative_that_nobody_approved_does_not_count() -> None:
    finding = f.found(f.use(**with_alternatives(unapproved())))["UD401"]

    assert finding.message == (
        "The fallback plan for embedding does not hold: Snowflake/arctic-m (huggingface) is not approved."
    )
    assert finding.fix == "Propose Snowflake/arctic-m (huggingface) for approval; somebody else decides."


def test_an_approval_that_somebody_ended_says_when_and_why() -> None:
    ended = f.approved(unapproved(), ended_at=f.NOW, end_reason="The drill failed")

    assert "ended on 2026-04-15: The drill failed." in f.found(f.use(**with_alternatives(ended)))["UD401"].message


def test_an_expired_approval_is_ud501() -> None:
    expired = f.approved(unapproved(), expires_on=f.TODAY - timedelta(days=1))

    finding = f.found(f.use(**with_alternatives(expired)))["UD501"]

    assert finding.level == "error"
    assert "the approval of Snowflake/arctic-m (huggingface) expired on 2026-04-14." in finding.message


@pytest.mark.parametrize("ended_at", [None, f.NOW])
def test_an_approval_whose_facts_have_changed_is_ud501_whether_it_was_ended_for_that_or_not(ended_at: object) -> None:
    before = f.alternative()
    assert before.approval is not None
    after = replace(
        before,
        offering=replace(f.arctic(), gating="manual"),
        approval=replace(before.approval, ended_at=ended_at, end_reason="its gating was open and is manual"),
    )

    findings = f.found(f.use(**with_alternatives(after)))

    assert set(findings) == {"UD501"}
    assert "rests on facts that have changed: its gating was open and is manual." in findings["UD501"].message
    assert f.levels(f.use(**with_alternatives(after), actions=(f.action("independence"),))) == {"UD501": "warning"}


def test_gating_of_an_alternative_does_not_matter_where_we_hold_a_copy() -> None:
    before = f.alternative(has_verified_copy=True)

    assert f.found(f.use(**with_alternatives(replace(before, offering=replace(f.arctic(), gating="manual"))))) == {}


def test_an_alternative_of_the_same_vendor_is_ud402() -> None:
    sibling = f.adopted(f.unadopted("Qwen/embedding", "Qwen", roots=f.roots("Qwen", "Alibaba")))

    finding = f.found(f.use(**with_alternatives(f.alternative(sibling))))["UD402"]

    assert finding.level == "error"
    assert "Alibaba stands behind Qwen/embedding (huggingface) as behind Alibaba-NLP/gte-base" in finding.message
    assert finding.fix == (
        "Put an alternative into the plan behind which Alibaba does not stand, and have it approved."
    )


def test_a_derivative_that_looks_like_another_vendor_is_ud402() -> None:
    derivative = f.adopted(f.unadopted("Octen/embedding", "Octen", roots=f.roots("Octen", "Qwen", "Alibaba")))
    primary = f.adopted(f.unadopted("Qwen/embedding", "Qwen", roots=f.roots("Qwen", "Alibaba")))

    finding = f.found(f.use(primary, **with_alternatives(f.alternative(derivative))))["UD402"]

    assert "Alibaba and Qwen stand behind" in finding.message


def test_the_same_weights_elsewhere_are_continuity_and_not_independence() -> None:
    hosted = f.adopted(f.unadopted("gte-base", "Alibaba", host="bedrock", id=990, model_id=f.gte().model_id))

    finding = f.found(f.use(**with_alternatives(f.alternative(hosted))))["UD402"]

    assert "is the same model at another place" in finding.message
    assert "continuity if the host fails, but no independence from Alibaba" in finding.message


def test_the_same_weights_of_our_own_are_no_independence_either() -> None:
    ours = f.adopted(f.unadopted("northwind/ranker", "", roots=f.roots()))
    elsewhere = f.adopted(f.unadopted("ranker", "", id=991, model_id=ours.model_id, roots=f.roots()))

    assert set(f.found(f.use(ours, **with_alternatives(f.alternative(elsewhere))))) == {"UD402"}


def test_an_alternative_of_unknown_lineage_is_ud403_and_names_what_is_missing() -> None:
    murky = f.adopted(f.unadopted("acme/e5", "Acme", roots=f.roots("Acme", unknown=("e5-merge",))))

    finding = f.found(f.use(**with_alternatives(f.alternative(murky))))["UD403"]

    assert finding.level == "error"
    assert "acme/e5 (huggingface) is not shown to be independent: the lineage of e5-merge is not known." in (
        finding.message
    )
    assert finding.fix.startswith("Enter what e5-merge was made from, with the source, or")


def test_an_unknown_lineage_of_the_model_in_use_shows_nothing_independent() -> None:
    primary = f.adopted(f.unadopted("acme/e5", "Acme", roots=f.roots("Acme", unknown=("e5",))))

    approved = f.approved(f.alternative(), primary)

    assert set(f.found(f.use(primary, **with_alternatives(approved)))) == {"UD403"}
    assert set(f.found(f.use(primary))) == {"UD403", "UD501"}  # it was known when the default was approved


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "removed"}, "is itself removed upstream"),
        ({"retires_on": f.TODAY + timedelta(days=90)}, "itself retires on 2026-07-14"),
        ({"blocks": (BlockFacts("the vendor Snowflake", "Embargo.", date(2027, 1, 1)),)}, "is blocked"),
        ({"adoptions": ()}, "is not adopted for embedding in software as a service"),
        ({"licenses": {f.SHA: f.QWEN_RESEARCH}}, "LicenseRef-qwen-research, is not allowed in software as a service"),
        ({"licenses": {}}, "the license of Snowflake/arctic-m (huggingface) is not known"),
    ],
)
def test_an_alternative_that_cannot_be_used_here_is_ud404(changes: dict[str, object], why: str) -> None:
    offering = replace(f.arctic(), **changes)  # type: ignore[arg-type]  # a table of fields of several types
    closed = f.approved(AlternativeFacts(id=1, order=1, offering=offering, pinned_revision=f.SHA))

    finding = f.found(f.use(**with_alternatives(closed)))["UD404"]

    assert finding.level == "error"
    assert why in finding.message


def test_an_alternative_that_is_gone_serves_on_from_our_verified_copy() -> None:
    held = f.alternative(replace(f.arctic(), status="removed"), has_verified_copy=True)

    assert f.found(f.use(**with_alternatives(held))) == {}


def test_an_alternative_that_went_after_its_approval_warns_until_the_action_is_due() -> None:
    before = f.alternative()
    gone = replace(before, offering=replace(f.arctic(), status="removed"))

    assert f.levels(f.use(**with_alternatives(gone), actions=(f.action("independence"),))) == {"UD404": "warning"}


def test_a_model_in_use_that_the_alternatives_vendor_buys_warns_until_the_action_is_due() -> None:
    bought = f.gte(roots=f.roots("Alibaba", "Snowflake"))
    waiting = (f.action("independence"),)

    assert f.levels(f.use(bought, actions=waiting)) == {"UD402": "warning", "UD501": "warning"}
    assert f.levels(f.use(bought)) == {"UD402": "error", "UD501": "error"}


def test_what_stood_behind_both_when_it_was_approved_gets_no_grace_from_a_later_sale() -> None:
    before, after = (
        f.gte(roots=f.roots("Alibaba", "Snowflake")),
        f.gte(roots=f.roots("Alibaba", "Snowflake", "Tencent")),
    )
    approved = f.approved(f.alternative(), before)

    levels = f.levels(f.use(after, **with_alternatives(approved), actions=(f.action("independence"),)))

    assert levels == {"UD402": "error"}


def test_an_action_about_the_vendor_softens_no_plan_that_never_held() -> None:
    sibling = f.adopted(f.unadopted("Qwen/embedding", "Qwen", roots=f.roots("Qwen", "Alibaba")))
    waiting = (f.action("independence"),)

    assert f.levels(f.use(**with_alternatives(f.alternative(sibling)), actions=waiting)) == {"UD402": "error"}
    assert f.levels(f.use(**NO_PLAN, actions=waiting)) == {"UD401": "error"}


@pytest.mark.parametrize("kind", ["rule_based", "manual", "feature_off"])
def test_a_way_without_a_model_needs_approval_a_statement_and_a_drill_and_nothing_else(kind: str) -> None:
    statement = "Results are sorted by date."
    way = f.approved(
        AlternativeFacts(id=1, order=1, kind=kind, impact_statement=statement, drill=f.drilled(), switch_time_days=2)
    )

    assert f.found(f.use(**with_alternatives(way))) == {}
    assert set(f.found(f.use(**with_alternatives(replace(way, approval=None))))) == {"UD401"}
    assert set(f.found(f.use(**with_alternatives(replace(way, impact_statement=""))))) == {"UD401"}


def test_one_alternative_that_holds_is_enough_and_the_flaws_of_others_are_notes() -> None:
    sibling = f.adopted(f.unadopted("Qwen/embedding", "Qwen", roots=f.roots("Qwen", "Alibaba")))
    one = f.use(**with_alternatives(f.alternative(sibling, 1), f.alternative(order=2)))

    findings = f.found(one)

    assert {rule: finding.level for rule, finding in findings.items()} == {"UD402": "note"}
    assert findings["UD402"].message.startswith("Alternative 1 would not hold: ")
    assert verdict_of(list(findings.values())) == "pass"


def test_without_one_that_holds_the_findings_describe_the_nearest_and_no_other() -> None:
    far = replace(f.alternative(f.unadopted("Qwen/embedding", "Alibaba"), 1), approval=None)
    near = unapproved(order=2)

    findings = f.found(f.use(**with_alternatives(far, near)))

    assert set(findings) == {"UD401"}
    assert findings["UD401"].message == (
        "No alternative of the fallback plan for embedding holds; of the nearest: Snowflake/arctic-m (huggingface) is "
        "not approved."
    )


def test_of_two_equally_near_the_first_in_the_plan_is_described() -> None:
    second = f.adopted(f.unadopted("BAAI/bge-m3", "BAAI"))

    finding = f.found(f.use(**with_alternatives(unapproved(second, 1), unapproved(order=2))))["UD401"]

    assert "BAAI/bge-m3" in finding.message


def test_the_merits_of_two_alternatives_do_not_add_up() -> None:
    sibling = f.alternative(f.adopted(f.unadopted("Qwen/embedding", "Alibaba")), 1)
    one = f.use(**with_alternatives(sibling, unapproved(order=2)))

    assert verdict_of(judge(one, Policy())) == "fail"


def test_an_alternative_that_no_source_has_confirmed_makes_the_plan_not_known() -> None:
    findings = f.found(f.use(**with_alternatives(f.alternative(f.arctic(status="unknown")))))

    assert (findings["UD404"].level, findings["UD404"].is_unknown) == ("warning", True)
    assert verdict_of(list(findings.values())) == "unknown"
