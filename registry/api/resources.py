"""The register's resources. What needs a use case of governance (plans, drills, reports) is written there."""

from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import models
from registry.api import filters
from registry.api import serializers as shapes
from registry.api.people import person_of
from registry.api.views import ReadOnly, Writable
from registry.listings import map_listing
from registry.ownership import lineage_of, model_of, ownership_of, tell_lineage, tell_model, tell_ownership
from registry.unmap import unmap_listing


class Vendors(Writable):
    """Organisations that develop or serve models."""

    queryset = models.Vendor.objects.select_related("parent", "merged_into").prefetch_related(
        "aliases", "hub_namespaces"
    )
    serializer_class = shapes.VendorSerializer
    lookup_field = "slug"
    filterset_class = filters.filters_of(models.Vendor, "country", parent="parent__slug")

    def perform_update(self, serializer: Any) -> None:
        """Whoever depends on a vendor that was sold is told, by a change in the same transaction."""
        with transaction.atomic():
            before = ownership_of(serializer.instance)
            super().perform_update(serializer)
            tell_ownership(serializer.instance, before=before, by=person_of(self.request), now=timezone.now())


class Licenses(ReadOnly):
    """Licenses, each with its class."""

    queryset = models.License.objects.all()
    serializer_class = shapes.LicenseSerializer
    lookup_field = "spdx_id"
    lookup_value_regex = "[^/]+"
    filterset_fields = ("license_class",)


class Teams(Writable):
    """Those who own models and systems."""

    queryset = models.Team.objects.prefetch_related("members__user")
    serializer_class = shapes.TeamSerializer
    lookup_field = "slug"


class Models(Writable):
    """Models as their developers released them."""

    queryset = models.AIModel.objects.select_related(
        "developer", "owner", "deputy", "lineage_asserted_by"
    ).prefetch_related(Prefetch("base_edges", models.LineageEdge.objects.select_related("base", "asserted_by")))
    serializer_class = shapes.AIModelSerializer
    lookup_field = "slug"
    filterset_class = filters.AIModelFilter

    def perform_update(self, serializer: Any) -> None:
        """Whoever depends on a model whose lineage was stated anew is told, by a change in the same transaction."""
        with transaction.atomic():
            before = lineage_of(serializer.instance)
            super().perform_update(serializer)
            tell_lineage(serializer.instance, before=before, by=person_of(self.request), now=timezone.now())


class Offerings(Writable):
    """Models, each at one place under that place's own id: a repository of weights or a hosted service."""

    queryset = (
        models.Offering.objects.with_as_of()
        .select_related("model", "provider")
        .prefetch_related("aliases", Prefetch("revisions", models.Revision.objects.select_related("license")))
    )
    serializer_class = shapes.OfferingSerializer
    filterset_class = filters.OfferingFilter

    def perform_update(self, serializer: Any) -> None:
        """Whoever uses an offering that is another model's from now on is told, by a change in the same transaction."""
        with transaction.atomic():
            before = model_of(serializer.instance)
            super().perform_update(serializer)
            tell_model(serializer.instance, before=before, by=person_of(self.request), now=timezone.now())


class Systems(Writable):
    """Applications of the organisation."""

    queryset = models.System.objects.select_related("team")
    serializer_class = shapes.SystemSerializer
    lookup_field = "slug"
    filterset_class = filters.filters_of(models.System, "criticality", "distribution", team="team__slug")


class Environments(Writable):
    """Where systems run: production or not."""

    queryset = models.Environment.objects.all()
    serializer_class = shapes.EnvironmentSerializer
    lookup_field = "slug"


class Dependencies(Writable):
    """A system uses an offering for a purpose in an environment."""

    queryset = models.Dependency.objects.select_related("system", "offering", "environment", "served_by")
    serializer_class = shapes.DependencySerializer
    filterset_class = filters.DependencyFilter


class Sources(Writable):
    """Upstreams that are watched."""

    queryset = models.Source.objects.all()
    serializer_class = shapes.SourceSerializer
    lookup_field = "slug"
    http_method_names = ("get", "patch", "head", "options")  # type: ignore[assignment]  # DRF's stub says list


class MapListing(serializers.Serializer[None]):
    offering = serializers.PrimaryKeyRelatedField(queryset=models.Offering.objects.all())


class Listings(ReadOnly):
    """The rows of sources, and the offering that each is about, if any."""

    queryset = models.Listing.objects.select_related("source", "current")
    serializer_class = shapes.ListingSerializer
    filterset_class = filters.ListingFilter
    action_permissions = {"map": "registry.change_listing", "unmap": "registry.change_listing"}

    @extend_schema(request=MapListing, responses=shapes.ListingSerializer)
    @action(detail=True, methods=["post"])
    def map(self, request: Request, **_kwargs: str) -> Response:
        """Say which offering this row is about; what the source says of it counts at once."""
        form = MapListing(data=request.data)
        form.is_valid(raise_exception=True)
        listing = self.get_object()
        self.perform_map(listing, form.validated_data["offering"])
        return Response(self.get_serializer(listing).data)

    @extend_schema(request=None, responses=shapes.ListingSerializer)
    @action(detail=True, methods=["post"])
    def unmap(self, request: Request, **_kwargs: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Forget which offering this row is about; what only it said of the offering is taken back."""
        listing = self.get_object()
        self.perform_unmap(listing)
        return Response(self.get_serializer(listing).data)

    def perform_map(self, listing: models.Listing, offering: models.Offering) -> None:
        map_listing(listing, offering, now=timezone.now())

    def perform_unmap(self, listing: models.Listing) -> None:
        unmap_listing(listing, now=timezone.now())


class Observations(ReadOnly):
    """What one source said about one listing, as it said it."""

    queryset = models.Observation.objects.filter(run__completed_at__isnull=False)
    serializer_class = shapes.ObservationSerializer
    filterset_class = filters.filters_of(models.Observation, "listing", offering="listing__offering")
    ordering = ("-pk",)
