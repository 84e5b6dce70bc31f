"""Gateways and the reports on them; the page of our own shows a report better."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from governance.models import Drift, Gateway, GatewayReport
from registry.admin.base import EvidenceAdmin, EvidenceRows, RegisterAdmin


@admin.register(Gateway)
class GatewayAdmin(RegisterAdmin):
    list_display = ("name", "drifts", "team", "system", "environment")
    list_filter = (("team", AutocompleteSelectFilter),)
    list_select_related = ("team", "system", "environment")
    search_fields = ("name", "slug")
    autocomplete_fields = ("team", "system", "environment")
    prepopulated_fields = {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's signature
        """Its slug stands in pipelines that hand configurations in."""
        return ("slug",) if obj is not None else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: object = None) -> dict[str, tuple[str, ...]]:
        return {} if obj is not None else super().get_prepopulated_fields(request, obj)

    @display(description="Against the plans")
    def drifts(self, gateway: Gateway) -> SafeString:
        return format_html('<a class="us-link" href="{}">Does it do what was approved?</a>', _page(gateway))


class Drifts(EvidenceRows):
    model = Drift
    fields = ("level", "kind", "ref", "message", "place")
    readonly_fields = fields
    show_change_link = False


@admin.register(GatewayReport)
class GatewayReportAdmin(EvidenceAdmin):
    list_display = ("compared_at", "gateway", "file_name", "read_at", "read_by")
    list_filter = (("gateway", AutocompleteSelectFilter),)
    list_select_related = ("gateway", "read_by")
    fields = ("gateway", "compared_at", "read_at", "read_by", "file_name", "configuration")
    inlines = (Drifts,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GatewayReport]:
        return super().get_queryset(request).select_related("gateway", "read_by")


def _page(gateway: Gateway) -> str:
    return reverse("pages:gateway", args=[gateway.slug])
