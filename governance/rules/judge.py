"""All rules on one use: flaws found by the families, weighed by policy, grace and waivers."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from governance.rules import concentration, decisions, fallback, register, upstream
from governance.rules import license as licensing
from governance.rules.case import Case, open_case
from governance.rules.catalogue import ERROR, NOTE, OFF, RULES, WARNING
from governance.rules.facts import ActionFacts, SystemFacts, Use, WaiverFacts
from governance.rules.findings import Finding, Flaw
from governance.rules.policy import Policy, lower

# A new family is one file and one line here.
FAMILIES: tuple[Callable[[Case], Iterable[Flaw]], ...] = (
    register.judge,
    licensing.judge,
    upstream.judge,
    fallback.judge,
    concentration.judge,
    decisions.judge,
)


def judge(use: Use, policy: Policy) -> list[Finding]:
    """Every finding on `use`, in the order of the rules' families, waivers last."""
    case = open_case(use, policy)
    weighed = [_soften(flaw, _weigh(flaw, use.system, policy), case) for family in FAMILIES for flaw in family(case)]
    findings = [finding for finding in weighed if finding.level != OFF]
    used = [finding.waiver for finding in findings if finding.waiver is not None]
    return findings + [_weigh(flaw, use.system, policy) for flaw in decisions.waivers(case, used)]


def judge_unresolved(problem: str, message: str, system: SystemFacts, policy: Policy) -> Finding:
    """The finding on a ref that names no offering."""
    return _weigh(register.unresolved(problem, message), system, policy)


def _weigh(flaw: Flaw, system: SystemFacts, policy: Policy) -> Finding:
    """The level by policy. Where a rule that would stop the build lacks the fact, it warns and is not known."""
    level = policy.level_of(flaw.rule, criticality=system.criticality, is_production=system.is_production)
    level = lower(level, flaw.at_most) if flaw.at_most else level
    is_unknown = flaw.is_unknown and level == ERROR
    return Finding(
        rule=flaw.rule,
        level=WARNING if is_unknown else level,
        message=flaw.message,
        fix=flaw.fix,
        page=flaw.page,
        is_unknown=is_unknown,
    )


def _soften(flaw: Flaw, finding: Finding, case: Case) -> Finding:
    """A waiver makes it a note; a time of grace makes an error a warning."""
    waiver = _waiver(finding, case.use)
    if waiver is not None and finding.level in {ERROR, WARNING}:
        return replace(finding, level=NOTE, waiver=waiver, is_unknown=False)
    action = _grace(flaw, case)
    if action is None or finding.level != ERROR:
        return finding
    return replace(finding, level=WARNING, message=f"{finding.message} {_until(action)}")


def _waiver(finding: Finding, use: Use) -> WaiverFacts | None:
    """The waiver of this rule that lasts longest, if the rule can be waived."""
    if not RULES[finding.rule].is_waivable:
        return None
    own = use.dependency.waivers if use.dependency else ()
    fitting = [waiver for waiver in (*own, *use.system.waivers) if waiver.rule == finding.rule]
    return max(fitting, key=lambda waiver: waiver.expires_on, default=None)


def _grace(flaw: Flaw, case: Case) -> ActionFacts | None:
    """The open action that an upstream event left, while it is not overdue.

    It is none for what was so already when the dependency was declared: a new use starts clean.
    """
    if flaw.concern is None or case.use.dependency is None:
        return None
    fitting = [
        action
        for action in case.use.dependency.actions
        if action.concern == flaw.concern and action.is_of_an_event and action.due_on >= case.today
    ]
    return fitting[0] if fitting else None


def _until(action: ActionFacts) -> str:
    return f"This warns until {action.due_on}, when “{action.title}” is due, and stops the build after that."
