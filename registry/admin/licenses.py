"""Licenses and the names under which the Hub knows them."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from registry.admin.base import RegisterAdmin, Rows
from registry.models import License, LicenseName

CLASS_LABELS = {
    "open": "success",
    "restricted": "warning",
    "non-commercial": "danger",
    "proprietary": "info",
    "unknown": "danger",
}


class HubNames(Rows):
    model = LicenseName
    verbose_name_plural = "names on the Hub"


@admin.register(License)
class LicenseAdmin(RegisterAdmin):
    list_display = ("spdx_id", "name", "class_label", "uses")
    list_filter = ("license_class",)
    search_fields = ("spdx_id", "name", "hub_names__text")
    inlines = (HubNames,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[License]:
        return super().get_queryset(request).annotate(use_count=Count("revisions__offering", distinct=True))

    @display(description="Class", ordering="license_class", label=CLASS_LABELS)
    def class_label(self, row: License) -> tuple[str, str]:
        return row.license_class, row.get_license_class_display()

    @display(description="Offerings", ordering="use_count")
    def uses(self, row: License) -> int:
        return row.use_count  # type: ignore[attr-defined]  # annotated in get_queryset
