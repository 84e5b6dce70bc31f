"""What an approved proposal leaves: an adoption, an approval or a waiver, in place of the one before it; or a model
that is withdrawn from the register.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from governance import basis
from governance.models import Adoption, Approval, Basis, Proposal, Waiver
from governance.models.proposals import Permit
from governance.policies import take_force
from governance.propose import last_day_of_waiver, why_not_to_approve, why_not_to_retire
from governance.refused import Refused
from governance.rules.facts import JSON
from governance.snapshot import snapshot
from governance.state import Offerings, required
from governance.terms import terms_in_force
from registry.models import AIModel

REPLACED = "replaced"


def grant(proposal: Proposal, offerings: Offerings, *, now: datetime) -> dict[str, Any]:
    """Write the permit with its basis and end the one it replaces; what was written, for the audit.

    `offerings` are the very facts that the decider's state was made of: the permit rests on nothing else. Call
    `refuse_without_effect` before.
    """
    return _GRANTS[proposal.kind](proposal, offerings, now)


def refuse_without_effect(proposal: Proposal, *, now: datetime) -> None:
    """Raises `Refused("invalid")` where an approval could leave nothing any more: nobody should give one in vain."""
    flaw = ""
    match proposal.kind:
        case Proposal.Kind.APPROVE_ALTERNATIVE:
            flaw = why_not_to_approve(required(proposal.alternative))
        case Proposal.Kind.RETIRE_MODEL:
            flaw = why_not_to_retire(required(proposal.model), now=now)
        case Proposal.Kind.WAIVE_RULE:
            last_day_of_waiver(proposal.rule, proposal.until, now=now)
    if flaw:
        field = "model" if proposal.kind == Proposal.Kind.RETIRE_MODEL else "alternative"
        raise Refused("invalid", f"This cannot be approved any more: {flaw}", field=field)


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
    primary = offerings[required(proposal.dependency).offering_id]
    offering = offerings[alternative.offering_id] if alternative.offering_id else None
    _keep_basis(basis.of_approval(offering, alternative.pinned_revision, primary), approval=approval)
    return _said(approval, ended)


def _waive(proposal: Proposal, _offerings: Offerings, now: datetime) -> dict[str, Any]:
    until = last_day_of_waiver(proposal.rule, proposal.until, now=now)
    about = {"rule": proposal.rule, "dependency": proposal.dependency, "system": proposal.system}
    ended = _end(Waiver, about, now=now)
    waiver = Waiver.objects.create(proposal=proposal, granted_at=now, expires_on=until, reason=proposal.reason, **about)
    return _said(waiver, ended)


def _retire(proposal: Proposal, _offerings: Offerings, _now: datetime) -> dict[str, Any]:
    model = AIModel.objects.select_for_update().get(pk=required(proposal.model).pk)
    before, model.state = model.state, AIModel.State.WITHDRAWN
    model.save(update_fields=["state", "updated_at"])
    return {"model": model.slug, "register_state": {"before": before, "after": model.state}}


_GRANTS: dict[str, Callable[[Proposal, Offerings, datetime], dict[str, Any]]] = {
    Proposal.Kind.ADOPT_MODEL: _adopt,
    Proposal.Kind.APPROVE_ALTERNATIVE: _approve,
    Proposal.Kind.WAIVE_RULE: _waive,
    Proposal.Kind.RETIRE_MODEL: _retire,
    Proposal.Kind.CHANGE_POLICY: lambda proposal, _offerings, now: take_force(proposal, now),
}


def _end(kind: type[Adoption] | type[Approval] | type[Waiver], about: Mapping[str, Any], *, now: datetime) -> list[int]:
    """End the permits in force for the same thing; their ids. At most one of a kind stands, a constraint says."""
    standing = kind.objects.filter(ended_at=None, **about)
    ids = list(standing.values_list("pk", flat=True))
    standing.update(ended_at=now, end_reason=REPLACED)
    return ids


def _keep_basis(facts: Mapping[str, JSON], **permit: Adoption | Approval) -> None:
    Basis.objects.bulk_create(Basis(fact=fact, value=value, **permit) for fact, value in facts.items())


def _said(permit: Permit, ended: list[int]) -> dict[str, Any]:
    return {
        "permit": f"{permit._meta.label_lower}:{permit.pk}",
        "expires_on": permit.expires_on,
        "replaced": ended,
        "row": snapshot(permit),
    }
