"""UD405: has somebody walked the way out, with success, and not too long ago?

It is asked of a plan that holds. Where none of its alternatives does, drilling one would not help.
"""

from collections.abc import Iterator

from governance.rules.case import Case
from governance.rules.catalogue import NOTE
from governance.rules.english import for_purpose
from governance.rules.facts import AlternativeFacts
from governance.rules.findings import Flaw


def judge(case: Case) -> Iterator[Flaw]:
    """Nothing where the way out was drilled; a note where only a later alternative that holds as well was, and where
    nobody has measured the switch: that is what UD302 reckons with.
    """
    way_out = case.way_out
    if way_out is None:
        return
    if _is_drilled(way_out, case):
        if way_out.switch_time_days is None:
            yield _unmeasured(way_out, case)
        return
    what = f"The way out{for_purpose(case.use)}, {way_out}, {_what(way_out)}"
    spare = next((one for one in _ways(case) if _is_drilled(one, case)), None)
    if spare is not None:
        what = f"{what} Alternative {spare.order}, {spare}, holds as well and was drilled."
    yield Flaw(
        rule="UD405",
        message=what,
        fix=f"Drill the switch to {way_out}, and record what was measured.",
        page=case.plan_page,
        at_most=NOTE if spare else None,
    )


def _unmeasured(way_out: AlternativeFacts, case: Case) -> Flaw:
    return Flaw(
        rule="UD405",
        message=f"The way out{for_purpose(case.use)}, {way_out}, was drilled, and nobody measured how long the switch takes.",
        fix="Measure it in the next drill, and report it as switch_time: a notice that is shorter is then told in time.",
        page=case.plan_page,
        at_most=NOTE,
    )


def _is_drilled(alternative: AlternativeFacts, case: Case) -> bool:
    return alternative.drill is not None and alternative.drill.counts(case.today)


def _ways(case: Case) -> Iterator[AlternativeFacts]:
    """The alternatives that hold, in the order of the plan."""
    yield from (one.alternative for one in (case.plan.standings if case.plan else ()) if one.holds)


def _what(alternative: AlternativeFacts) -> str:
    drill = alternative.drill
    if drill is None:
        return "was never drilled."
    if not drill.has_passed:
        why = f": {drill.shortfalls[0]}" if drill.shortfalls else "."
        return f"failed its last drill on {drill.drilled_on}{why}"
    return f"was last drilled on {drill.drilled_on}, and that drill expired on {drill.expires_on}."
