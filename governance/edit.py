"""The proposer edits an open proposal: a new round on the facts of now, in which no earlier decision counts."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from governance import audit
from governance.models import Proposal
from governance.propose import due_day, last_day_of_waiver
from governance.refused import Refused, written
from governance.routing import route_of
from governance.state import digest, state_of
from governance.terms import terms_in_force
from registry.models import User


def edit(
    proposal: Proposal,
    *,
    actor: User,
    now: datetime,
    reason: str | None = None,
    until: date | None = None,
    compensating_measure: str | None = None,
    due_on: date | None = None,
) -> Proposal:
    """Change what is given; None leaves a field as it is. What it is about stays: that would be another proposal.

    Refused: `not_allowed`, `closed`, `invalid`.
    """
    with transaction.atomic():
        locked = Proposal.objects.select_for_update().get(pk=proposal.pk)
        _refuse_who_may_not(locked, actor)
        _refuse_closed(locked, now=now)
        before = _terms(locked)
        if reason is not None:
            locked.reason = written("reason", reason)
        if locked.kind == Proposal.Kind.WAIVE_RULE:
            _edit_waiver(locked, until, compensating_measure, now=now)
        if due_on is not None:
            locked.due_on = due_day(due_on, decide_by=locked.decide_by, now=now)
        locked.round += 1
        locked.submitted_state = state_of(locked, now=now)
        locked.state_digest = digest(locked.submitted_state)
        locked.route = dict(route_of(locked, locked.submitted_state, terms_in_force(now)))
        locked.save()
        after = _terms(locked) | {"state": locked.submitted_state, "route": locked.route}
        audit.record("governance:proposal:edited", locked, actor=actor, before=before, after=after)
    return locked


def _edit_waiver(proposal: Proposal, until: date | None, compensating_measure: str | None, *, now: datetime) -> None:
    if until is not None:
        proposal.until = last_day_of_waiver(proposal.rule, until, now=now)
    if compensating_measure is not None:
        proposal.compensating_measure = written("compensating_measure", compensating_measure)


def _refuse_who_may_not(proposal: Proposal, actor: User) -> None:
    # Read anew: what the caller holds may be older than the loss of the right.
    if actor.pk != proposal.proposer_id or not User.objects.get(pk=actor.pk).is_active:
        raise Refused("not_allowed", "Only the person who made a proposal edits it.")


def _refuse_closed(proposal: Proposal, *, now: datetime) -> None:
    if proposal.state != Proposal.State.SUBMITTED or proposal.decide_by < now:
        raise Refused("closed", "This proposal is closed. Propose it again.")


def _terms(proposal: Proposal) -> dict[str, Any]:
    return {
        "round": proposal.round,
        "reason": proposal.reason,
        "until": proposal.until,
        "compensating_measure": proposal.compensating_measure,
        "due_on": proposal.due_on,
        "state_digest": proposal.state_digest,
    }
