"""One use before the rules: what they look at besides the facts."""

from dataclasses import dataclass
from datetime import date

from governance.rules.facts import AlternativeFacts, OfferingFacts, Use
from governance.rules.findings import Page
from governance.rules.plan import Place, PlanState, plan_state
from governance.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Case:
    """A use, the policy, and how its plan stands; an undeclared use has no plan."""

    use: Use
    policy: Policy
    plan: PlanState | None

    @property
    def offering(self) -> OfferingFacts:
        return self.use.offering

    @property
    def today(self) -> date:
        return self.use.today

    @property
    def offering_page(self) -> Page:
        return Page("offering", self.offering.id)

    @property
    def adoption_page(self) -> Page:
        """The form that proposes the adoption of this very use."""
        use = self.use
        given = (("purpose", use.purpose), ("distribution", use.system.distribution), ("revision", use.revision))
        return Page("adoption", self.offering.id, tuple(pair for pair in given if pair[1]))

    @property
    def use_page(self) -> Page:
        """The dependency, or the system that should declare it."""
        if self.use.dependency is None:
            return Page("system", self.use.system.id)
        return Page("dependency", self.use.dependency.id)

    @property
    def plan_page(self) -> Page:
        return self.use_page if self.use.dependency is None else Page("plan", self.use.dependency.id)

    @property
    def way_out(self) -> AlternativeFacts | None:
        """The alternative that holds."""
        return self.plan.holding if self.plan else None

    @property
    def switch(self) -> str:
        """What to do when the model goes, to begin a sentence with."""
        return f"Switch to {self.way_out}" if self.way_out else "Switch to another model"


def open_case(use: Use, policy: Policy) -> Case:
    if use.dependency is None:
        return Case(use, policy, None)
    return Case(use, policy, plan_state(Place(use.system, use.dependency, policy, use.today)))
