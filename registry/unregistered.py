"""What upstream lists for a task and nobody has registered: candidates that have to enter the register first."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Exact
from django.utils.text import slugify

from registry.criteria import Profile, Terms
from registry.lineage import Roots, Vendor, roots_of
from registry.models import (
    AIModel,
    HubNamespace,
    License,
    Listing,
    ModelAncestor,
    Offering,
    VendorAncestor,
)
from registry.models import Vendor as VendorRow
from registry.records import ListingRecord, from_facts
from registry.suggest import Candidate, rank

HUB = "huggingface"
# Feeds list thousands for one task. The newest are looked at: what came out years ago is registered if anybody wanted it.
MOST = 200


@dataclass(frozen=True, slots=True)
class Unregistered:
    """A row of a source that no offering stands for, judged as a candidate."""

    listing: Listing
    name: str
    host: str
    candidate: Candidate


def unregistered_for(primary: Profile, terms: Terms, *, limit: int) -> list[Unregistered]:
    """The best of the `MOST` rows for the task of `primary` that came in last, by the same criteria."""
    records = {row.pk: (row, from_facts(row.external_id, row.current.facts)) for row in _rows(primary) if row.current}
    known = _known_places(record for _, record in records.values())
    fresh = {pk: pair for pk, pair in records.items() if _place(pair[1]) not in known and not _is_gone(pair[1], terms)}
    profiles = _profiles(fresh)
    by_offering = {id(profile.offering): pk for pk, profile in profiles.items()}
    ranked = rank(primary, profiles.values(), terms)
    found = [(fresh[by_offering[id(one.offering)]], one) for one in ranked]
    return [Unregistered(row, one.offering.model.name, one.offering.host, one) for (row, _), one in found[:limit]]


def _rows(primary: Profile) -> QuerySet[Listing]:
    rows = Listing.objects.filter(offering=None, missing_since=None, source__is_enabled=True)
    # As text: the lookup that belongs to JSON would not use the index.
    return (
        rows.filter(Exact(KeyTextTransform("task", "current__facts"), Value(primary.model.task)))
        .select_related("source", "current")
        .order_by("-first_seen_at", "-pk")[:MOST]
    )


def place_of(record: ListingRecord) -> tuple[str, str]:
    """Where it is offered: a host and the id there. A row without a host is about the Hub."""
    return record.host or HUB, record.host_id or record.external_id


def kind_at(host: str) -> Offering.Kind:
    return Offering.Kind.WEIGHTS if host == HUB else Offering.Kind.SERVICE


def developer_of(listing: Listing) -> VendorRow | None:
    """Who made it, as far as its namespace tells."""
    if listing.current is None:
        return None
    name = _namespace(from_facts(listing.external_id, listing.current.facts))
    return VendorRow.objects.filter(Q(hub_namespaces__key=name) | Q(slug=name)).first()


def _place(record: ListingRecord) -> tuple[str, str]:
    host, external_id = place_of(record)
    return host, external_id.casefold()


def _known_places(records: Iterable[ListingRecord]) -> set[tuple[str, str]]:
    """Those of their places that an offering stands for, although this row is not mapped to it."""
    keys = {_place(record)[1] for record in records}
    return set(Offering.objects.filter(external_key__in=keys).values_list("host", "external_key"))


def _is_gone(record: ListingRecord, terms: Terms) -> bool:
    has_ended = record.retires_on is not None and record.retires_on <= terms.today
    return bool(record.is_retired or record.is_disabled or has_ended)


def _profiles(rows: Mapping[int, tuple[Listing, ListingRecord]]) -> dict[int, Profile]:
    vendors = _vendors(record for _, record in rows.values())
    bases = _bases(record for _, record in rows.values())
    licenses = {row.spdx_id.casefold(): row for row in License.objects.all()}
    return {
        pk: _profile(row, record, vendors.get(_namespace(record), ()), bases, licenses)
        for pk, (row, record) in rows.items()
    }


def _namespace(record: ListingRecord) -> str:
    return _place(record)[1].partition("/")[0]


def _vendors(records: Iterable[ListingRecord]) -> dict[str, tuple[Vendor, ...]]:
    """By namespace, the vendor that owns it with all its owners; a host is its own namespace where it makes what it serves."""
    names = {_namespace(record) for record in records}
    owners = dict(HubNamespace.objects.filter(key__in=names).values_list("key", "vendor_id"))
    owners |= dict(VendorRow.objects.filter(slug__in=names - owners.keys()).values_list("slug", "pk"))
    above: dict[int, list[Vendor]] = defaultdict(list)
    columns = ("vendor_id", "ancestor_id", "ancestor__name", "ancestor__is_self", "ancestor__slug")
    for vendor_id, *owner in VendorAncestor.objects.filter(vendor__in=owners.values()).values_list(*columns):
        above[vendor_id].append(Vendor(*owner))
    return {name: tuple(above[pk]) for name, pk in owners.items()}


@dataclass(frozen=True, slots=True)
class _Base:
    """A registered model that an unregistered one names as its base."""

    pk: int
    roots: Roots
    ancestors: Mapping[int, str]


def _bases(records: Iterable[ListingRecord]) -> dict[str, _Base]:
    """By the key of its id at the Hub."""
    keys = {base.id.casefold() for record in records for base in record.base_models or ()}
    models = dict(Offering.objects.filter(host=HUB, external_key__in=keys).values_list("external_key", "model_id"))
    roots = roots_of(set(models.values()))
    ancestors: dict[int, dict[int, str]] = defaultdict(dict)
    rows = ModelAncestor.objects.filter(model_id__in=models.values())
    for model_id, ancestor_id, name in rows.values_list("model_id", "ancestor_id", "ancestor__name"):
        ancestors[model_id][ancestor_id] = name
    return {key: _Base(pk, roots[pk], ancestors[pk]) for key, pk in models.items()}


def _profile(
    row: Listing,
    record: ListingRecord,
    owners: Collection[Vendor],
    bases: Mapping[str, _Base],
    licenses: Mapping[str, License],
) -> Profile:
    own = [bases[base.id.casefold()] for base in record.base_models or () if base.id.casefold() in bases]
    stated = record.license[0].casefold() if record.license and len(record.license) == 1 else ""
    ancestors: dict[int, str] = {}
    for base in own:
        ancestors |= base.ancestors
    return Profile(_offering(row, record), _roots(record, owners, own), ancestors, licenses.get(stated))


def _roots(record: ListingRecord, owners: Collection[Vendor], bases: Collection[_Base]) -> Roots:
    """Those that can be told from what is registered. They are never all that may stand behind it."""
    vendors = {one.pk: one for one in owners if not one.is_self} | {
        one.pk: one for base in bases for one in base.roots.vendors
    }
    carriers: dict[int, frozenset[int]] = defaultdict(frozenset)
    for base in bases:
        for pk, models in base.roots.carriers.items():
            carriers[pk] |= models
    return Roots(
        vendor_ids=frozenset(vendors),
        vendor_names=tuple(sorted((one.name for one in vendors.values()), key=str.casefold)),
        is_known=False,
        unknown_models=(record.external_id,),
        vendors=tuple(vendors.values()),
        carriers=carriers,
    )


def _offering(row: Listing, record: ListingRecord) -> Offering:
    """As it would stand in the register; it is never saved."""
    host, external_id = place_of(record)
    name = external_id.rpartition("/")[2]
    model = AIModel(
        slug=slugify(f"{name}-{row.pk}"),
        name=name,
        task=record.task or "",
        context_length=record.context_length,
        embedding_dimension=record.embedding_dimension,
        supports_tools=record.supports_tools,
        input_modalities=list(record.input_modalities or ()),
        output_modalities=list(record.output_modalities or ()),
    )
    return Offering(
        model=model,
        kind=kind_at(host),
        host=host,
        external_id=external_id,
        external_key=external_id.casefold(),
        status=Offering.Status.DEPRECATED if record.is_deprecated else Offering.Status.AVAILABLE,
        retires_on=record.retires_on,
        input_price=record.input_price,
        output_price=record.output_price,
    )
