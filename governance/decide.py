"""Other people decide on a proposal; what an approving decision leaves."""

from datetime import datetime
from typing import Any

from django.db import transaction

from governance import audit
from governance.grant import grant
from governance.models import Decision, Proposal
from governance.permissions import can_decide
from governance.refused import Refused, invalid, written
from governance.state import Offerings, State, describe, differences, digest, offerings_of
from registry.models import User

# How many people must approve. One, until routes by policy say otherwise.
QUORUM = 1


def decide(
    proposal: Proposal, *, decider: User, verdict: str, state_digest: str, now: datetime, comment: str = ""
) -> Proposal:
    """Approve or reject; `state_digest` names the state that the decider saw.

    Refused, with nothing written: `own_proposal`, `not_allowed`, `already_decided`, `closed`, `state_changed` (with
    both states and what differs), `invalid`.
    """
    if verdict not in Decision.Verdict.values:
        raise invalid("verdict", f"verdict: one of {', '.join(Decision.Verdict.values)}.")
    if comment:
        comment = written("comment", comment)
    with transaction.atomic():
        locked = _locked(proposal)
        _refuse_the_wrong_person(locked, decider)
        _refuse_closed(locked, now=now)
        offerings = offerings_of(locked, now=now)
        state = describe(locked, offerings)
        _refuse_another_state(locked, state, seen_digest=state_digest)
        Decision.objects.create(
            proposal=locked,
            proposer_id=locked.proposer_id,
            decider=decider,
            verdict=verdict,
            comment=comment,
            state_digest=state_digest,
            decided_at=now,
        )
        said: dict[str, Any] = {"verdict": verdict, "comment": comment, "state": state}
        said |= _take_effect(locked, verdict, offerings, now=now)
        said |= {"became": locked.state, "state_digest": state_digest, "proposer": locked.proposer_id}
        audit.record("governance:proposal:decided", locked, actor=decider, after=said)
    return locked


def withdraw(proposal: Proposal, *, actor: User, now: datetime) -> Proposal:
    """The proposer takes an open proposal back. Refused: `not_allowed`, `closed`."""
    with transaction.atomic():
        locked = _locked(proposal)
        person = User.objects.get(pk=actor.pk)
        if person.pk != locked.proposer_id or not person.is_active:
            raise Refused("not_allowed", "Only the person who made a proposal withdraws it.")
        _refuse_closed(locked, now=now)
        _close(locked, Proposal.State.WITHDRAWN, now=now)
        audit.record("governance:proposal:withdrawn", locked, actor=actor)
    return locked


def expire(now: datetime) -> int:
    """Close the open proposals whose time to be decided is over; how many there were."""
    overdue = Proposal.objects.open().filter(decide_by__lt=now).values_list("pk", flat=True)
    return sum(_expire_one(pk, now=now) for pk in list(overdue))


def _expire_one(pk: int, *, now: datetime) -> bool:
    with transaction.atomic():
        locked = Proposal.objects.select_for_update().get(pk=pk)
        if locked.state != Proposal.State.SUBMITTED:
            return False
        _close(locked, Proposal.State.EXPIRED, now=now)
        audit.record("governance:proposal:expired", locked, actor=None, after={"decide_by": locked.decide_by})
    return True


def _locked(proposal: Proposal) -> Proposal:
    """The proposal as it is now, held until the transaction ends: of two deciders the second sees the first."""
    return Proposal.objects.select_for_update().get(pk=proposal.pk)


def _refuse_the_wrong_person(proposal: Proposal, decider: User) -> None:
    if decider.pk == proposal.proposer_id:
        raise Refused("own_proposal", "Nobody decides on an own proposal: another reviewer has to.")
    # Read anew: a right that was taken away since the page was opened is gone.
    if not can_decide(User.objects.get(pk=decider.pk)):
        raise Refused("not_allowed", "Only reviewers decide.")
    if Decision.objects.filter(proposal=proposal, decider=decider).exists():
        raise Refused("already_decided", "You have decided on this proposal already.")


def _refuse_closed(proposal: Proposal, *, now: datetime) -> None:
    if proposal.state != Proposal.State.SUBMITTED:
        raise Refused("closed", f"This proposal is closed: {proposal.get_state_display().lower()}.")
    if proposal.decide_by < now:
        raise Refused("closed", f"This proposal was to be decided by {proposal.decide_by:%d %B %Y, %H:%M} UTC.")


def _refuse_another_state(proposal: Proposal, state: State, *, seen_digest: str) -> None:
    current = digest(state)
    if seen_digest == current:
        return
    submitted: State = proposal.submitted_state
    raise Refused(
        "state_changed",
        "The facts have changed since you saw them. Look at what is different and decide again.",
        # Only the state of the submission is kept; one that was seen in between is known by its digest alone.
        seen_state=submitted if seen_digest == proposal.state_digest else None,
        submitted_state=submitted,
        current_state=state,
        current_digest=current,
        differences=differences(submitted, state),
    )


def _take_effect(proposal: Proposal, verdict: str, offerings: Offerings, *, now: datetime) -> dict[str, Any]:
    """Close the proposal if the decision settles it; what was granted, for the audit."""
    if verdict == Decision.Verdict.REJECT:
        _close(proposal, Proposal.State.REJECTED, now=now)
    elif proposal.decisions.filter(verdict=Decision.Verdict.APPROVE).count() >= QUORUM:
        _close(proposal, Proposal.State.APPROVED, now=now)
        return {"granted": grant(proposal, offerings, now=now)}
    return {}


def _close(proposal: Proposal, state: Proposal.State, *, now: datetime) -> None:
    proposal.state, proposal.closed_at = state, now
    proposal.save(update_fields=["state", "closed_at"])
