"""The demo's decisions, taken through the use cases by the people who may take them."""

from datetime import datetime, timedelta

from governance.demo.facts import offering_at
from governance.demo.rows import Organisation, PlanRow, Way
from governance.drills import record_drill
from governance.models import Proposal
from governance.plans import draft_revision, submit_revision
from governance.proposals import decide, digest, propose_adoption, propose_alternative, state_of
from registry.models import Alternative, Dependency, Member, Team, User

ADOPTED_BEFORE = timedelta(days=120)
APPROVED_BEFORE = timedelta(days=95)
# The laboratory tries what nobody has decided on yet.
UNDECIDED = "labs"


def load_decisions(organisation: Organisation, *, now: datetime) -> None:
    """Adopt what is in use, write the plans, approve and drill what the data file says."""
    reviewer, legal = (User.objects.get(username=name) for name in ("ravi", "lena"))
    for offering, purpose, distribution in _adopted(organisation):
        adopted_at = now - ADOPTED_BEFORE
        proposal = propose_adoption(
            proposer=_owner(offering_at(offering).model.owner),
            offering=offering_at(offering),
            purpose=purpose,
            distribution=distribution,
            reason="Evaluated on our own data; terms read by legal.",
            now=adopted_at,
        )
        proposal = _approve(proposal, reviewer, now=adopted_at)
        if proposal.state == Proposal.State.SUBMITTED:
            # The route asks legal, too, because of the license.
            _approve(proposal, legal, now=adopted_at)
    for row in organisation.plans:
        _plan(row, reviewer, now=now)


def _adopted(organisation: Organisation) -> list[tuple[str, str, str]]:
    distribution = {system.slug: system.distribution for system in organisation.systems}
    in_use = [
        (use.offering, use.purpose, distribution[use.system]) for use in organisation.uses if use.system != UNDECIDED
    ]
    return in_use + [(row.offering, row.purpose, row.distribution) for row in organisation.also_adopted]


def _owner(team: Team | None) -> User:
    return Member.objects.active().get(team=team, role=Member.Role.OWNER).user


def _approve(proposal: Proposal, decider: User, *, now: datetime) -> Proposal:
    return decide(
        proposal,
        decider=decider,
        verdict="approve",
        state_digest=digest(state_of(proposal)),
        comment="Facts and claims agree.",
        now=now,
    )


def _plan(row: PlanRow, reviewer: User, *, now: datetime) -> None:
    dependency = Dependency.objects.get(system__slug=row.system, environment__slug="production")
    owner = _owner(dependency.system.team)
    revision = draft_revision(
        dependency,
        author=owner,
        trigger=row.trigger,
        switch_procedure=row.procedure,
        switched_by=row.switched_by,
        rollback=row.rollback,
        reindex_plan=row.reindex,
        alternatives=[_alternative(way) for way in row.ways],
        now=now - APPROVED_BEFORE,
    )
    revision = submit_revision(revision, actor=owner, now=now - APPROVED_BEFORE)
    for way, alternative in zip(row.ways, revision.alternatives.order_by("order"), strict=True):
        if way.approved:
            proposal = propose_alternative(
                proposer=owner,
                alternative=alternative,
                reason="Tried with last month's traffic; good enough for a week.",
                now=now - APPROVED_BEFORE,
            )
            _approve(proposal, reviewer, now=now - APPROVED_BEFORE)
        if way.drilled_days_ago is not None:
            _drill(alternative, owner, now=now - timedelta(days=way.drilled_days_ago))


def _alternative(way: Way) -> dict[str, object]:
    if not way.offering:
        return {"kind": way.kind, "impact_statement": way.impact}
    offering = offering_at(way.offering)
    return {"kind": way.kind, "offering": offering, "pinned_revision": offering.head_revision}


def _drill(alternative: Alternative, owner: User, *, now: datetime) -> None:
    record_drill(
        alternative,
        recorded_by=owner,
        drilled_on=now.date(),
        outcome="passed",
        suite="last month's 500 hardest requests",
        primary_score=0.83,
        alternative_score=0.81,
        answered_by=alternative.offering.external_id if alternative.offering else "",
        switch_time=timedelta(hours=3),
        now=now,
    )
