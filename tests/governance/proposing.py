"""A system with a plan, its owner and two reviewers: what tests of proposals start from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from governance.models import Proposal
from governance.permissions import deciding_roles_of
from governance.proposals import (
    Refused,
    decide,
    digest,
    progress_of,
    propose_adoption,
    propose_alternative,
    propose_waiver,
    route_of,
    state_of,
)
from governance.terms import terms_in_force
from registry.models import Alternative, Dependency, Offering, PlanRevision, User
from tests import factories as make
from tests.factories import NOW, TODAY

LATER = NOW + timedelta(days=1)


@dataclass
class World:
    """One system with a plan, its owner, and two reviewers."""

    owner: User
    reviewer: User
    other_reviewer: User
    lawyer: User
    offering: Offering
    dependency: Dependency
    revision: PlanRevision
    alternative: Alternative

    def adoption(self, **fields: Any) -> Proposal:
        given: dict[str, Any] = {
            "proposer": self.owner,
            "offering": self.offering,
            "purpose": "embedding",
            "distribution": "saas",
            "reason": "Best on our data.",
            "now": NOW,
        }
        return propose_adoption(**(given | fields))

    def approval(self, **fields: Any) -> Proposal:
        given: dict[str, Any] = {"proposer": self.owner, "alternative": self.alternative, "reason": "Ok.", "now": NOW}
        return propose_alternative(**(given | fields))

    def waiver(self, **fields: Any) -> Proposal:
        given: dict[str, Any] = {
            "proposer": self.owner,
            "rule": "UD401",
            "until": TODAY + timedelta(days=30),
            "reason": "The plan is being written.",
            "compensating_measure": "A person answers.",
            "dependency": self.dependency,
            "now": NOW,
        }
        return propose_waiver(**(given | fields))

    def decide(self, proposal: Proposal, **fields: Any) -> Proposal:
        """The reviewer decides; where the route asks for more, the others do the same."""
        given: dict[str, Any] = {
            "decider": self.reviewer,
            "verdict": "approve",
            "state_digest": digest(state_of(proposal, now=NOW)),
            "now": NOW,
        }
        decided = decide(proposal, **(given | fields))
        for person in () if "decider" in fields else (self.other_reviewer, self.lawyer):
            if decided.state == Proposal.State.SUBMITTED and self.is_missing(decided, person):
                decided = decide(proposal, **(given | {"decider": person} | fields))
        return decided

    def is_missing(self, proposal: Proposal, person: User) -> bool:
        state = state_of(proposal, now=NOW)
        route = route_of(proposal, state, terms_in_force(NOW))
        return not deciding_roles_of(person).isdisjoint(
            progress_of(proposal, route, state_digest=digest(state)).missing
        )


def make_world() -> World:
    owner = make.user("olga", role="owner")
    dependency = make.dependency(system=make.system(team=make.team(owner=owner)))
    revision = make.plan(dependency, make.offering(), author=owner)
    return World(
        owner=owner,
        reviewer=make.user("rita", role="reviewer"),
        other_reviewer=make.user("rolf", role="reviewer"),
        lawyer=make.user("lena", role="legal"),
        offering=dependency.offering,
        dependency=dependency,
        revision=revision,
        alternative=revision.alternatives.get(),
    )


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code
