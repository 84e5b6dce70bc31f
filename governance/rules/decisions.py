"""5xx: do the decisions still stand, which rule is waived until when, and is the gate held open?"""

from collections.abc import Collection, Iterator

from governance import basis
from governance.rules.case import Case
from governance.rules.catalogue import NOTE
from governance.rules.english import days, for_purpose, listed
from governance.rules.facts import AdoptionFacts, WaiverFacts
from governance.rules.findings import Flaw, Page

# These have rules of their own: UD203, UD304, UD301, UD307, UD305.
_TOLD_ELSEWHERE = frozenset({"license", "gating", "status_gone", "revision", "upstream_id"})


def judge(case: Case) -> Iterator[Flaw]:
    """UD501 for the adoption; an approval of an alternative is judged with its plan."""
    adoption = case.use.adoption
    if adoption is None or adoption.is_ended:
        return
    if adoption.has_expired(case.today):
        yield _flaw(case, f"expired on {adoption.expires_on}", None)
        return
    changes = _changes(case, adoption)
    if changes:
        yield _flaw(case, f"rests on facts that have changed: {listed(map(str, changes))}", "independence")


def _changes(case: Case, adoption: AdoptionFacts) -> list[basis.FactChange]:
    changes = basis.changed(adoption.basis, basis.of_adoption(case.offering, case.use.revision))
    return [change for change in changes if change.fact not in _TOLD_ELSEWHERE]


def _flaw(case: Case, what: str, concern: str | None) -> Flaw:
    return Flaw(
        rule="UD501",
        message=f"The adoption of {case.offering}{for_purpose(case.use)} {what}.",
        fix="Propose its adoption again; somebody else decides.",
        page=case.adoption_page,
        concern=concern,
    )


def waivers(case: Case, used: Collection[WaiverFacts]) -> Iterator[Flaw]:
    """UD502 for each waiver that lowered a finding of this case, and for those that did not: of the dependency all, of
    the system those that cover it no more.
    """
    outgrown = [waiver for waiver in case.use.system.waivers if waiver.outgrown_by(case.use.system)]
    own = (*(case.use.dependency.waivers if case.use.dependency else ()), *outgrown)
    by_id = {waiver.id: waiver for waiver in (*used, *own)}
    for waiver in sorted(by_id.values(), key=lambda one: (one.rule, one.expires_on)):
        left = (waiver.expires_on - case.today).days
        ends_soon = waiver in used and left <= case.policy.waiver_warning_days
        yield Flaw(
            rule="UD502",
            message=f"{_subject(case, waiver)} until {waiver.expires_on}: {waiver.reason}{_outgrown(case, waiver)}",
            fix=_fix(case, waiver, left, is_used=waiver in used),
            page=Page("proposal", waiver.proposal_id),
            at_most=None if ends_soon else NOTE,
        )


def break_glass(case: Case) -> Iterator[Flaw]:
    """UD503 while it is in force, whether this use needs it or not: who ships should know. An answer says it once."""
    glass = case.use.glass
    if glass is not None:
        where = f"{case.use.system.name} in {case.use.system.environment}"
        yield Flaw(
            rule="UD503",
            message=f"Break-glass is in force for {where} until {glass.ends_at:%Y-%m-%d %H:%M} UTC: {glass.reason}",
            fix="Mend what it covers before then, or close it; afterwards another person reviews it.",
            page=Page("break-glass", glass.id),
        )


def _subject(case: Case, waiver: WaiverFacts) -> str:
    whole = waiver.dependency_id is None
    return f"{waiver.rule} is waived for {case.use.system.name if whole else case.use.purpose}"


def _outgrown(case: Case, waiver: WaiverFacts) -> str:
    outgrown = waiver.outgrown_by(case.use.system)
    return f" It does not cover {case.use.system.name} any more, which was {outgrown}." if outgrown else ""


def _fix(case: Case, waiver: WaiverFacts, left: int, *, is_used: bool) -> str:
    if waiver.outgrown_by(case.use.system):
        return f"Mend what {waiver.rule} finds, or propose the waiver again; somebody else decides."
    if not is_used:
        return "Nothing to do: the rule is kept without it."
    return f"Mend what {waiver.rule} finds before then: {days(left)} left." if left else "It ends today."
