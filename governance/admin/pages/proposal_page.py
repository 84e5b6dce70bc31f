"""What the page of a proposal shows: enough to decide from it alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance import proposals
from governance.admin.pages.proposal_effect import effect_of
from governance.admin.pages.proposal_facts import Difference, State, Table, fit, in_words, shared_vendors, table_of
from governance.admin.pages.proposal_gate import GateNow, gate_now
from governance.beside import Beside, beside
from governance.last_approved import LastApproved, last_approved
from governance.models import Comment, Decision, DryRun, Proposal
from governance.permissions import can_change_policy, can_propose, passes_with
from governance.routing import Progress, hats_of, is_concerned
from governance.terms import terms_in_force
from registry.models import Drill, User

SHOWN = (
    "proposer",
    "offering__model__developer",
    "dependency__system__team",
    "dependency__offering__model",
    "dependency__environment",
    "plan_revision",
    "plan_author",
    "alternative__offering__model",
    "alternative__plan_revision__plan",
    "system__team",
    "model__owner",
    "model__developer",
)


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """`differences` are since the submission, `news` since the same was approved the last time."""

    proposal: Proposal
    state: dict[str, Any]
    digest: str
    table: Table
    shared: list[str] | None
    fit: list[State]
    differences: list[Difference]
    last: LastApproved | None
    news: list[Difference]
    progress: Progress
    comments: Sequence[Comment]
    drills: Sequence[Drill]
    gate: GateNow | None
    beside: Beside
    trial: DryRun | None
    may_try: bool
    effect: Sequence[str]
    why_not: str
    acting_for: User | None
    is_proposer: bool
    may_ask_again: bool

    @property
    def is_open(self) -> bool:
        return self.proposal.state == Proposal.State.SUBMITTED

    @property
    def policy_diff(self) -> list[str]:
        """What differs in the policy; of the built-in one, which is all comments, only what is new."""
        lines: list[str] = self.state["diff"]
        return lines if self.state["compared_with"] else [line for line in lines if line.startswith("+")]

    @property
    def open_questions(self) -> list[Comment]:
        return [one for one in self.comments if one.kind == Comment.Kind.QUESTION and not hasattr(one, "answer")]


def load(proposal: Proposal, *, person: User, now: datetime) -> ProposalPage:
    """Facts of this moment for an open proposal; those that it was decided on, or submitted on, for a closed one."""
    is_open = proposal.state == Proposal.State.SUBMITTED
    closed_on = proposal.decided_state or proposal.submitted_state
    state = proposals.state_of(proposal, now=now) if is_open else closed_on
    named = proposals.digest(state)
    route = proposals.route_of(proposal, state, terms_in_force(now))
    progress = proposals.progress_of(proposal, route, state_digest=named)
    last = last_approved(proposal)
    hats = _hats(proposal, person, progress, now=now)
    gate = gate_now(proposal, now=now) if is_open else None
    return ProposalPage(
        proposal=proposal,
        state=state,
        digest=named,
        table=table_of(state),
        shared=shared_vendors(state),
        fit=fit(state),
        differences=in_words(proposals.differences(proposal.submitted_state, state)),
        last=last,
        news=in_words(proposals.differences(last.state, state)) if last else [],
        progress=progress,
        comments=list(proposal.comments.select_related("author", "asked_of", "answer", "answers__author")),
        drills=_drills(proposal),
        gate=gate,
        beside=beside(proposal, now=now),
        trial=_trial(proposal),
        may_try=is_open and proposal.kind == Proposal.Kind.CHANGE_POLICY and can_change_policy(person),
        effect=effect_of(proposal, gate, now=now) if is_open else (),
        why_not=_why_not(proposal, person, progress, hats=hats, now=now) if is_open else "",
        acting_for=hats[0] if hats else None,
        is_proposer=proposal.proposer_id == person.pk,
        may_ask_again=not is_open and can_propose(person) and proposal.kind != Proposal.Kind.RETIRE_MODEL,
    )


def _drills(proposal: Proposal) -> list[Drill]:
    if proposal.alternative_id is None:
        return []
    return list(Drill.objects.filter(alternative=proposal.alternative_id).select_related("recorded_by")[:3])


def _trial(proposal: Proposal) -> DryRun | None:
    """The last dry run of the very text that is asked for."""
    if proposal.kind != Proposal.Kind.CHANGE_POLICY:
        return None
    return DryRun.objects.filter(text=proposal.policy_text).order_by("-pk").first()


def _hats(proposal: Proposal, person: User, progress: Progress, *, now: datetime) -> list[User | None]:
    """In whose places the person may decide on it, None for their own; those that the route lacks come first."""
    hats = [
        hat
        for hat in hats_of(person, today=now.date())
        if hat.roles & progress.route.keys() and not is_concerned(hat, proposal)
    ]
    hats.sort(key=lambda hat: not hat.roles & progress.missing.keys())
    return [hat.delegation.delegator if hat.delegation else None for hat in hats]


def _why_not(
    proposal: Proposal, person: User, progress: Progress, *, hats: Sequence[User | None], now: datetime
) -> str:
    """Why this person cannot decide on it; empty where they can."""
    given = [one.decision for one in progress.given if not one.why_not]
    if in_two_hats := _in_two_hats(proposal, person):
        return in_two_hats
    if not hats:
        return f"It needs {progress.route_in_words}, which you are not. You see what they see."
    if any(_is_by(decision, person) for decision in given):
        return "You have decided, or somebody did in your place. The others are still asked."
    if proposal.decide_by < now:
        return "The time to decide it is over. It has to be proposed again."
    return ""


def _in_two_hats(proposal: Proposal, person: User) -> str:
    if proposal.proposer_id == person.pk:
        return "You proposed this, so somebody else has to decide: nobody approves their own proposal."
    if person.pk in proposal.concerned_ids:
        return "You wrote or submitted the plan that this is about, so somebody else has to decide."
    if passes_with(person, proposal):
        return "Your own team passes the gate with this, so somebody of another team has to decide."
    return ""


def _is_by(decision: Decision, person: User) -> bool:
    return person.pk in (decision.decider_id, decision.acting_for_id)
