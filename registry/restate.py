"""What stands of an offering without anybody having announced it, as a change that can be told."""

from datetime import datetime

from django.db.models import Q

from registry.models import Change, ChangeKind, Listing, Offering, Severity

_SEVERITIES: dict[str, Severity] = {
    ChangeKind.REMOVED: Severity.CRITICAL,
    ChangeKind.DISABLED: Severity.CRITICAL,
    ChangeKind.RETIRED: Severity.CRITICAL,
    ChangeKind.RETIREMENT_ANNOUNCED: Severity.WARNING,
    ChangeKind.GATED: Severity.WARNING,
    ChangeKind.DEPRECATED: Severity.NOTICE,
}


def restate(offering: Offering, kind: ChangeKind, *, now: datetime) -> Change:
    """The newest change by which `offering` came to be as it is; where nobody saw it happen, one that says so now."""
    kinds = [kind]
    if kind == ChangeKind.RETIREMENT_ANNOUNCED:
        kinds.append(ChangeKind.RETIREMENT_MOVED)
    told = (
        Change.objects.in_force()
        .filter(Q(offering=offering) | Q(listing__offering=offering), kind__in=kinds)
        .order_by("-detected_at", "-id")
        .first()
    )
    return told or _state_now(offering, kind, now=now)


def _state_now(offering: Offering, kind: ChangeKind, *, now: datetime) -> Change:
    current = Listing.objects.filter(offering=offering, current__isnull=False).select_related("current").first()
    observation = current.current if current else None
    is_retirement = kind == ChangeKind.RETIREMENT_ANNOUNCED
    return Change.objects.create(
        kind=kind,
        severity=_SEVERITIES[kind],
        origin=Change.Origin.CLOCK,
        offering=offering,
        detected_at=now,
        effective_on=offering.retires_on if is_retirement else None,
        summary="Already so when it was first looked at",
        evidence_url=observation.evidence_url if observation else "",
        evidence_sha256=observation.evidence_sha256 if observation else "",
    )
