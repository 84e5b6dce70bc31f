"""Other people decide on a proposal, each in one place of its route; what the decision that completes it leaves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from governance import audit
from governance.grant import grant, refuse_without_effect
from governance.models import Decision, Proposal
from governance.permissions import passes_with
from governance.refused import Refused, invalid, written
from governance.routing import Hat, hats_of, is_concerned, progress_of, route_of
from governance.rules.routes import Route, in_words
from governance.state import Offerings, State, describe, differences, digest, offerings_of
from governance.terms import terms_in_force
from registry.models import User


@dataclass(frozen=True, slots=True)
class Seen:
    """What the decision is about: the state, and the facts that it was made of."""

    state: State
    offerings: Offerings


def decide(
    proposal: Proposal, *, decider: User, verdict: str, state_digest: str, now: datetime, comment: str = ""
) -> Proposal:
    """Approve or reject; `state_digest` names the state that the decider saw.

    The proposal is approved once its route is complete, by approvals of one and the same state; a single rejection
    closes it. Who decides in the place of
    somebody else does so by a delegation. Refused, with nothing written: `own_proposal`, `own_team`, `not_allowed`,
    `already_decided`, `closed`, `state_changed` (with both states and what differs), `invalid`.
    """
    if verdict not in Decision.Verdict.values:
        raise invalid("verdict", f"verdict: one of {', '.join(Decision.Verdict.values)}.")
    if comment:
        comment = written("comment", comment)
    with transaction.atomic():
        locked = _locked(proposal)
        _refuse_one_in_two_hats(locked, decider)
        offerings = offerings_of(locked, now=now)
        state = describe(locked, offerings, now=now)
        route = route_of(locked, state, terms_in_force(now))
        hat = _hat_for(locked, decider, route, current=digest(state), now=now)
        _refuse_closed(locked, now=now)
        _refuse_another_state(locked, state, seen_digest=state_digest)
        if verdict == Decision.Verdict.APPROVE:
            refuse_without_effect(locked, now=now)
        Decision.objects.create(
            proposal=locked,
            proposer_id=locked.proposer_id,
            decider=decider,
            delegation=hat.delegation,
            acting_for=hat.delegation.delegator if hat.delegation else None,
            round=locked.round,
            verdict=verdict,
            comment=comment,
            state_digest=state_digest,
            decided_at=now,
        )
        said: dict[str, Any] = {"verdict": verdict, "comment": comment, "state": state}
        if hat.delegation:
            said["acting_for"] = hat.delegation.delegator_id
        said |= _take_effect(locked, verdict, route, Seen(state, offerings), now=now)
        told = {"state_digest": state_digest, "proposer": locked.proposer_id, "round": locked.round}
        said |= {"became": locked.state} | told
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


def _refuse_one_in_two_hats(proposal: Proposal, decider: User) -> None:
    if decider.pk == proposal.proposer_id:
        raise Refused("own_proposal", "Nobody decides on an own proposal: another reviewer has to.")
    if decider.pk in proposal.concerned_ids:
        raise Refused("own_proposal", "Nobody decides on a plan that they wrote or submitted, whoever proposes it.")
    if passes_with(decider, proposal):
        raise Refused(
            "own_team", "Nobody decides on what their own team passes the gate with: somebody of another team has to."
        )


def _hat_for(proposal: Proposal, decider: User, route: Route, *, current: str, now: datetime) -> Hat:
    """In whose place they decide on the state of that digest: one that the route still lacks, before one that it has."""
    # Read anew: a right that was taken away since the page was opened is gone.
    person = User.objects.get(pk=decider.pk)
    hats = [hat for hat in hats_of(person, today=now.date()) if _may_wear(hat, proposal, route)]
    if not hats:
        raise Refused("not_allowed", f"Only reviewers decide, and whom they asked: this needs {in_words(route)}.")
    given = Decision.objects.filter(proposal=proposal, round=proposal.round, state_digest=current)
    absent = given.exclude(acting_for=None)
    taken = {*given.values_list("decider_id", flat=True), *absent.values_list("acting_for_id", flat=True)}
    free = [hat for hat in hats if _whose(hat, person) not in taken]
    if given.filter(decider=person).exists() or not free:
        raise Refused("already_decided", "You have decided on this proposal already, or somebody did in your place.")
    missing = progress_of(proposal, route, state_digest=current).missing
    return next((hat for hat in free if hat.roles & missing.keys()), free[0])


def _may_wear(hat: Hat, proposal: Proposal, route: Route) -> bool:
    """Nobody decides in the place of who could not decide on it either."""
    return bool(hat.roles & route.keys()) and not is_concerned(hat, proposal)


def _whose(hat: Hat, person: User) -> int:
    return hat.delegation.delegator_id if hat.delegation else person.pk


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


def _take_effect(proposal: Proposal, verdict: str, route: Route, seen: Seen, *, now: datetime) -> dict[str, Any]:
    """Close the proposal if the decision settles it; what was granted, for the audit."""
    if verdict == Decision.Verdict.REJECT:
        _close(proposal, Proposal.State.REJECTED, now=now)
        return {}
    progress = progress_of(proposal, route, state_digest=digest(seen.state))
    if not progress.is_complete:
        return {"missing": progress.missing}
    proposal.decided_state = seen.state
    _close(proposal, Proposal.State.APPROVED, now=now)
    return {"granted": grant(proposal, seen.offerings, now=now)}


def _close(proposal: Proposal, state: Proposal.State, *, now: datetime) -> None:
    proposal.state, proposal.closed_at = state, now
    proposal.save(update_fields=["state", "closed_at", "decided_state"])
