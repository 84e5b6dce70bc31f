"""Whether the plans of some dependencies hold, in words for a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from governance.facts import DependencyFacts, SystemFacts, load_dependencies
from governance.rules.plan import Place, PlanState, plan_state
from governance.rules.policy import Policy
from governance.terms import terms_in_force
from registry.models import Dependency, Environment


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One dependency with what stands ready behind it. `tone` is good, warn or bad."""

    dependency: Dependency
    facts: DependencyFacts
    state: PlanState
    has_plan: bool

    @property
    def holds(self) -> bool:
        return self.state.holds

    @property
    def tone(self) -> str:
        """Outside production, and for experiments, nothing stops: a plan that does not hold is a warning there."""
        if self.holds:
            return "good"
        is_production = self.dependency.environment.environment_class == Environment.Class.PRODUCTION
        return "bad" if is_production else "warn"

    @property
    def label(self) -> str:
        if self.holds:
            return "Plan holds"
        return "Plan does not hold" if self.has_plan else "No plan"

    @property
    def why(self) -> str:
        """What stands ready; else the first flaw of the alternative that comes nearest."""
        if self.state.holding is not None:
            return " ".join([f"{self.state.holding} is approved and independent.", *self._besides])
        if self.state.nearest is None:
            return "Nothing stands ready."
        return _sentence(self.state.nearest.flaws[0].message)

    @property
    def _besides(self) -> list[str]:
        """What is told of a plan that holds all the same: one host for both."""
        asides = self.state.best.asides if self.state.best else ()
        return [aside.message for aside in asides if aside.at_most is None]


def lines_of(dependencies: Sequence[Dependency], *, now: datetime) -> list[PlanLine]:
    """One line per dependency (with system and environment loaded), in their order, in a constant number of queries."""
    facts = load_dependencies([row.pk for row in dependencies], now=now)
    policy = terms_in_force(now)
    return [_line(row, facts[row.pk], policy=policy, now=now) for row in dependencies]


def _line(row: Dependency, facts: DependencyFacts, *, policy: Policy, now: datetime) -> PlanLine:
    state = plan_state(Place(system=_system(row), dependency=facts, policy=policy, today=now.date()))
    return PlanLine(row, facts, state, has_plan=bool(state.standings))


def _system(row: Dependency) -> SystemFacts:
    return SystemFacts(
        id=row.system_id,
        slug=row.system.slug,
        name=row.system.name,
        criticality=row.system.criticality,
        distribution=row.system.distribution,
        environment=row.environment.slug,
        is_production=row.environment.environment_class == Environment.Class.PRODUCTION,
    )


def _sentence(text: str) -> str:
    """Messages begin with a word or with a name, and a name keeps its case."""
    return text[:1].upper() + text[1:] if text.startswith(("the ", "whether ")) else text
