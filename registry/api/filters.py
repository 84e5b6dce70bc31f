"""The query-string filters that need more than a field name."""

from typing import Any

from django.db.models import ForeignKey, Model, OneToOneField
from django_filters.filters import (
    BooleanFilter,
    CharFilter,
    DateFilter,
    IsoDateTimeFilter,
    ModelChoiceFilter,
)
from django_filters.filterset import FILTER_FOR_DBFIELD_DEFAULTS
from django_filters.filterset import FilterSet as PlainFilterSet
from django_filters.utils import get_model_field
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from registry import models
from registry.match import could_be_ours
from registry.scope import narrow


class RowFilter(ModelChoiceFilter):
    """By another row; one beyond the bounds of the token in use is as unknown as one that never was."""

    def get_queryset(self, request: Any) -> Any:
        rows: Any = super().get_queryset(request)  # type: ignore[no-untyped-call]  # the library declares no types here
        return narrow(rows)


_DEFAULTS: dict[Any, Any] = FILTER_FOR_DBFIELD_DEFAULTS
_BY_ROW = {kind: {**_DEFAULTS[kind], "filter_class": RowFilter} for kind in (ForeignKey, OneToOneField)}


class FilterSet(PlainFilterSet):
    FILTER_DEFAULTS = _DEFAULTS | _BY_ROW


def filters_of(model: type[Model], /, *fields: str, **paths: str) -> type[FilterSet]:
    """A filter per field, and one per path under a name of its own: `system="dependency__system__slug"`."""
    renamed = {name: _by_path(model, path) for name, path in paths.items()}
    meta = type("Meta", (), {"model": model, "fields": fields})
    return type(f"{model.__name__}Filter", (FilterSet,), {**renamed, "Meta": meta})


def _by_path(model: type[Model], path: str) -> CharFilter | RowFilter:
    """By the text at the end of the path, or by the row that it leads to: a text is no id, and the answer says so."""
    end = get_model_field(model, path)
    if isinstance(end, ForeignKey):
        rows = end.related_model._default_manager.all()  # noqa: SLF001 - Django's name for it
        return RowFilter(field_name=path, queryset=rows)  # type: ignore[no-untyped-call]  # as above
    return CharFilter(field_name=path)


class ChangeFilter(FilterSet):
    source = CharFilter(field_name="listing__source__slug")
    vendor = CharFilter(field_name="vendor__slug")
    model = CharFilter(field_name="model__slug")
    offering = RowFilter(method="about_offering", queryset=models.Offering.objects.all())  # type: ignore[no-untyped-call]  # as above
    detected_after = IsoDateTimeFilter(field_name="detected_at", lookup_expr="gt")

    class Meta:
        model = models.Change
        fields = ("kind", "severity", "origin")

    @extend_schema_field(OpenApiTypes.INT)
    def about_offering(self, queryset: Any, _name: str, value: models.Offering) -> Any:
        """Changes of the offering itself and of the listings that are mapped to it."""
        return queryset.filter(offering=value) | queryset.filter(listing__offering=value)


class OfferingFilter(FilterSet):
    model = CharFilter(field_name="model__slug")
    retires_before = DateFilter(field_name="retires_on", lookup_expr="lt")

    class Meta:
        model = models.Offering
        fields = ("kind", "host", "status", "gating", "external_id")


class ListingFilter(FilterSet):
    source = CharFilter(field_name="source__slug")
    search = CharFilter(field_name="external_id", lookup_expr="icontains")
    host = CharFilter(field_name="current__facts__host")
    is_mapped = BooleanFilter(field_name="offering", lookup_expr="isnull", exclude=True)
    could_be_ours = BooleanFilter(method="suggested", help_text="Not mapped, with the name of an offering at its host.")

    class Meta:
        model = models.Listing
        fields = ("external_id", "offering")

    def suggested(self, queryset: Any, _name: str, value: bool) -> Any:  # noqa: FBT001 - called so by django-filter
        ours = could_be_ours(queryset)
        return ours if value else queryset.exclude(pk__in=ours)


class DependencyFilter(FilterSet):
    system = CharFilter(field_name="system__slug")
    environment = CharFilter(field_name="environment__slug")
    model = CharFilter(field_name="offering__model__slug")
    is_current = BooleanFilter(field_name="ended_on", lookup_expr="isnull")

    class Meta:
        model = models.Dependency
        fields = ("offering", "purpose")


class AIModelFilter(FilterSet):
    developer = CharFilter(field_name="developer__slug")
    owner = CharFilter(field_name="owner__slug")

    class Meta:
        model = models.AIModel
        fields = ("state", "task", "lineage_status")
