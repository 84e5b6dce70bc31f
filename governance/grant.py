"""What an approved proposal leaves: an adoption, an approval or a waiver, in place of the one before it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from governance import basis
from governance.facts import AlternativeFacts
from governance.models import Adoption, Approval, Basis, Proposal, Waiver
from governance.models.proposals import Permit
from governance.policies import take_force
from governance.propose import last_day_of_waiver, why_not_to_approve
from governance.refused import Refused
from governance.rules.facts import JSON
from governance.state import Offerings, required
from governance.terms import terms_in_force
from registry.models import Alternative

REPLACED = "replaced"


def grant(proposal: Proposal, offerings: Offerings, *, now: datetime) -> dict[str, Any]:
    """Write the permit with its basis and end the one it replaces; what was written, for the audit.

    `offerings` are the very facts that the decider's state was made of: the permit rests on nothing else.
    Raises `Refused("invalid")` where the permit could not take effect any more.
    """
    return {
        Proposal.Kind.ADOPT_MODEL: _adopt,
        Proposal.Kind.APPROVE_ALTERNATIVE: _approve,
        Proposal.Kind.WAIVE_RULE: _waive,
        Proposal.Kind.CHANGE_POLICY: _change_policy,
    }[Proposal.Kind(proposal.kind)](proposal, offerings, now)


def _adopt(proposal: Proposal, offerings: Offerings, now: datetime) -> dict[str, Any]:
    offering = required(proposal.offering)
    use = {"offering": offering, "purpose": proposal.purpose, "distribution": proposal.distribution}
    ended = _end(Adoption, use, now=now)
    adoption = Adoption.objects.create(
        proposal=proposal,
        granted_at=now,
        expires_on=now.date() + timedelta(days=terms_in_force(now).adoption_days),
        **use,
    )
    _keep_basis(basis.of_adoption(offerings[offering.pk], proposal.revision), adoption=adoption)
    return _said(adoption, ended)


def _approve(proposal: Proposal, offerings: Offerings, now: datetime) -> dict[str, Any]:
    alternative = required(proposal.alternative)
    if flaw := why_not_to_approve(alternative):
        raise Refused("invalid", f"This cannot be approved any more: {flaw}", field="alternative")
    bound = {
        "dependency": required(proposal.dependency),
        "plan_revision": required(proposal.plan_revision),
        "alternative": alternative,
    }
    ended = _end(Approval, bound, now=now)
    approval = Approval.objects.create(
        proposal=proposal,
        granted_at=now,
        expires_on=now.date() + timedelta(days=terms_in_force(now).approval_days),
        **bound,
    )
    _keep_basis(basis.of_alternative(_facts_of(alternative, offerings)), approval=approval)
    return _said(approval, ended)


def _waive(proposal: Proposal, _offerings: Offerings, now: datetime) -> dict[str, Any]:
    until = last_day_of_waiver(proposal.rule, proposal.until, now=now)
    about = {"rule": proposal.rule, "dependency": proposal.dependency, "system": proposal.system}
    ended = _end(Waiver, about, now=now)
    waiver = Waiver.objects.create(proposal=proposal, granted_at=now, expires_on=until, reason=proposal.reason, **about)
    return _said(waiver, ended)


def _change_policy(proposal: Proposal, _offerings: Offerings, now: datetime) -> dict[str, Any]:
    return take_force(proposal, now)


def _end(kind: type[Adoption] | type[Approval] | type[Waiver], about: Mapping[str, Any], *, now: datetime) -> list[int]:
    """End the permits in force for the same thing; their ids. At most one of a kind stands, a constraint says."""
    standing = kind.objects.filter(ended_at=None, **about)
    ids = list(standing.values_list("pk", flat=True))
    standing.update(ended_at=now, end_reason=REPLACED)
    return ids


def _facts_of(alternative: Alternative, offerings: Offerings) -> AlternativeFacts:
    """As much of an alternative as its basis is made of."""
    return AlternativeFacts(
        id=alternative.pk,
        order=alternative.order,
        kind=alternative.kind,
        offering=offerings[alternative.offering_id] if alternative.offering_id else None,
        pinned_revision=alternative.pinned_revision,
    )


def _keep_basis(facts: Mapping[str, JSON], **permit: Adoption | Approval) -> None:
    Basis.objects.bulk_create(Basis(fact=fact, value=value, **permit) for fact, value in facts.items())


def _said(permit: Permit, ended: list[int]) -> dict[str, Any]:
    return {
        "permit": f"{permit._meta.label_lower}:{permit.pk}",
        "expires_on": permit.expires_on,
        "replaced": ended,
    }
