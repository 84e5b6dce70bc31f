"""Changes that no poll found: what a person reports, and what stands without anybody having announced it."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Q

from registry.models import Change, ChangeKind, Listing, Offering, Severity, User, Vendor

_SUMMARY_LENGTH = Change._meta.get_field("summary").max_length or 0
_has_valid_url = URLValidator(schemes=["https", "http"])

_SEVERITIES: dict[str, Severity] = {
    ChangeKind.REMOVED: Severity.CRITICAL,
    ChangeKind.DISABLED: Severity.CRITICAL,
    ChangeKind.RETIRED: Severity.CRITICAL,
    ChangeKind.RETIREMENT_ANNOUNCED: Severity.WARNING,
    ChangeKind.GATED: Severity.WARNING,
    ChangeKind.DEPRECATED: Severity.NOTICE,
}


def report_vendor_signal(
    vendor: Vendor, *, summary: str, source_url: str, severity: str, reported_by: User, now: datetime
) -> Change:
    """Enter what a vendor does or says, with where it can be read.

    Raises `ValidationError` by field: a summary of one line and at most 300 characters, an http(s) address, and a
    severity of the list are needed.
    """
    words = " ".join(summary.split())
    _check_signal(words, source_url, severity)
    return Change.objects.create(
        kind=ChangeKind.VENDOR_SIGNAL,
        severity=severity,
        origin=Change.Origin.PERSON,
        vendor=vendor,
        summary=words,
        evidence_url=source_url,
        reported_by=reported_by,
        detected_at=now,
    )


def _check_signal(summary: str, source_url: str, severity: str) -> None:
    problems: dict[str, str] = {}
    if not summary:
        problems["summary"] = "Say in a sentence what happened."
    elif len(summary) > _SUMMARY_LENGTH:
        problems["summary"] = f"At most {_SUMMARY_LENGTH} characters, not {len(summary)}."
    elif not summary.isprintable():
        problems["summary"] = "Only printable characters."
    if not _is_address(source_url):
        problems["source_url"] = "Name the page where this can be read, as an http:// or https:// address."
    if severity not in Severity.values:
        problems["severity"] = f"Choose one of {', '.join(Severity.values)}."
    if problems:
        raise ValidationError(problems)


def _is_address(text: str) -> bool:
    try:
        _has_valid_url(text)
    except ValidationError:
        return False
    return len(text) <= (Change._meta.get_field("evidence_url").max_length or 0)


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
