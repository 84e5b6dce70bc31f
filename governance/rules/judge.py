"""All rules on one use: flaws found by the families, weighed by policy, grace and waivers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from governance.rules import concentration, decisions, drilled, fallback, gateways, register, upstream
from governance.rules import license as licensing
from governance.rules.case import Case, open_case
from governance.rules.catalogue import ERROR, NOTE, OFF, RULES, WARNING
from governance.rules.facts import ActionFacts, SystemFacts, Use, WaiverFacts
from governance.rules.findings import Finding, Flaw
from governance.rules.policy import NEVER_SOFTENED, Policy, lower

# A new family is one file and one line here.
FAMILIES: tuple[Callable[[Case], Iterable[Flaw]], ...] = (
    register.judge,
    licensing.judge,
    upstream.judge,
    fallback.judge,
    drilled.judge,
    concentration.judge,
    gateways.judge,
    decisions.judge,
)


def judge(use: Use, policy: Policy) -> list[Finding]:
    """Every finding on `use`, in the order of the rules' families; what explains them (waivers, break-glass) last."""
    return judge_by_each(use, (policy,))[0]


def judge_by_each(use: Use, policies: Sequence[Policy]) -> list[list[Finding]]:
    """The findings on `use` by each of the policies. What they read alike is looked at once."""
    cases: list[Case] = []
    flaws: list[tuple[Flaw, ...]] = []
    for policy in policies:
        if cases and cases[-1].policy.reads_like(policy):
            cases.append(replace(cases[-1], policy=policy))
            flaws.append(flaws[-1])
        else:
            cases.append(open_case(use, policy))
            flaws.append(tuple(flaw for family in FAMILIES for flaw in family(cases[-1])))
    return [_weigh_all(case, found) for case, found in zip(cases, flaws, strict=True)]


def _weigh_all(case: Case, flaws: Iterable[Flaw]) -> list[Finding]:
    """The findings that the policy of `case` makes of its flaws."""
    weighed = [_soften(flaw, _weigh(flaw, case.use.system, case.policy, case.today), case) for flaw in flaws]
    findings = [finding for finding in weighed if finding.level != OFF]
    used = [finding.waiver for finding in findings if finding.waiver is not None]
    explained = (*decisions.waivers(case, used), *decisions.break_glass(case))
    return findings + [_weigh(flaw, case.use.system, case.policy, case.today) for flaw in explained]


def judge_unresolved(problem: str, message: str, system: SystemFacts, policy: Policy) -> Finding:
    """The finding on a ref that names no offering; no exception, no day and no break-glass covers that."""
    return _weigh(register.unresolved(problem, message), system, policy, date.min)


def judge_unnamed(use: Use, policy: Policy) -> Finding:
    """The finding on a declared use that a list of all models, as it says of itself, does not name."""
    return _weigh(register.unnamed(use), use.system, policy, use.today)


def _weigh(flaw: Flaw, system: SystemFacts, policy: Policy, today: date) -> Finding:
    """The level by policy. Where a rule that would stop the build lacks the fact, it warns and is not known."""
    level = policy.level_of(flaw.rule, criticality=system.criticality, is_production=system.is_production)
    level = lower(level, flaw.at_most) if flaw.at_most else level
    level, why = _not_enforced(flaw.rule, level, system, policy, today)
    is_unknown = flaw.is_unknown and level == ERROR
    return Finding(
        rule=flaw.rule,
        level=WARNING if is_unknown else level,
        message=f"{flaw.message} {why}" if why else flaw.message,
        fix=flaw.fix,
        page=flaw.page,
        is_unknown=is_unknown,
        concern=flaw.concern,
    )


def _not_enforced(rule: str, level: str, system: SystemFacts, policy: Policy, today: date) -> tuple[str, str]:
    """The level that is left by an exception or before the day from which a rule is enforced, and why that is so."""
    if rule in NEVER_SOFTENED:
        return level, ""
    exception = policy.exception_for(rule, system.tags, today)
    if exception is not None and lower(exception.level, level) != level:
        until = f"Systems tagged {exception.tag} are excepted until {exception.until}: {exception.reason}"
        return exception.level, until
    day = policy.enforced_from(rule, system.slug)
    if level == ERROR and day is not None and today < day:
        return WARNING, f"{rule} warns until it is enforced on {day}, and stops the build from then on."
    return level, ""


def _soften(flaw: Flaw, finding: Finding, case: Case) -> Finding:
    """A waiver makes it a note; a time of grace, or break-glass, makes an error a warning."""
    waiver = _waiver(finding, case.use)
    if waiver is not None and finding.level in {ERROR, WARNING}:
        return replace(finding, level=NOTE, waiver=waiver, is_unknown=False)
    action = _grace(flaw, case)
    if action is not None and finding.level == ERROR:
        return replace(finding, level=WARNING, message=f"{finding.message} {_until(action)}")
    return _through_the_glass(finding, case)


def _through_the_glass(finding: Finding, case: Case) -> Finding:
    """While the glass is broken nothing stops the build, not even what nobody knows, but what is never softened."""
    glass = case.use.glass
    if glass is None or finding.rule in NEVER_SOFTENED or not (finding.level == ERROR or finding.is_unknown):
        return finding
    until = f"This warns only because break-glass is in force until {glass.ends_at:%Y-%m-%d %H:%M} UTC."
    return replace(finding, level=WARNING, is_unknown=False, message=f"{finding.message} {until}")


def _waiver(finding: Finding, use: Use) -> WaiverFacts | None:
    """The waiver of this rule that lasts longest, if the rule can be waived.

    Who waived it for a system that mattered less was not asked about this one.
    """
    if not RULES[finding.rule].is_waivable:
        return None
    own = use.dependency.waivers if use.dependency else ()
    standing = (waiver for waiver in (*own, *use.system.waivers) if not waiver.outgrown_by(use.system))
    fitting = [waiver for waiver in standing if waiver.rule == finding.rule]
    return max(fitting, key=lambda waiver: waiver.expires_on, default=None)


def _grace(flaw: Flaw, case: Case) -> ActionFacts | None:
    """The open action that an upstream event left, while it is not overdue.

    It is none for what was so already when the dependency was declared (a new use starts clean), and for what is
    never softened, whatever concern it is given.
    """
    if flaw.concern is None or flaw.rule in NEVER_SOFTENED or case.use.dependency is None:
        return None
    fitting = [
        action
        for action in case.use.dependency.actions
        if action.concern == flaw.concern and action.is_of_an_event and action.due_on >= case.today
    ]
    return fitting[0] if fitting else None


def _until(action: ActionFacts) -> str:
    return f"This warns until {action.due_on}, when “{action.title}” is due, and stops the build after that."
