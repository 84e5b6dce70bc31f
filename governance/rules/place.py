"""Where an alternative is judged, and the words that its flaws share."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from governance.rules.facts import AlternativeFacts, DependencyFacts, OfferingFacts, SystemFacts
from governance.rules.findings import Flaw, Page
from governance.rules.known import Known
from governance.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Place:
    """A dependency, the system that has it, and the policy and day that it is judged by.

    Who judges many by one policy and day gives all places one `known`.
    """

    system: SystemFacts
    dependency: DependencyFacts
    policy: Policy
    today: date
    known: Known = field(default_factory=Known, compare=False, repr=False)

    @property
    def primary(self) -> OfferingFacts:
        return self.dependency.offering

    @property
    def lead(self) -> timedelta:
        return timedelta(days=self.policy.lead_days[self.system.criticality])


def flaw_of(rule: str, message: str, fix: str, page: Page, *, concern: str | None = None) -> Flaw:
    return Flaw(rule=rule, message=message, fix=fix, page=page, concern=concern)


def plan_page(place: Place) -> Page:
    return Page("plan", place.dependency.id)


def offering_of(alternative: AlternativeFacts) -> OfferingFacts:
    if alternative.offering is None:
        msg = f"Alternative {alternative.id} of kind {alternative.kind} has no offering"
        raise TypeError(msg)
    return alternative.offering
