"""Vendors with their aliases and Hub namespaces."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display

from registry.admin.base import RegisterAdmin, Rows
from registry.models import HubNamespace, Vendor, VendorAlias


class Aliases(Rows):
    model = VendorAlias


class Namespaces(Rows):
    model = HubNamespace


@admin.register(Vendor)
class VendorAdmin(RegisterAdmin):
    list_display = ("name", "parent", "country", "model_total", "offering_total", "is_self")
    list_filter = ("country", "is_self")
    list_select_related = ("parent",)
    search_fields = ("name", "slug", "aliases__text", "hub_namespaces__name")
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}
    inlines = (Aliases, Namespaces)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Vendor]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                model_count=Count("models", distinct=True),
                offering_count=Count("offerings", distinct=True),
            )
        )

    def view_on_site(self, vendor: Vendor) -> str:
        return reverse("pages:vendor", args=[vendor.slug])

    @display(description="Models", ordering="model_count")
    def model_total(self, vendor: Vendor) -> int:
        return vendor.model_count  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Places it runs", ordering="offering_count")
    def offering_total(self, vendor: Vendor) -> int:
        return vendor.offering_count  # type: ignore[attr-defined]  # annotated in get_queryset
