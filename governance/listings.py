"""Say which offering a row of a feed is about, or take that back, with the line of audit. Rights are the caller's."""

from datetime import datetime

from django.db import transaction

from governance import audit
from registry import listings, unmap
from registry.models import Change, Listing, Offering, User


@transaction.atomic
def map_listing(listing: Listing, offering: Offering, *, by: User, now: datetime) -> list[Change]:
    """As `registry.listings.map_listing`, audited."""
    before = {"offering": listing.offering_id}
    told = listings.map_listing(listing, offering, now=now)
    audit.record("governance:listing:mapped", listing, actor=by, before=before, after={"offering": offering.pk})
    return told


@transaction.atomic
def unmap_listing(listing: Listing, *, by: User, now: datetime) -> list[Change]:
    """As `registry.unmap.unmap_listing`, audited."""
    before = {"offering": listing.offering_id}
    told = unmap.unmap_listing(listing, now=now)
    audit.record("governance:listing:unmapped", listing, actor=by, before=before, after={"offering": None})
    return told
