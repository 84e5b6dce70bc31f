"""Take back that a row of a source is about an offering."""

from datetime import date, datetime

from django.db import transaction

from registry.apply import apply_effective, claims_about
from registry.models import Change, ChangeKind, Listing, Offering, Severity

SUMMARY = "The row of the source that said so is about something else"
# What a row may have written that can be empty again. Anything else stays until another source or a person says it.
_TAKEN_BACK = ("deprecated_on", "retires_on", "is_deprecated", "input_price", "output_price")
_EMPTY = {"deprecated_on": None, "retires_on": None, "input_price": None, "output_price": None}


@transaction.atomic
def unmap_listing(listing: Listing, *, now: datetime) -> list[Change]:
    """Forget the mapping of `listing`: what only this row stated of the offering is taken back, and its users are told.

    The next poll maps a row again whose name fits an offering; there the offering's id or alias is what is wrong.
    """
    mapped = listing.offering_id
    if mapped is None:
        return []
    offering = Offering.objects.select_for_update().get(pk=mapped)
    listing.offering = None
    listing.save(update_fields=["offering"])
    _take_back(listing, offering, now=now)
    told = _moved(listing, offering, Offering.objects.get(pk=mapped).retires_on, now=now)
    Change.objects.bulk_create(told)
    return told


def _take_back(listing: Listing, offering: Offering, *, now: datetime) -> None:
    facts = listing.current.facts if listing.current else {}
    stated = [name for name in _TAKEN_BACK if name in facts]
    if not stated:
        return
    # Worked out anew below: a status that this row brought about must not stand for itself.
    Offering.objects.filter(pk=offering.pk).update(status=Offering.Status.UNKNOWN)
    if claims_about([offering.pk], now=now):
        apply_effective([offering.pk], now=now, taken_back={offering.pk: stated})
    else:
        empty = {name: value for name, value in _EMPTY.items() if name in stated}
        Offering.objects.filter(pk=offering.pk).update(**empty)


def _moved(listing: Listing, offering: Offering, retires_on: date | None, *, now: datetime) -> list[Change]:
    """The change of the offering's retirement, if there is one: somebody may be preparing for the wrong day."""
    if offering.retires_on in {None, retires_on}:
        return []
    kind = ChangeKind.RETIREMENT_MOVED if retires_on else ChangeKind.RETIREMENT_WITHDRAWN
    before, after = (day.isoformat() if day else None for day in (offering.retires_on, retires_on))
    return [
        Change(
            kind=kind,
            severity=Severity.NOTICE,
            origin=Change.Origin.PERSON,
            offering=offering,
            before=before,
            after=after,
            effective_on=retires_on,
            detected_at=now,
            summary=f"{SUMMARY}: {listing}"[:300],
        )
    ]
