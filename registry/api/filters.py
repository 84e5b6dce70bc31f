"""The query-string filters that need more than a field name."""

from typing import Any

import django_filters

from registry import models


class ChangeFilter(django_filters.FilterSet):
    source = django_filters.CharFilter(field_name="listing__source__slug")
    vendor = django_filters.CharFilter(field_name="vendor__slug")
    model = django_filters.CharFilter(field_name="model__slug")
    offering = django_filters.NumberFilter(method="about_offering")
    detected_after = django_filters.IsoDateTimeFilter(field_name="detected_at", lookup_expr="gt")

    class Meta:
        model = models.Change
        fields = ("kind", "severity", "origin")

    def about_offering(self, queryset: Any, _name: str, value: int) -> Any:
        """Changes of the offering itself and of the listings that are mapped to it."""
        return queryset.filter(offering_id=value) | queryset.filter(listing__offering_id=value)


class OfferingFilter(django_filters.FilterSet):
    model = django_filters.CharFilter(field_name="model__slug")
    retires_before = django_filters.DateFilter(field_name="retires_on", lookup_expr="lt")

    class Meta:
        model = models.Offering
        fields = ("kind", "host", "status", "gating", "external_id")


class ListingFilter(django_filters.FilterSet):
    source = django_filters.CharFilter(field_name="source__slug")
    search = django_filters.CharFilter(field_name="external_id", lookup_expr="icontains")
    is_mapped = django_filters.BooleanFilter(field_name="offering", lookup_expr="isnull", exclude=True)

    class Meta:
        model = models.Listing
        fields = ("external_id", "offering")


class DependencyFilter(django_filters.FilterSet):
    system = django_filters.CharFilter(field_name="system__slug")
    environment = django_filters.CharFilter(field_name="environment__slug")
    model = django_filters.CharFilter(field_name="offering__model__slug")
    is_current = django_filters.BooleanFilter(field_name="ended_on", lookup_expr="isnull")

    class Meta:
        model = models.Dependency
        fields = ("offering", "purpose")


class AIModelFilter(django_filters.FilterSet):
    developer = django_filters.CharFilter(field_name="developer__slug")
    owner = django_filters.CharFilter(field_name="owner__slug")

    class Meta:
        model = models.AIModel
        fields = ("state", "task", "lineage_status")
