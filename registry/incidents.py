"""What goes wrong with a source: opened once, told once, and ended by a person or by the source itself."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from registry.absence import NEGATIVES
from registry.apply import apply_effective
from registry.believe import PRESENCE
from registry.models import Change, ChangeKind, Incident, Listing, Severity, Source, User
from registry.runs import Held
from registry.upstream import adapter_of


class Closed(Exception):
    """The incident has ended already; the text says how."""


def suspect(held: Held, reason: str, *, affected: int, now: datetime) -> Incident:
    """The open incident of what a source says and nobody believes; what comes later joins it. Needs a transaction."""
    incident, is_new = Incident.objects.get_or_create(
        source=held.source,
        kind=Incident.Kind.SUSPECT,
        closed_at=None,
        defaults={"opened_at": now, "reason": reason, "affected_count": affected, "run": held.run},
    )
    if not is_new:
        incident.affected_count += affected
        incident.reason = f"{incident.reason} {reason}"[:2000]
        incident.save(update_fields=["affected_count", "reason"])
    return incident


def empty(source: Source, reason: str, *, now: datetime) -> Incident:
    """The open incident of a source that answers with far less than it used to."""
    incident, _ = Incident.objects.get_or_create(
        source=source,
        kind=Incident.Kind.EMPTY,
        closed_at=None,
        defaults={"opened_at": now, "reason": reason},
    )
    return incident


def settle(source: Source, *, now: datetime) -> None:
    """After a poll that was taken in: end what has passed by itself."""
    for incident in Incident.objects.open().filter(source=source):
        is_over = incident.kind == Incident.Kind.EMPTY or (
            incident.kind == Incident.Kind.SUSPECT and not incident.held.exists()
        )
        if is_over:
            _close(incident, Incident.Verdict.PASSED, by=None, note="", now=now)


@transaction.atomic
def release(incident: Incident, *, by: User, note: str, now: datetime) -> Incident:
    """Believe what was held back: its changes count from now on, and what was gone at once is gone.

    Raises `Closed` if the incident has ended meanwhile, and `UpstreamError` where the package of the source is missing that
    alone knows what its silence about a row means.
    """
    locked = _locked(incident)
    held = list(locked.held.select_related("listing"))
    if silent := [one.listing for one in held if one.fact == PRESENCE]:
        _let_go(silent, locked, by=by, now=now)
    locked.held.all().delete()
    _close(locked, Incident.Verdict.RELEASED, by=by, note=note, now=now)
    apply_effective({one.listing.offering_id for one in held if one.listing.offering_id is not None}, now=now)
    return locked


@transaction.atomic
def dismiss(incident: Incident, *, by: User, note: str, now: datetime) -> Incident:
    """Do not believe what was held back, now or as long as the source goes on saying the very same.

    Raises `Closed` if the incident has ended meanwhile.
    """
    locked = _locked(incident)
    _close(locked, Incident.Verdict.DISMISSED, by=by, note=note, now=now)
    return locked


def _locked(incident: Incident) -> Incident:
    locked = Incident.objects.select_for_update().get(pk=incident.pk)
    if locked.closed_at is not None:
        raise Closed(
            f"The incident has ended on {locked.closed_at:%Y-%m-%d %H:%M} UTC: {locked.get_verdict_display()}."
        )
    return locked


def _close(incident: Incident, verdict: Incident.Verdict, *, by: User | None, note: str, now: datetime) -> None:
    incident.verdict, incident.closed_at, incident.note = verdict, now, note
    incident.decided_by, incident.decided_at = by, now if by else None
    incident.save(update_fields=["verdict", "closed_at", "note", "decided_by", "decided_at"])


def _let_go(listings: Sequence[Listing], incident: Incident, *, by: User, now: datetime) -> None:
    """A person's word stands for the negatives that were still to come."""
    is_removal = adapter_of(incident.source.slug).absence_means_gone
    for listing in listings:
        listing.missing_since, listing.last_absent_at = incident.opened_at, now
        listing.absences, listing.removed_at = NEGATIVES, now if is_removal else None
    Listing.objects.bulk_update(listings, ["missing_since", "last_absent_at", "absences", "removed_at"], batch_size=500)
    if is_removal:
        Change.objects.bulk_create(_removal(one, incident, by=by, now=now) for one in listings)


def _removal(listing: Listing, incident: Incident, *, by: User, now: datetime) -> Change:
    return Change(
        kind=ChangeKind.REMOVED,
        severity=Severity.CRITICAL,
        origin=Change.Origin.PERSON,
        listing=listing,
        detected_at=now,
        reported_by=by,
        summary=f"Gone since {incident.opened_at:%Y-%m-%d}; released from quarantine"[:300],
    )
