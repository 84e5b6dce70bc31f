"""Who serves a model to us, with all owners."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from governance.rules.facts import OURSELVES, HostFacts, OfferingFacts
from registry.models import Offering, VendorAncestor


class _Owner(NamedTuple):
    """A vendor in the chain of owners of one that serves, itself included."""

    pk: Any
    name: Any
    country: Any
    is_self: Any


@dataclass(frozen=True, slots=True)
class Hosts:
    """By vendor, what it is to be served by it."""

    by_vendor: Mapping[int, HostFacts]

    def of(self, offering: OfferingFacts, served_by_id: int | None) -> HostFacts | None:
        """Who serves `offering` where `served_by_id` is named for it; None where nobody has said.

        Weights are run by whoever fetched them, which is us unless somebody else is named: where they were fetched
        from is not who serves them. A service is run by its provider.
        """
        if served_by_id is not None:
            return self.by_vendor[served_by_id]
        if offering.kind == Offering.Kind.WEIGHTS:
            return OURSELVES
        return self.by_vendor.get(offering.provider_id) if offering.provider_id is not None else None


def load_hosts(server_ids: Collection[int], offerings: Iterable[OfferingFacts]) -> Hosts:
    """The hosts that `server_ids` name and the providers of services among `offerings`, by one query."""
    services = [one for one in offerings if one.kind == Offering.Kind.SERVICE]
    providers = {one.provider_id for one in services if one.provider_id is not None}
    rows = VendorAncestor.objects.filter(vendor_id__in={*server_ids, *providers}).values_list(
        "vendor_id", "ancestor_id", "ancestor__name", "ancestor__country", "ancestor__is_self"
    )
    chains: dict[int, list[_Owner]] = defaultdict(list)
    for vendor_id, *owner in rows:
        chains[vendor_id].append(_Owner(*owner))
    return Hosts({vendor_id: _host(chain) for vendor_id, chain in chains.items()})


def _host(owners: Collection[_Owner]) -> HostFacts:
    if any(owner.is_self for owner in owners):
        return OURSELVES
    countries = frozenset(owner.country for owner in owners if owner.country)
    return HostFacts({owner.pk: owner.name for owner in owners}, countries)
