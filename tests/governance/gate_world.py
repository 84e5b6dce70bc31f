"""Rows with which nothing is wrong at the gate: adopted, planned and approved through the use cases."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group

from governance.drills import means_reindexing, record_drill
from governance.models import Proposal
from governance.proposals import decide, propose_adoption, propose_alternative
from registry.models import Alternative, Dependency, Drill, Offering, PlanRevision, System, User
from tests import factories as f
from tests.factories import NOW, TODAY


def approve(proposal: Proposal) -> Proposal:
    """Decided by reviewers, and by legal where it is asked, who have nothing else to do with it."""
    seen = proposal.state_digest
    for role, count in proposal.route.items():
        for _ in range(count):
            person = f.user(role=role)
            proposal = decide(proposal, decider=person, verdict="approve", state_digest=seen, now=NOW)
    return proposal


def owner_of(system: System) -> User:
    """The owner of the system's team, in the group of owners."""
    person = system.team.members.get(role="owner").user
    person.groups.add(Group.objects.get_or_create(name="owner")[0])
    return person


def adopt(offering: Offering, system: System, *, purpose: str = "embedding", revision: str = "") -> Proposal:
    return approve(
        propose_adoption(
            proposer=owner_of(system),
            offering=offering,
            purpose=purpose,
            distribution=system.distribution,
            reason="Good on our data.",
            revision=revision,
            now=NOW,
        )
    )


def approve_first(plan: PlanRevision, *, is_drilled: bool = True) -> Alternative:
    """The first alternative of the plan, approved and drilled, unless told otherwise."""
    alternative = plan.alternatives.order_by("order").first()
    assert alternative is not None
    dependency = plan.plan.dependency
    assert dependency is not None
    approve(
        propose_alternative(
            proposer=owner_of(dependency.system), alternative=alternative, reason="It will do.", now=NOW
        )
    )
    if is_drilled:
        drill(alternative)
    return alternative


def drill(alternative: Alternative, **fields: Any) -> Drill:
    """A drill that passed and counts until long after the tests' day, unless told otherwise."""
    dependency = alternative.plan_revision.plan.dependency
    assert dependency is not None
    given: dict[str, Any] = {
        "drilled_on": TODAY,
        "suite": "last month's requests",
        "answered_by": alternative.offering.external_id if alternative.offering else "",
        "switch_time": timedelta(hours=2),
        "reindex_time": timedelta(hours=5) if means_reindexing(alternative) else None,
        "now": NOW,
    }
    return record_drill(alternative, recorded_by=owner_of(dependency.system), **(given | fields))


def green(system: System | None = None, **fields: Any) -> Dependency:
    """A dependency that passes: adopted, pinned, with a drilled, approved alternative of another vendor, adopted too."""
    dependency = f.dependency(system=system, **fields)
    spare = f.offering()
    adopt(dependency.offering, dependency.system, purpose=dependency.purpose)
    adopt(spare, dependency.system, purpose=dependency.purpose)
    approve_first(f.plan(dependency, spare, author=owner_of(dependency.system)))
    return dependency


def spare_of(dependency: Dependency) -> Offering:
    """What stands in its plan."""
    return Offering.objects.get(alternatives__plan_revision__plan__dependency=dependency)
