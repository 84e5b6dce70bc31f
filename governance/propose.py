"""A person asks for a decision: adopt a model, approve an alternative, waive a rule, retire a model."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from governance import audit
from governance.models import Proposal
from governance.models.proposals import LONGEST_WAIVER_DAYS
from governance.permissions import can_propose, can_propose_for, can_propose_for_system, can_retire
from governance.refused import Refused, invalid, written
from governance.retiring import leaning_on
from governance.routing import route_of
from governance.rules.catalogue import RULES
from governance.state import digest, state_of
from governance.terms import terms_in_force
from registry.locks import serialise
from registry.models import AIModel, Alternative, Dependency, Distribution, Offering, System, User

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")
_NAMED = 3
_REVISION = re.compile(r"[!-~]{0,64}")


def propose_adoption(
    *,
    proposer: User,
    offering: Offering,
    purpose: str,
    distribution: str,
    reason: str,
    now: datetime,
    revision: str = "",
    due_on: date | None = None,
) -> Proposal:
    """Ask that `offering` may be used for `purpose` in systems distributed that way.

    With `revision` the decision is about that one; without, about whichever a system uses under the same license.
    Refused: `not_allowed`, `invalid`, `duplicate`.
    """
    if not _SLUG.fullmatch(purpose):
        raise invalid("purpose", "purpose: one word of letters, digits, hyphens and underscores, as systems name it.")
    if distribution not in Distribution.values:
        raise invalid("distribution", f"distribution: one of {', '.join(Distribution.values)}.")
    if not _REVISION.fullmatch(revision):
        raise invalid("revision", "revision: a commit or tag of at most 64 signs, or empty for whichever is in use.")
    if offering.model.state == AIModel.State.WITHDRAWN:
        raise invalid("offering", f"offering: {offering.model} was withdrawn from the register.")
    about = {"offering": offering, "purpose": purpose, "distribution": distribution}
    proposal = Proposal(kind=Proposal.Kind.ADOPT_MODEL, revision=revision, **about)
    with transaction.atomic():
        _refuse_unless(can_propose(_fresh(proposer)), "Owners and reviewers propose.")
        return submit(proposal, about, proposer=proposer, reason=reason, due_on=due_on, now=now)


def propose_alternative(
    *, proposer: User, alternative: Alternative, reason: str, now: datetime, due_on: date | None = None
) -> Proposal:
    """Ask that `alternative` of a submitted plan may take over for the plan's dependency.

    Refused: `not_allowed`, `invalid`, `duplicate`.
    """
    revision = alternative.plan_revision
    dependency = revision.plan.dependency
    if dependency is None:
        raise invalid("alternative", "alternative: a default plan is approved where it was copied to a dependency.")
    if flaw := why_not_to_approve(alternative):
        raise invalid("alternative", f"alternative: {flaw}")
    about = {"dependency": dependency, "plan_revision": revision, "alternative": alternative}
    authors = {"plan_author": revision.created_by, "plan_submitter": revision.submitted_by}
    proposal = Proposal(kind=Proposal.Kind.APPROVE_ALTERNATIVE, **authors, **about)
    with transaction.atomic():
        _refuse_unless(
            can_propose_for(_fresh(proposer), dependency),
            "Only the team that owns the system, or a reviewer, proposes.",
        )
        return submit(proposal, about, proposer=proposer, reason=reason, due_on=due_on, now=now)


def propose_waiver(  # noqa: PLR0913 - what a waiver says, each by its name
    *,
    proposer: User,
    rule: str,
    until: date,
    reason: str,
    compensating_measure: str,
    now: datetime,
    dependency: Dependency | None = None,
    system: System | None = None,
    due_on: date | None = None,
) -> Proposal:
    """Ask that `rule` does not stop a dependency, or a whole system, up to and including the day `until`.

    Refused: `not_allowed`, `invalid`, `duplicate`.
    """
    asked_for = system if dependency is None else dependency.system
    if asked_for is None or (dependency is not None and system is not None):
        raise invalid("dependency", "dependency: name a dependency or a system, one of the two.")
    last_day = last_day_of_waiver(rule, until, now=now)
    about = {"rule": rule, "dependency": dependency, "system": system}
    measure = written("compensating_measure", compensating_measure)
    proposal = Proposal(kind=Proposal.Kind.WAIVE_RULE, until=last_day, compensating_measure=measure, **about)
    with transaction.atomic():
        _refuse_unless(
            can_propose_for_system(_fresh(proposer), asked_for),
            "Only the team that owns the system, or a reviewer, proposes.",
        )
        return submit(proposal, about, proposer=proposer, reason=reason, due_on=due_on, now=now)


def propose_retirement(
    *, proposer: User, model: AIModel, reason: str, now: datetime, due_on: date | None = None
) -> Proposal:
    """Ask that `model` is withdrawn from the register: nobody may begin to use it any more.

    Refused: `not_allowed`, `duplicate`, `invalid` while something depends on it whose plan does not hold without it.
    """
    # As the database knows it now: what the caller holds may be older than another retirement.
    model = AIModel.objects.get(pk=model.pk)
    if flaw := why_not_to_retire(model, now=now):
        raise invalid("model", f"model: {flaw}")
    proposal = Proposal(kind=Proposal.Kind.RETIRE_MODEL, model=model)
    with transaction.atomic():
        _refuse_unless(can_retire(_fresh(proposer), model), "Only who owns the model, or a reviewer, proposes.")
        return submit(proposal, {"model": model}, proposer=proposer, reason=reason, due_on=due_on, now=now)


def last_day_of_waiver(rule: str, until: date | None, *, now: datetime) -> date:
    """`until`, if `rule` can be waived up to that day; raises `Refused` otherwise."""
    known = RULES.get(rule)
    if known is None:
        raise invalid("rule", f"rule: there is no rule {rule}.")
    if not known.is_waivable:
        raise invalid("rule", f"rule: {rule} ({known.title.lower()}) is never waived. Remove its cause.")
    # A moment is a day too for isinstance, and would not compare with one.
    if until is None or isinstance(until, datetime):
        raise invalid("until", "until: name the last day; a waiver always ends.")
    # Whatever a policy allows beyond it: the table takes no longer one.
    today, longest = now.date(), min(terms_in_force(now).waiver_max_days, LONGEST_WAIVER_DAYS)
    if not today <= until <= today + timedelta(days=longest):
        last = today + timedelta(days=longest)
        raise invalid("until", f"until: a waiver ends within {longest} days, at the latest on {last}, not on {until}.")
    return until


def why_not_to_approve(alternative: Alternative) -> str:
    """Why an approval of `alternative` could not take effect; empty where it could."""
    revision = alternative.plan_revision
    dependency = revision.plan.dependency
    if not revision.is_submitted:
        return "its plan is a draft. Submit it first, so that it stays what people decide on."
    if revision != revision.plan.current_revision:
        return f"revision {revision.number} of its plan is no longer the current one. Propose it from the newer."
    if dependency and dependency.ended_on is not None:
        return f"the dependency ended on {dependency.ended_on}."
    if alternative.offering is not None and alternative.offering.model.state == AIModel.State.WITHDRAWN:
        return f"{alternative.offering.model} was withdrawn from the register. Put another model into the plan."
    return ""


def why_not_to_retire(model: AIModel, *, now: datetime) -> str:
    """Why `model` cannot be withdrawn from the register; empty where it can."""
    if model.state == AIModel.State.WITHDRAWN:
        return f"{model} was withdrawn from the register already."
    stuck = leaning_on(model, now=now).in_the_way
    if not stuck:
        return ""
    named = "; ".join(str(one) for one in stuck[:_NAMED])
    others = f" and {len(stuck) - _NAMED} more" if len(stuck) > _NAMED else ""
    return f"no plan holds without it for {named}{others}. End these uses, or have an alternative of another model approved."


def due_day(asked: date | None, *, decide_by: datetime, now: datetime) -> date:
    """The day by which it should be decided: `asked`, or half of the time there is."""
    if asked is None:
        return (now + (decide_by - now) / 2).date()
    if isinstance(asked, datetime) or not now.date() <= asked <= decide_by.date():
        raise invalid("due_on", f"due_on: a day from today to {decide_by.date()}, when an undecided proposal expires.")
    return asked


def submit(
    proposal: Proposal,
    about: dict[str, Any],
    *,
    proposer: User,
    reason: str,
    now: datetime,
    due_on: date | None = None,
) -> Proposal:
    """Write the proposal with the state it is made on; `about` is what no two open proposals may share."""
    serialise("proposals")
    if other := Proposal.objects.open().filter(kind=proposal.kind, decide_by__gte=now, **about).first():
        raise Refused("duplicate", f"Proposal {other.pk} asks for the same and waits to be decided.", proposal=other.pk)
    state = state_of(proposal, now=now)
    proposal.proposer, proposal.reason, proposal.created_at = proposer, written("reason", reason), now
    proposal.submitted_state, proposal.state_digest = state, digest(state)
    proposal.decide_by = now + timedelta(days=terms_in_force(now).decision_days)
    proposal.route = dict(route_of(proposal, state, terms_in_force(now)))
    proposal.due_on = due_day(due_on, decide_by=proposal.decide_by, now=now)
    proposal.save()
    audit.record("governance:proposal:submitted", proposal, actor=proposer, after=_said(proposal))
    return proposal


def _said(proposal: Proposal) -> dict[str, Any]:
    return {
        "reason": proposal.reason,
        "due_on": proposal.due_on,
        "decide_by": proposal.decide_by,
        "state_digest": proposal.state_digest,
        "state": proposal.submitted_state,
        "round": proposal.round,
        "route": proposal.route,
        "plan_revision": proposal.plan_revision_id,
    }


def _fresh(person: User) -> User:
    """The person as the database knows them now: what the caller holds may be older than the loss of a right."""
    return User.objects.get(pk=person.pk)


def _refuse_unless(allowed: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence where it is called
    if not allowed:
        raise Refused("not_allowed", message)
