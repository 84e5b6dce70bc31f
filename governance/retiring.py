"""What leans on a model, and what each of it would stand on without: the question before a model is retired."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from governance.plan_states import plan_states
from governance.rules.plan import PlanState
from registry.models import AIModel, Alternative, Dependency, FallbackPlan, System

_MOST_CRITICAL_FIRST = {value: place for place, value in enumerate(System.Criticality.values)}


@dataclass(frozen=True, slots=True)
class Leaning:
    """A dependency that uses the model, or whose plan names it; `instead` is what it would stand on, empty for nothing.

    `was_safe` says of a plan that names the model whether it holds today.
    """

    dependency: Dependency
    instead: str
    was_safe: bool = True


@dataclass(frozen=True, slots=True)
class Leanings:
    """`uses` need the model itself, `backs` have it in the plan that counts. The most critical come first."""

    uses: Sequence[Leaning]
    backs: Sequence[Leaning]

    @property
    def in_the_way(self) -> list[Dependency]:
        """What retiring the model would leave without a way out."""
        uses = [one.dependency for one in self.uses if not one.instead]
        return uses + [one.dependency for one in self.backs if one.was_safe and not one.instead]

    @property
    def criticality(self) -> str:
        """That of the most critical system that leans on it; empty where none does."""
        return most_critical(one.dependency.system.criticality for one in (*self.uses, *self.backs))


def most_critical(criticalities: Iterable[str]) -> str:
    """The most critical of them; empty where there is none."""
    return min(criticalities, key=lambda value: _MOST_CRITICAL_FIRST[value], default="")


def leaning_on(model: AIModel, *, now: datetime) -> Leanings:
    """Every current dependency that leans on `model`, in a constant number of queries."""
    current = Dependency.objects.current().select_related("system", "offering", "environment")
    uses = list(current.filter(offering__model=model))
    backs = list(current.filter(pk__in=_backed_by(model)).exclude(offering__model=model))
    states = plan_states([row.pk for row in (*uses, *backs)], now=now)
    offering_ids = set(model.offerings.values_list("pk", flat=True))
    return Leanings(
        uses=_sorted([Leaning(row, _without(states[row.pk], offering_ids)) for row in uses]),
        backs=_sorted([Leaning(row, _without(states[row.pk], offering_ids), states[row.pk].holds) for row in backs]),
    )


def _backed_by(model: AIModel) -> list[int]:
    """The dependencies in whose current plan the model stands."""
    plans = FallbackPlan.objects.filter(revisions__alternatives__offering__model=model, dependency__isnull=False)
    current = {plan.dependency_id: plan.current_revision for plan in plans.distinct()}
    named = Alternative.objects.filter(offering__model=model, plan_revision__in=filter(None, current.values()))
    revisions = set(named.values_list("plan_revision_id", flat=True))
    return [pk for pk, revision in current.items() if pk is not None and revision and revision.pk in revisions]


def _without(state: PlanState, offering_ids: set[int]) -> str:
    """The first alternative of the plan that holds and is not of the model."""
    holding = (one.alternative for one in state.standings if one.holds)
    return next((str(one) for one in holding if one.offering is None or one.offering.id not in offering_ids), "")


def _sorted(leanings: list[Leaning]) -> list[Leaning]:
    return sorted(
        leanings, key=lambda one: (_MOST_CRITICAL_FIRST[one.dependency.system.criticality], one.dependency.pk)
    )
