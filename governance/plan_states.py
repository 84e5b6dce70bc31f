"""How the fallback plans of dependencies stand, for pages and lists: the very function that the gate calls."""

from collections.abc import Collection
from datetime import datetime

from governance.facts import load_dependencies, load_systems_of
from governance.rules.plan import Place, PlanState, plan_state
from governance.terms import terms_in_force


def plan_states(dependency_ids: Collection[int], *, now: datetime) -> dict[int, PlanState]:
    """By dependency: which alternative holds, and what keeps each of the others from it. A constant number of queries."""
    policy = terms_in_force(now)
    dependencies = load_dependencies(dependency_ids, now=now)
    return {
        pk: plan_state(Place(system, dependencies[pk], policy, now.date()))
        for pk, system in load_systems_of(dependency_ids).items()
    }
