"""How the fallback plans of dependencies stand, for pages and lists: the very function that the gate calls."""

from collections.abc import Collection
from datetime import datetime

from governance.facts import SystemFacts, load_dependencies
from governance.rules.plan import Place, PlanState, plan_state
from governance.terms import terms_in_force
from registry.models import Dependency, Environment


def plan_states(dependency_ids: Collection[int], *, now: datetime) -> dict[int, PlanState]:
    """By dependency: which alternative holds, and what keeps each of the others from it. A constant number of queries."""
    policy = terms_in_force(now)
    dependencies = load_dependencies(dependency_ids, now=now)
    return {
        pk: plan_state(Place(system, dependencies[pk], policy, now.date()))
        for pk, system in _systems(dependency_ids).items()
    }


def _systems(dependency_ids: Collection[int]) -> dict[int, SystemFacts]:
    rows = Dependency.objects.filter(pk__in=dependency_ids).values_list(
        "pk",
        "system_id",
        "system__slug",
        "system__name",
        "system__criticality",
        "system__distribution",
        "environment__slug",
        "environment__environment_class",
    )
    return {
        pk: SystemFacts(
            id=system_id,
            slug=slug,
            name=name,
            criticality=criticality,
            distribution=distribution,
            environment=environment,
            is_production=environment_class == Environment.Class.PRODUCTION,
        )
        for pk, system_id, slug, name, criticality, distribution, environment, environment_class in rows
    }
