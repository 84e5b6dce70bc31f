"""Say which offering a row of a source is about, and tell its users at once what the source has said of it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from registry.apply import apply_effective
from registry.diff import Difference, compare, standing
from registry.locks import serialise
from registry.models import Alias, Change, ChangeKind, Listing, Observation, Offering, PollRun
from registry.models import Source as SourceRow
from registry.records import ListingRecord, from_facts
from registry.upstream import SOURCES, Adapter, installed

BATCH = 500
SUMMARY = "Already so when the source's row was mapped"
# The status of an offering that says a kind of change is no news about it.
_KNOWN_BY_STATUS = {
    ChangeKind.DISABLED: {Offering.Status.DISABLED},
    ChangeKind.DEPRECATED: {Offering.Status.DEPRECATED, Offering.Status.RETIRED},
}


# One mapper at a time: two would tell the same news twice.
_LOCK = "map listings"


@transaction.atomic
def map_listing(listing: Listing, offering: Offering, *, now: datetime) -> list[Change]:
    """Map `listing` to `offering`: what the source says counts at once, and what stands is told as changes of it.

    Doing it again changes and tells nothing.
    """
    serialise(_LOCK)
    return map_listings([(listing, Offering.objects.get(pk=offering.pk))], now=now)


def map_listings(
    pairs: Collection[tuple[Listing, Offering]], *, now: datetime, run: PollRun | None = None
) -> list[Change]:
    """As `map_listing` for many; the changes belong to `run` and count with it. Needs a transaction."""
    for listing, offering in pairs:
        listing.offering = offering
    if not pairs:
        return []
    Listing.objects.bulk_update([listing for listing, _ in pairs], ["offering"], batch_size=BATCH)
    news = [change for listing, offering in pairs for change in _news(listing, offering, run, now=now)]
    apply_effective({offering.pk for _, offering in pairs}, now=now)
    Change.objects.bulk_create(news, batch_size=BATCH)
    return news


def _news(listing: Listing, offering: Offering, run: PollRun | None, *, now: datetime) -> Iterator[Change]:
    observation = listing.current
    if observation is None:
        return
    record = from_facts(listing.external_id, observation.facts)
    for difference in _differences(listing, record, offering):
        if not _is_known(difference, record, offering):
            yield _change(difference, offering, observation, run, now=now)


def _differences(listing: Listing, record: ListingRecord, offering: Offering) -> list[Difference]:
    """What stands; for a row that takes the place of one that its source has dropped, what moved between the two."""
    found = standing(record)
    dropped = Listing.objects.filter(source=listing.source_id, offering=offering, missing_since__isnull=False)
    before = (
        dropped.exclude(pk=listing.pk).select_related("current").order_by("-missing_since").first() if found else None
    )
    if before is None or before.current is None:
        return found
    return compare(from_facts(listing.external_id, before.current.facts), record)


def _is_known(difference: Difference, record: ListingRecord, offering: Offering) -> bool:
    """Whether the offering says so already, or a change did."""
    if difference.kind == ChangeKind.RETIREMENT_ANNOUNCED and offering.retires_on == record.retires_on:
        return True
    if difference.kind == ChangeKind.GATED and offering.gating == record.gating:
        return True
    if offering.status in _KNOWN_BY_STATUS.get(difference.kind, ()):
        return True
    told = Change.objects.in_force().filter(Q(offering=offering) | Q(listing__offering=offering))
    return told.filter(kind=difference.kind, after=difference.after, effective_on=difference.effective_on).exists()


def _change(
    difference: Difference, offering: Offering, observation: Observation, run: PollRun | None, *, now: datetime
) -> Change:
    return Change(
        kind=difference.kind,
        severity=difference.severity,
        origin=Change.Origin.SOURCE,
        offering=offering,
        before=difference.before,
        after=difference.after,
        effective_on=difference.effective_on,
        detected_at=now,
        run=run,
        summary=SUMMARY,
        evidence_url=observation.evidence_url,
        evidence_sha256=observation.evidence_sha256,
    )


def map_new_offerings(source: SourceRow, *, now: datetime, run: PollRun | None = None) -> int:
    """Map what came into the register since: offerings that `source` lists and nobody has mapped. Needs a transaction.

    So is the row that takes the place of one that the source has dropped: feeds rename their rows. A listing fits by its own id or a `provider/model` alias that is not floating, at the same host. Where several
    fit, the first name counts. Returns how many were mapped.
    """
    serialise(_LOCK)
    adapter, mapped = installed(source.slug), 0
    if adapter is None:
        return mapped
    for batch in _batches(_unmapped(source, adapter)):
        pairs = list(_fitting(source, adapter, batch))
        map_listings(pairs, now=now, run=run)
        mapped += len(pairs)
    return mapped


def map_all_new(*, now: datetime) -> int:
    """As `map_new_offerings` for every enabled source: what was imported a moment ago need not wait for a poll."""
    mapped = 0
    for source in SourceRow.objects.filter(is_enabled=True, last_success_at__isnull=False):
        with transaction.atomic():
            mapped += map_new_offerings(source, now=now)
    return mapped


def _unmapped(source: SourceRow, adapter: Adapter) -> QuerySet[Offering]:
    """The offerings that the source could list. One that is asked about a host alone answers for that host alone."""
    mapped = Listing.objects.filter(source=source, missing_since=None, offering=OuterRef("pk"))
    mine = Offering.objects.exclude(Exists(mapped))
    if adapter.watched_host:
        return mine.filter(host=adapter.watched_host).order_by("pk")
    watched = {make().watched_host for make in SOURCES.values()} - {""}
    return mine.exclude(host__in=watched).order_by("pk")


def _batches(offerings: QuerySet[Offering]) -> Iterator[list[Offering]]:
    rows = list(offerings)
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


@dataclass(frozen=True, slots=True)
class _Named:
    """An offering and a name under which the source may list it."""

    offering: Offering
    name: str


def _fitting(
    source: SourceRow, adapter: Adapter, offerings: Collection[Offering]
) -> Iterator[tuple[Listing, Offering]]:
    named = list(_names(adapter, offerings))
    rows = source.listings.filter(offering=None, current__isnull=False, external_id__in={one.name for one in named})
    by_name = {listing.external_id: listing for listing in rows.select_related("current")}
    taken: set[int] = set()
    for one in named:
        listing = by_name.get(one.name)
        if listing is None or one.offering.pk in taken or _host_of(listing) != one.offering.host:
            continue
        taken.add(one.offering.pk)
        del by_name[one.name]
        yield listing, one.offering


def _names(adapter: Adapter, offerings: Collection[Offering]) -> Iterable[_Named]:
    for offering in offerings:
        for name in adapter.names_of(offering.host, offering.external_id):
            yield _Named(offering, name)
    stated = Alias.objects.filter(
        offering__in=offerings, namespace=Alias.Namespace.PROVIDER, system=None, is_floating=False
    )
    by_pk = {offering.pk: offering for offering in offerings}
    for alias in stated.order_by("pk"):
        yield _Named(by_pk[alias.offering_id], alias.text)


def _host_of(listing: Listing) -> str:
    """The host that the row is about; a source that names none is taken at its word."""
    facts = listing.current.facts if listing.current else {}
    return str(facts.get("host", ""))
