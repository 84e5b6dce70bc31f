"""Whatever is wrong at once: doing what a finding's fix says makes that finding go away, and doing all leaves none.

What is done is read from the words of the fix, as a person would, and not from the rule; where it names several ways, any.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.rules.facts import (
    AlternativeFacts,
    BlockFacts,
    DependencyFacts,
    OfferingFacts,
    PlanFacts,
    StaleFacts,
    Use,
)
from governance.rules.findings import Finding
from registry.capabilities import Capabilities, Needs
from tests.governance import facts_of_rules as f

Change = Callable[[Use], Use]

# --- what goes wrong -----------------------------------------------------------------------------------------------------


def of_offering(**fields: Any) -> Change:
    return lambda use: with_offering(use, replace(use.offering, **fields))


def with_offering(use: Use, offering: OfferingFacts) -> Use:
    return replace(use, offering=offering, dependency=replace(declared(use), offering=offering))


def declared(use: Use) -> DependencyFacts:
    assert use.dependency is not None
    return use.dependency


def of_dependency(**fields: Any) -> Change:
    return lambda use: replace(use, dependency=replace(declared(use), **fields))


def of_alternative(**fields: Any) -> Change:
    """Of the first alternative, where there is one."""
    return lambda use: with_first(use, lambda first: replace(first, **fields))


def of_spare(**fields: Any) -> Change:
    """Of the model that the first alternative puts forward."""

    def changed(first: AlternativeFacts) -> AlternativeFacts:
        return replace(first, offering=replace(first.offering, **fields)) if first.offering else first

    return lambda use: with_first(use, changed)


def with_first(use: Use, change: Callable[[AlternativeFacts], AlternativeFacts]) -> Use:
    plan = declared(use).plan
    if plan is None or not plan.alternatives:
        return use
    first, *others = plan.alternatives
    return of_dependency(plan=replace(plan, alternatives=(change(first), *others)))(use)


def end_the_approval(use: Use) -> Use:
    return with_first(
        use,
        lambda first: replace(first, approval=first.approval and replace(first.approval, ended_at=f.NOW)),
    )


def let_the_approval_expire(use: Use) -> Use:
    yesterday = f.TODAY - timedelta(days=1)
    return with_first(
        use,
        lambda first: replace(first, approval=first.approval and replace(first.approval, expires_on=yesterday)),
    )


NON_COMMERCIAL = {f.SHA: f.QWEN_RESEARCH, f.OTHER_SHA: f.QWEN_RESEARCH}
BLOCK = BlockFacts("this offering", "It leaks.", None)
STALE = StaleFacts(4, "Hugging Face Hub", f.NOW - timedelta(days=3))
WRONG: dict[str, Change] = {
    "removed": of_offering(status="removed"),
    "deprecated": of_offering(status="deprecated"),
    "retires soon": of_offering(retires_on=f.TODAY + timedelta(days=9)),
    "gated": of_offering(gating="manual"),
    "another identity": of_offering(upstream_id="f" * 24),
    "no license": of_offering(licenses={}),
    "another license": of_offering(licenses={f.SHA: f.QWEN_RESEARCH, f.OTHER_SHA: f.APACHE}),
    "forbidden license": of_offering(licenses=NON_COMMERCIAL),
    "no owner": of_offering(owner="", has_active_owner=False),
    "owner left": of_offering(has_active_owner=False),
    "withdrawn": of_offering(register_state="withdrawn"),
    "not adopted": of_offering(adoptions=()),
    "blocked": of_offering(blocks=(BLOCK,)),
    "silent source": of_offering(stale=STALE),
    "never confirmed": of_offering(status="unknown", facts_as_of=None),
    "lineage in doubt": of_offering(roots=f.roots("Alibaba", unknown=("gte-base",))),
    "bought": of_offering(roots=f.roots("Alibaba", "Snowflake")),
    "another head": of_offering(head_revision=f.OTHER_SHA),
    "floating": lambda use: replace(use, is_floating=True),
    "unpinned": lambda use: replace(of_dependency(pinned_revision="")(use), revision=""),
    "asked for another": lambda use: replace(use, asked_revision=f.OTHER_SHA, revision=f.OTHER_SHA),
    "no plan": of_dependency(plan=None),
    "only a draft": of_dependency(plan=PlanFacts(id=7, number=None)),
    "an empty plan": of_dependency(plan=f.plan()),
    "an index": of_dependency(has_index=True),
    "needs": of_dependency(needs=Needs(context_length=8000, languages=("de",))),
    "not approved": of_alternative(approval=None),
    "approval ended": end_the_approval,
    "approval expired": let_the_approval_expire,
    "never drilled": of_alternative(drill=None),
    "failed drill": of_alternative(drill=f.drilled(has_passed=False, shortfalls=("Too slow.",))),
    "unmeasured switch": of_alternative(switch_time_days=None),
    "slow switch": of_alternative(switch_time_days=200.0),
    "unknown host": of_alternative(host=None),
    "people instead": of_alternative(offering=None, kind="manual", pinned_revision="", impact_statement=""),
    "spare retired": of_spare(status="retired"),
    "spare retires": of_spare(retires_on=f.TODAY + timedelta(days=9)),
    "spare withdrawn": of_spare(register_state="withdrawn"),
    "spare blocked": of_spare(blocks=(BLOCK,)),
    "spare not adopted": of_spare(adoptions=()),
    "spare forbidden": of_spare(licenses=NON_COMMERCIAL),
    "spare without license": of_spare(licenses={}),
    "spare gated": of_spare(gating="manual"),
    "spare of another identity": of_spare(upstream_id="e" * 24),
    "spare silent": of_spare(stale=STALE),
    "spare never confirmed": of_spare(status="unknown", facts_as_of=None),
    "spare murky": of_spare(roots=f.roots("Snowflake", unknown=("arctic-m",))),
    "spare bought": of_spare(roots=f.roots("Snowflake", "Alibaba")),
    "spare too short": of_spare(capabilities=Capabilities(context_length=512)),
}

# --- what a fix says -----------------------------------------------------------------------------------------------------

ABLE = Capabilities(task="feature-extraction", context_length=100_000, languages=("multilingual",))
Way = Callable[[Use, Finding], Use]


def another(name: str, vendor: str) -> OfferingFacts:
    return f.adopted(f.unadopted(name, vendor, capabilities=ABLE))


def switch(use: Use, _finding: Finding) -> Use:
    """End the use, and declare the other model with a plan of its own."""
    needs = declared(use).needs
    other = another("acme/e5", "Acme")
    fresh = f.approved(f.alternative(another("mistral/embed", "Mistral")), other)
    return f.use(other, plan=f.plan(fresh), needs=needs)


def plan_another(use: Use, _finding: Finding) -> Use:
    """In a plan that says how an index is built again, and drilled: nobody would approve it otherwise."""
    fresh = f.approved(f.alternative(another("mistral/embed", "Mistral")), use.offering)
    return of_dependency(plan=replace(f.plan(fresh), says_how_to_reindex=True))(use)


def approve(use: Use, _finding: Finding) -> Use:
    plan = declared(use).plan
    assert plan is not None
    ways = tuple(f.approved(one, use.offering) for one in plan.alternatives)
    return of_dependency(plan=replace(plan, number=1, alternatives=ways))(use)


def adopt(use: Use, _finding: Finding) -> Use:
    return with_offering(use, f.adopted(replace(use.offering, adoptions=()), revision=use.revision))


def adopt_the_spare(use: Use, _finding: Finding) -> Use:
    return with_first(
        use, lambda first: replace(first, offering=first.offering and f.adopted(first.offering, revision=f.SHA))
    )


def pin(use: Use, finding: Finding) -> Use:
    (revision,) = re.findall(r"[Pp]in revision (\w+)", finding.fix)
    return replace(of_dependency(pinned_revision=revision)(use), revision=revision, asked_revision="")


def use_revision(use: Use, finding: Finding) -> Use:
    (revision,) = re.findall(r"^Use revision (\w+)", finding.fix)
    return replace(of_dependency(pinned_revision=revision)(use), revision=revision, asked_revision=revision)


def settle_the_lineages(use: Use, _finding: Finding) -> Use:
    mended = with_offering(use, replace(use.offering, roots=replace(use.offering.roots, is_known=True)))
    return with_first(
        mended,
        lambda first: replace(
            first,
            offering=first.offering and replace(first.offering, roots=replace(first.offering.roots, is_known=True)),
        ),
    )


def say_how_to_reindex(use: Use, finding: Finding) -> Use:
    plan = declared(use).plan
    assert plan is not None
    return approve(of_dependency(plan=replace(plan, says_how_to_reindex=True))(use), finding)


def wherever(use: Use, finding: Finding, **fields: Any) -> Use:
    """Of the model in use, or of the one that is to replace it: the finding says which."""
    is_of_the_spare = finding.rule.startswith("UD4") or finding.message.startswith("The way out")
    return (of_spare if is_of_the_spare else of_offering)(**fields)(use)


def record_the_license(use: Use, finding: Finding) -> Use:
    allowed = {f.SHA: f.APACHE, f.OTHER_SHA: f.APACHE}
    return wherever(use, finding, licenses=allowed)


WAYS: list[tuple[str, Way]] = [
    (r"Switch to ", switch),
    (r"listed again", lambda use, _: of_offering(register_state="listed")(use)),
    (r"list the model again", lambda use, _: of_spare(register_state="listed")(use)),
    (r"^Name (the team|an active owner)", lambda use, _: of_offering(owner="Search", has_active_owner=True)(use)),
    (r"[Pp]ropose (the adoption of|its adoption (again|under))", adopt),
    (r"lift the block", lambda use, finding: wherever(use, finding, blocks=())),
    (r"[Rr]ecord (its|the) license", record_the_license),
    (r"[Pp]in revision ", pin),
    (r"instead of the floating name", lambda use, _: replace(use, is_floating=False)),
    (r"^Use revision ", use_revision),
    (r"^Map the offering", lambda use, finding: wherever(use, finding, status="available", facts_as_of=f.NOW)),
    (r"^Ask an operator", lambda use, finding: wherever(use, finding, stale=None)),
    (r"^Put an(other)? alternative|^Write a plan|^Add an alternative|^Submit the plan", plan_another),
    (r"^Propose .* for approval", approve),
    (r"^Propose its adoption for", adopt_the_spare),
    (r"^Say in the plan what users lose", lambda use, _: of_alternative(impact_statement="It is slower.")(use)),
    (r"^Say in the plan how the index", say_how_to_reindex),
    (r"^Drill the switch|^Measure it", lambda use, _: of_alternative(drill=f.drilled(), switch_time_days=0.5)(use)),
    (r"^Enter what .* was made from", settle_the_lineages),
    (r"^Enter .* on its page", lambda use, _: of_spare(capabilities=ABLE)(use)),
    (r"[Nn]ame who serves it|[Ss]ay who serves", lambda use, _: of_alternative(host=f.alternative().host)(use)),
]


def ways_of(finding: Finding) -> list[Way]:
    return [way for words, way in WAYS if re.search(words, finding.fix)]


def same(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.message


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(WRONG)), min_size=1, max_size=5, unique=True), st.data())
def test_what_the_fix_says_mends_it_and_all_of_them_leave_nothing(wrong: list[str], data: st.DataObject) -> None:
    use = f.use()
    for name in wrong:
        use = WRONG[name](use)
    for _ in range(40):
        findings = f.judged(use)
        if not findings:
            return
        finding = data.draw(st.sampled_from(findings), label="finding")
        ways = ways_of(finding)
        assert ways, finding
        use = data.draw(st.sampled_from(ways), label="way")(use, finding)
        assert same(finding) not in {same(one) for one in f.judged(use)}
    raise AssertionError(findings)


def test_each_of_them_is_found() -> None:
    """A negative control: what is wrong here is seen by some rule, and nothing is wrong before."""
    assert f.judged(f.use()) == []
    alone = {name: bool(f.judged(change(f.use()))) for name, change in WRONG.items()}
    assert {name for name, is_seen in alone.items() if not is_seen} == {
        "another head",
        "slow switch",
        "spare too short",
        "unknown host",
    }
