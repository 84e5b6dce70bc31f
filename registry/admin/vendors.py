"""Vendors with their aliases and Hub namespaces."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import display

from registry.admin.base import RegisterAdmin, Rows
from registry.models import HubNamespace, Vendor, VendorAlias
from registry.ownership import ownership_of, tell_ownership


class Aliases(Rows):
    model = VendorAlias


class Namespaces(Rows):
    model = HubNamespace


@admin.register(Vendor)
class VendorAdmin(RegisterAdmin):
    list_display = ("name", "parent", "country", "model_total", "offering_total", "is_self", "merged_into")
    list_filter = ("country", "is_self")
    list_select_related = ("parent", "merged_into")
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

    def get_readonly_fields(self, request: HttpRequest, obj: Vendor | None = None) -> tuple[str, ...]:
        """Whose a vendor is decides what is independent of it: whoever has to pass with its models does not say it."""
        return () if request.user.has_perm("registry.own_vendor", obj) else ("parent", "is_self")

    def save_model(self, request: HttpRequest, obj: Vendor, form: "ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Whoever depends on a vendor that was sold is told: the change stands in the transaction of the save."""
        before = ownership_of(obj)
        super().save_model(request, obj, form, change)
        tell_ownership(obj, before=before, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # admin_view lets nobody in without an account

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Vendor], search_term: str
    ) -> tuple[QuerySet[Vendor], bool]:
        """A field that looks for a vendor is not offered one that was merged into another."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        is_field = request.resolver_match is not None and request.resolver_match.url_name == "autocomplete"
        return (found.filter(merged_into=None) if is_field else found), may_repeat

    def view_on_site(self, vendor: Vendor) -> str:
        return reverse("pages:vendor", args=[vendor.slug])

    @display(description="Models", ordering="model_count")
    def model_total(self, vendor: Vendor) -> int:
        return vendor.model_count  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Places it runs", ordering="offering_count")
    def offering_total(self, vendor: Vendor) -> int:
        return vendor.offering_count  # type: ignore[attr-defined]  # annotated in get_queryset
