"""Which offering a row of a source is about, and what all sources together say of an offering."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from registry.effective import Effective, Statement, effective
from registry.licenses import from_hub
from registry.models import Change, ChangeKind, Listing, Offering, Revision, Severity, Source
from registry.records import ListingRecord
from registry.upstream import Source as Adapter

# A source that has not answered for two intervals is not believed before one that has.
STALE_AFTER_INTERVALS = 2
_CAPABILITIES = ("task", "context_length", "embedding_dimension", "supports_tools")


@transaction.atomic
def map_listing(listing: Listing, offering: Offering, *, now: datetime) -> None:
    """Say that `listing` is about `offering`: what the source says counts at once, and whoever uses it is told."""
    listing.offering = offering
    listing.save(update_fields=["offering"])
    _refresh_and_tell({offering.pk}, now=now)


def map_new(source: Source, adapter: Adapter, records: Iterable[ListingRecord], *, now: datetime) -> set[int]:
    """Map the unmapped listings whose place is an offering of the register; returns the offerings."""
    places = {record.external_id: adapter.place(record) for record in records}
    keys = {external_id.casefold() for _, external_id in places.values()}
    hosts = {host for host, _ in places.values()}
    offerings = {
        (host, key): pk
        for host, key, pk in Offering.objects.filter(host__in=hosts).values_list("host", "external_key", "pk")
        if key in keys
    }
    found: dict[int, int] = {}
    for pk, external_id in source.listings.filter(offering=None).values_list("pk", "external_id"):
        host, name = places.get(external_id, ("", ""))
        if (host, name.casefold()) in offerings:
            found[pk] = offerings[host, name.casefold()]
    for listing_id, offering_id in found.items():
        Listing.objects.filter(pk=listing_id).update(offering_id=offering_id)
    _refresh_and_tell(set(found.values()), now=now)
    return set(found.values())


def _refresh_and_tell(offering_ids: Collection[int], *, now: datetime) -> None:
    """Refresh, and leave a change on each offering for what its users did not know before."""
    before = Offering.objects.in_bulk(offering_ids)
    refresh(offering_ids, now=now)
    after = Offering.objects.in_bulk(offering_ids)
    Change.objects.bulk_create(
        change for pk, offering in after.items() for change in _news(before[pk], offering, now=now)
    )


def _news(before: Offering, after: Offering, *, now: datetime) -> Iterable[Change]:
    if after.retires_on and after.retires_on != before.retires_on:
        yield _stated(after, ChangeKind.RETIREMENT_ANNOUNCED, Severity.WARNING, now=now, effective_on=after.retires_on)
    gated = {Offering.Gating.AUTO, Offering.Gating.MANUAL}
    if after.gating in gated and before.gating == Offering.Gating.OPEN:
        yield _stated(after, ChangeKind.GATED, Severity.WARNING, now=now)
    if after.status == Offering.Status.DISABLED != before.status:
        yield _stated(after, ChangeKind.DISABLED, Severity.CRITICAL, now=now)


def _stated(
    offering: Offering, kind: ChangeKind, severity: Severity, *, now: datetime, effective_on: date | None = None
) -> Change:
    return Change(
        kind=kind,
        severity=severity,
        origin=Change.Origin.SOURCE,
        offering=offering,
        detected_at=now,
        effective_on=effective_on,
        after=effective_on.isoformat() if effective_on else None,
        summary="Already so when the source's row was mapped",
    )


def statements_of(offering_ids: Collection[int], *, now: datetime) -> dict[int, list[Statement]]:
    """What each source says now of each offering, in one query."""
    rows = Listing.objects.filter(offering__in=offering_ids, current__isnull=False).select_related("source", "current")
    found: dict[int, list[Statement]] = {pk: [] for pk in offering_ids}
    for listing in rows:
        if listing.offering_id is not None and listing.current is not None:
            found[listing.offering_id].append(_statement(listing, now=now))
    return found


def _statement(listing: Listing, *, now: datetime) -> Statement:
    source, observation = listing.source, listing.current
    assert observation is not None, "asked for by the caller"  # noqa: S101
    age = now - observation.last_confirmed_at
    return Statement(
        source=source.slug,
        method=source.method,
        confirmed_at=observation.last_confirmed_at,
        is_stale=age > source.interval * STALE_AFTER_INTERVALS,
        facts=observation.facts,
        evidence_url=observation.evidence_url,
        evidence_sha256=observation.evidence_sha256,
    )


def refresh(offering_ids: Collection[int], *, now: datetime) -> None:
    """Write the effective values onto the offerings. One about which no source speaks stays as it is."""
    statements = statements_of(offering_ids, now=now)
    for offering in Offering.objects.filter(pk__in=offering_ids).select_related("model"):
        if statements[offering.pk]:
            _apply(offering, effective(statements[offering.pk]), now=now)


def _apply(offering: Offering, facts: dict[str, Effective], *, now: datetime) -> None:
    values = {name: one.value for name, one in facts.items()}
    retires_on = date.fromisoformat(values["retires_on"]) if "retires_on" in values else None
    offering.retires_on = retires_on
    offering.status = _status(values, retires_on, today=now.date())
    offering.gating = values.get("gating", offering.gating)
    offering.upstream_id = values.get("upstream_id", offering.upstream_id)
    offering.head_revision = values.get("revision", offering.head_revision)
    offering.input_price = Decimal(values["input_price"]) if "input_price" in values else offering.input_price
    offering.output_price = Decimal(values["output_price"]) if "output_price" in values else offering.output_price
    if offering.kind == Offering.Kind.SERVICE and offering.gating == Offering.Gating.UNKNOWN:
        # Gating is a matter of repositories; a service asks for an account and nothing more.
        offering.gating = Offering.Gating.OPEN
    offering.facts_as_of = max(one.by.confirmed_at for one in facts.values())
    offering.save()
    _keep_license(offering, values, now=now)
    _fill_blank_capabilities(offering, values)


def _status(values: dict[str, Any], retires_on: date | None, *, today: date) -> str:
    if values.get("is_disabled"):
        return Offering.Status.DISABLED
    if retires_on is not None and retires_on <= today:
        return Offering.Status.RETIRED
    if values.get("is_deprecated"):
        return Offering.Status.DEPRECATED
    return Offering.Status.AVAILABLE


def _keep_license(offering: Offering, values: dict[str, Any], *, now: datetime) -> None:
    stated = [values.get(name) for name in ("license", "license_name", "license_link")]
    if not any(stated) and not values.get("revision"):
        return
    Revision.objects.update_or_create(
        offering=offering,
        revision=offering.head_revision,
        defaults={
            "license": from_hub(*stated),
            "license_as_given": ", ".join(str(one) for one in stated if one)[:300],
            "observed_at": now,
        },
    )


def _fill_blank_capabilities(offering: Offering, values: dict[str, Any]) -> None:
    """What nobody has entered is taken from upstream; what a person has entered stays."""
    model = offering.model
    blank = [name for name in _CAPABILITIES if getattr(model, name) in (None, "") and name in values]
    for name in blank:
        setattr(model, name, values[name])
    if blank:
        model.save(update_fields=blank)
