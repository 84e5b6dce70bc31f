"""End the approvals of alternatives that rest on a fact which a change has altered, and no others.

The gate compares facts by itself, so nothing hangs on this being quick: it is what tells people to decide again.
Adoptions stay: what became of their facts differs by use (pinned, held), and the gate judges it use by use.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from governance import audit, basis
from governance.facts import OfferingFacts, load_offerings
from governance.models import Approval
from governance.reach import offering_of
from registry.models import Change, ChangeKind, Offering

# A verified copy of our own stays, and stays as open as it was.
_SPARED_BY_A_COPY = frozenset({"gating", "status_gone"})


def end_approvals(changes: Sequence[Change], *, now: datetime) -> dict[int, str]:
    """End what no longer rests on the facts it was granted on; by alternative, what differs, in words."""
    approvals = list(
        Approval.objects.filter(_concerned(changes), ended_at=None, expires_on__gte=now.date())
        .select_related("alternative", "dependency")
        .prefetch_related("basis")
    )
    facts = load_offerings(_offering_ids(approvals), now=now) if approvals else {}
    reasons = {approval: _why_not(approval, facts) for approval in approvals}
    ended = {approval: reason for approval, reason in reasons.items() if reason}
    for approval, reason in ended.items():
        _end(approval, reason, now=now)
    return {approval.alternative_id: reason for approval, reason in ended.items()}


def _concerned(changes: Sequence[Change]) -> Q:
    """The approvals that these changes could concern at all: by what they put forward, or by who stands behind that
    or behind the model that it is to replace.
    """
    offerings = {offering.pk for change in changes if (offering := offering_of(change)) is not None}
    models = {change.model_id for change in changes if change.model_id is not None}
    sold = {change.vendor_id for change in changes if change.kind == ChangeKind.VENDOR_CHANGED and change.vendor_id}
    concerned = Q(alternative__offering__in=offerings)
    if models or sold:
        base = "model__ancestor_rows__ancestor"
        behind = Q(**{f"{base}__in": models}) | Q(**{f"{base}__developer__ancestor_rows__ancestor__in": sold})
        moved = Offering.objects.filter(behind).values("pk")
        concerned |= Q(alternative__offering__in=moved) | Q(dependency__offering__in=moved)
    return concerned


def _offering_ids(approvals: Iterable[Approval]) -> Collection[int]:
    pairs = ((row.alternative.offering_id, row.dependency.offering_id) for row in approvals)
    return {pk for pair in pairs for pk in pair if pk is not None}


def _why_not(approval: Approval, facts: Mapping[int, OfferingFacts]) -> str:
    """What differs from the facts that the approval rests on, in words; empty where nothing does."""
    alternative = approval.alternative
    if alternative.offering_id is None:
        return ""
    granted_on = {row.fact: row.value for row in approval.basis.all()}
    primary = facts[approval.dependency.offering_id]
    today = basis.of_approval(facts[alternative.offering_id], alternative.pinned_revision, primary)
    spared = _SPARED_BY_A_COPY if alternative.has_verified_copy else frozenset()
    return "; ".join(str(one) for one in basis.changed(granted_on, today) if one.fact not in spared)


def _end(approval: Approval, reason: str, *, now: datetime) -> None:
    approval.ended_at, approval.end_reason = now, reason[:300]
    approval.save(update_fields=["ended_at", "end_reason"])
    audit.record(
        "governance:approval:ended",
        approval,
        actor=None,
        after={"reason": approval.end_reason},
    )
