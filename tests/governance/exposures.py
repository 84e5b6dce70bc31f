"""Dependencies that a loss gets to: a use whose plan holds without Alibaba, and short ways to make one thing wrong."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from governance.rules.facts import AlternativeFacts, DependencyFacts, DrillFacts
from governance.rules.policy import Policy
from governance.whatif.question import Exposed, Lost, Scene
from tests.governance import facts_of_rules as f

IN_A_MONTH = f.TODAY + timedelta(days=30)
ALIBABA = next(iter(f.roots("Alibaba").names))
LOST = Lost(vendors={ALIBABA: "Alibaba"})
DRILLED = f.drilled(expires_on=f.LATER)


def scene(lost: Lost = LOST, gone_on: date = IN_A_MONTH) -> Scene:
    return Scene(lost, gone_on, f.TODAY, Policy())


def exposed(
    dependency: DependencyFacts | None = None,
    *,
    drill: DrillFacts | None = DRILLED,
    switch_days: float | None = 0.5,
    **fields: Any,
) -> Exposed:
    """A critical use of Alibaba's model whose plan holds without Alibaba and was drilled, unless told otherwise."""
    dependency = dependency or f.dependency()
    if dependency.plan is not None:
        ways = (tried(one, drill, switch_days) for one in dependency.plan.alternatives)
        dependency = replace(dependency, plan=replace(dependency.plan, alternatives=tuple(ways)))
    return Exposed(**({"dependency": dependency, "system": f.system()} | fields))


def tried(
    alternative: AlternativeFacts, drill: DrillFacts | None = DRILLED, switch_days: float | None = 0.5
) -> AlternativeFacts:
    return replace(alternative, drill=drill, switch_time_days=switch_days if drill else None)


def with_plan(*alternatives: AlternativeFacts, **fields: Any) -> DependencyFacts:
    return f.dependency(plan=f.plan(*alternatives), **fields)
