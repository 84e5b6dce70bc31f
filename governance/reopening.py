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
from registry.models import Change, ChangeKind

# A verified copy of our own stays, and stays as open as it was.
_SPARED_BY_A_COPY = frozenset({"gating", "status_gone"})


def end_approvals(changes: Sequence[Change], *, now: datetime) -> dict[int, str]:
    """End what no longer rests on the facts it was granted on; by alternative, what differs, in words."""
    approvals = list(
        Approval.objects.filter(_concerned(changes), ended_at=None, expires_on__gte=now.date())
        .select_related("alternative")
        .prefetch_related("basis")
        .distinct()
    )
    facts = load_offerings(_offering_ids(approvals), now=now) if approvals else {}
    reasons = {approval: _why_not(approval, facts) for approval in approvals}
    ended = {approval: reason for approval, reason in reasons.items() if reason}
    for approval, reason in ended.items():
        _end(approval, reason, now=now)
    return {approval.alternative_id: reason for approval, reason in ended.items()}


def _concerned(changes: Sequence[Change]) -> Q:
    """The approvals that these changes could concern at all: by what they put forward, or by who stands behind that."""
    offerings = {offering.pk for change in changes if (offering := offering_of(change)) is not None}
    models = {change.model_id for change in changes if change.model_id is not None}
    sold = {change.vendor_id for change in changes if change.kind == ChangeKind.VENDOR_CHANGED and change.vendor_id}
    lineage = "alternative__offering__model__ancestor_rows__ancestor"
    concerned = Q(alternative__offering_id__in=offerings)
    if models:
        concerned |= Q(**{f"{lineage}__in": models})
    if sold:
        concerned |= Q(**{f"{lineage}__developer__ancestor_rows__ancestor__in": sold})
    return concerned


def _offering_ids(approvals: Iterable[Approval]) -> Collection[int]:
    return {row.alternative.offering_id for row in approvals if row.alternative.offering_id is not None}


def _why_not(approval: Approval, facts: Mapping[int, OfferingFacts]) -> str:
    """What differs from the facts that the approval rests on, in words; empty where nothing does."""
    alternative = approval.alternative
    if alternative.offering_id is None:
        return ""
    granted_on = {row.fact: row.value for row in approval.basis.all()}
    today = basis.of_adoption(facts[alternative.offering_id], alternative.pinned_revision)
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
