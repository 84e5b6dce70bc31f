"""4xx: does something stand ready that would hold?"""

from collections.abc import Iterator
from dataclasses import replace

from governance.rules.case import Case
from governance.rules.catalogue import NOTE
from governance.rules.english import for_purpose, listed
from governance.rules.findings import Flaw
from governance.rules.plan import PlanState, Standing


def judge(case: Case) -> Iterator[Flaw]:
    """An undeclared use has no plan to judge: UD106 says so."""
    if case.plan is None:
        return
    if case.plan.nearest is None:
        yield _no_plan(case)
    elif case.plan.best is not None:
        yield from case.plan.best.asides
        yield from _other_ways(case.plan)
    else:
        yield from _nearest(case, case.plan.nearest)


def _no_plan(case: Case) -> Flaw:
    use = case.use
    plan = use.dependency.plan if use.dependency else None
    vendors = sorted(use.offering.roots.names.values(), key=str.casefold)
    beyond = f" that does not come from {listed(vendors)}" if vendors else ""
    message = f"{use.offering} has no fallback plan{for_purpose(use)} in {use.system.environment}."
    fix = f"Write a plan with an alternative{beyond}, and propose that alternative for approval."
    if plan is not None and plan.number is None:
        message = f"The fallback plan of {use.offering}{for_purpose(use)} is only a draft."
        fix = "Submit the plan, and propose its first alternative for approval."
    elif plan is not None:
        message = f"The fallback plan of {use.offering}{for_purpose(use)} names no alternative."
        fix = f"Add an alternative{beyond} to the plan, and propose it for approval."
    return Flaw(rule="UD401", message=message, fix=fix, page=case.plan_page)


def _nearest(case: Case, standing: Standing) -> Iterator[Flaw]:
    begin = f"The fallback plan{for_purpose(case.use)} does not hold:"
    if len(case.plan.standings if case.plan else ()) > 1:
        begin = f"No alternative of the fallback plan{for_purpose(case.use)} holds; of the nearest:"
    for flaw in standing.flaws:
        yield replace(flaw, message=f"{begin} {flaw.message}")
    yield from standing.asides


def _other_ways(plan: PlanState) -> Iterator[Flaw]:
    """What is wrong with the other alternatives of a plan that holds: good to know, and no more."""
    for standing in plan.standings:
        for flaw in standing.flaws:
            message = f"Alternative {standing.alternative.order} would not hold: {flaw.message}"
            yield replace(flaw, message=message, at_most=NOTE, is_unknown=False)
