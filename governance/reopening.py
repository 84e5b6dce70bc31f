"""End the approvals of alternatives that rest on a fact which a change has altered, and no others.

The gate compares facts by itself, so nothing hangs on this being quick: it is what tells people to decide again.
Adoptions stay: what became of their facts differs by use (pinned, held), and the gate judges it use by use.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from governance import audit, basis
from governance.facts import OfferingFacts, load_offerings
from governance.models import Approval
from registry.models import Alternative, Change, ChangeKind

# With a verified copy of our own an alternative still works when these change.
_SPARED_BY_A_COPY = frozenset({"gating", "status_gone"})


def end_approvals(change: Change, *, now: datetime) -> dict[int, str]:
    """End what no longer rests on the facts it was granted on; by alternative, what differs, in words."""
    approvals = list(
        _candidates(change)
        .filter(ended_at=None, expires_on__gte=now.date())
        .select_related("alternative")
        .prefetch_related("basis")
    )
    facts = load_offerings(_offering_ids(approvals), now=now) if approvals else {}
    ended = {}
    for approval in approvals:
        if reason := _why_not(approval, facts):
            _end(approval, reason, change, now=now)
            ended[approval.alternative_id] = reason
    return ended


def _candidates(change: Change) -> QuerySet[Approval]:
    """The approvals that this change could concern at all."""
    approvals = Approval.objects.all()
    if change.model_id is not None:
        return approvals.filter(alternative__offering__model__ancestor_rows__ancestor_id=change.model_id)
    if change.vendor_id is not None:
        developed = Q(
            alternative__offering__model__ancestor_rows__ancestor__developer__ancestor_rows__ancestor=change.vendor_id
        )
        return approvals.filter(developed).distinct() if change.kind == ChangeKind.VENDOR_CHANGED else approvals.none()
    offering_id = change.offering_id or (change.listing.offering_id if change.listing else None)
    return approvals.filter(alternative__offering_id=offering_id) if offering_id else approvals.none()


def _offering_ids(approvals: Iterable[Approval]) -> Collection[int]:
    return {row.alternative.offering_id for row in approvals if row.alternative.offering_id is not None}


def _why_not(approval: Approval, facts: dict[int, OfferingFacts]) -> str:
    """What differs from the facts that the approval rests on, in words; empty where nothing does."""
    alternative: Alternative = approval.alternative
    if alternative.offering_id is None:
        return ""
    granted_on = {row.fact: row.value for row in approval.basis.all()}
    today = basis.of_adoption(facts[alternative.offering_id], alternative.pinned_revision)
    spared = _SPARED_BY_A_COPY if alternative.has_verified_copy else frozenset()
    return "; ".join(str(one) for one in basis.changed(granted_on, today) if one.fact not in spared)


def _end(approval: Approval, reason: str, change: Change, *, now: datetime) -> None:
    approval.ended_at, approval.end_reason = now, reason[:300]
    approval.save(update_fields=["ended_at", "end_reason"])
    audit.record(
        "governance:approval:ended",
        approval,
        actor=None,
        after={"reason": approval.end_reason, "change": change.pk},
    )
