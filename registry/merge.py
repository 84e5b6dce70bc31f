"""Two vendors that are one: the re-branded, the taken over, the one that was entered twice."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from registry.locks import serialise
from registry.models import (
    AIModel,
    Change,
    ChangeKind,
    Dependency,
    HubNamespace,
    Offering,
    ProposedSignal,
    User,
    Vendor,
    VendorAlias,
)
from registry.ownership import tell


@transaction.atomic
def merge(gone: Vendor, into: Vendor, *, reason: str, by: User, now: datetime) -> Change:
    """`gone` is `into` from now on: models, places, aliases, namespaces and subsidiaries go over.

    The row of `gone` stays with its history, and its slug leads to `into`. It belongs to `into`, so that whatever still
    names it (old changes, submitted plans) counts as the other's. Raises `ValidationError` for what cannot be merged.
    """
    serialise("vendor-ancestors")
    gone, into = _locked(gone, into)
    _refuse_the_impossible(gone, into)
    for child in gone.children.all():
        child.parent = into
        child.save()
    _move(gone, into)
    gone.parent = gone.merged_into = into
    gone.save()
    both = {"vendor": f"{gone.name} and {into.name}, two vendors"}
    one = {"vendor": f"{into.name} alone"}
    change = Change(kind=ChangeKind.VENDOR_CHANGED, vendor=into, before=both, after=one, summary=reason[:300])
    return tell(change, by=by, now=now)


def _locked(*vendors: Vendor) -> list[Vendor]:
    rows = {row.pk: row for row in Vendor.objects.select_for_update().filter(pk__in=[row.pk for row in vendors])}
    return [rows[row.pk] for row in vendors]


def _refuse_the_impossible(gone: Vendor, into: Vendor) -> None:
    if gone.pk == into.pk:
        raise ValidationError({"into": f"{gone} and {into} are one already."})
    if gone.is_self:
        raise ValidationError({"into": f"{gone} is our own organisation: it goes into no other."})
    if into.is_ours and gone.is_depended_on:
        raise ValidationError(
            {"into": f"{gone} stands behind models that are in use, and would no longer count: it does not become us."}
        )
    for row in (gone, into):
        if row.merged_into is not None:
            raise ValidationError({"into": f"{row} was merged into {row.merged_into} already."})
    if into.ancestor_rows.filter(ancestor=gone).exists():
        # All that the owner has would go over to what it owns, other subsidiaries too.
        raise ValidationError(
            {"into": f"{into} belongs to {gone}: merge {into} into {gone}, or give {into} another parent first."}
        )


def _move(gone: Vendor, into: Vendor) -> None:
    """Whatever may still change names `into` from now on. Submitted plans, decisions and changes stay as they were."""
    AIModel.objects.filter(developer=gone).update(developer=into)
    Offering.objects.filter(provider=gone).update(provider=into)
    Dependency.objects.filter(served_by=gone).update(served_by=into)
    HubNamespace.objects.filter(vendor=gone).update(vendor=into)
    VendorAlias.objects.filter(vendor=gone).update(vendor=into)
    # What its numbers suggested they suggest no more: they are the other's now, and are counted anew.
    ProposedSignal.objects.filter(vendor=gone, state=ProposedSignal.State.PROPOSED).delete()
    for text in dict.fromkeys((gone.name, gone.slug)):
        VendorAlias.objects.get_or_create(key=text.strip().casefold(), defaults={"vendor": into, "text": text})
