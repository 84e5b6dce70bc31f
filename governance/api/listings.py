"""The rows of feeds: mapping them is a person's act, and audited."""

from django.utils import timezone

from governance import listings
from registry.api import resources
from registry.api.people import person_of
from registry.models import Listing, Offering


class Listings(resources.Listings):
    """The rows of feeds, and the offering that each is about."""

    def perform_map(self, listing: Listing, offering: Offering) -> None:
        listings.map_listing(listing, offering, by=person_of(self.request), now=timezone.now())

    def perform_unmap(self, listing: Listing) -> None:
        listings.unmap_listing(listing, by=person_of(self.request), now=timezone.now())
