"""The rows of feeds, and the one thing a person does with them: to say which offering a row is about."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from registry.admin.base import EvidenceAdmin, EvidenceRows, RegisterAdmin
from registry.listings import map_listing
from registry.match import could_be_ours, suggest
from registry.models import Listing, Observation, Offering
from registry.unmap import unmap_listing

_DAYS = {"retires_on": "retires", "earliest_retires_on": "not before", "deprecated_on": "deprecated"}

_MAP_BUTTON = (
    '<button class="us-button us-button-small" formmethod="post" formaction="{0}" '
    'aria-label="Map to {1}: {2}">Map to {1}</button>'
)


class Observations(EvidenceRows):
    model = Observation
    fields = ("facts", "observed_at", "last_confirmed_at", "evidence_url")
    readonly_fields = fields
    per_page = 10


class Mapped(admin.SimpleListFilter):
    title = "mapping"
    parameter_name = "mapped"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        return [
            ("ours", "Not mapped, could be ours"),
            ("no", "Not mapped"),
            ("yes", "Mapped to an offering"),
            ("missing", "Missing upstream"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Listing]) -> QuerySet[Listing]:  # noqa: ARG002 - Django's signature
        if self.value() == "ours":
            return could_be_ours(queryset)
        wanted = {
            "yes": Q(offering__isnull=False),
            "no": Q(offering=None),
            "missing": Q(missing_since__isnull=False),
        }
        return queryset.filter(wanted.get(self.value() or "", Q()))


class Suggesting(ChangeList):
    """A page of listings, each with the offerings that it may be about, for those who may say so."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.model_admin.has_change_permission(request):
            return
        near = suggest(Listing.objects.filter(pk__in=[listing.pk for listing in self.result_list]))
        for listing in self.result_list:
            listing.near = near.get(listing.pk, [])


@admin.register(Listing)
class ListingAdmin(RegisterAdmin):
    list_display = ("external_id", "source", "mapped_to", "says", "missing_since")
    list_filter = (Mapped, "source", ("first_seen_at", RangeDateTimeFilter))
    list_select_related = ("source", "offering", "current")
    search_fields = ("external_id", "offering__external_id")
    autocomplete_fields = ("offering",)
    fields = ("external_id", "source", "first_seen_at", "missing_since", "offering")
    readonly_fields = ("external_id", "source", "first_seen_at", "missing_since")
    inlines = (Observations,)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002 - Django's signature
        return Suggesting

    @display(description="Offering", ordering="offering")
    def mapped_to(self, listing: Listing) -> SafeString | str:
        """The offering, or a button for each that it may be; the list's own form brings the CSRF token along."""
        if listing.offering is not None:
            return str(listing.offering)
        near: list[Offering] = getattr(listing, "near", [])
        buttons = ((_map_url(listing, one), one.external_id, listing.external_id) for one in near)
        return format_html_join(" ", _MAP_BUTTON, buttons) or "–"

    @display(description="Says")
    def says(self, listing: Listing) -> str:
        """What of the row a person has to know before mapping it: it counts at once."""
        facts = listing.current.facts if listing.current else {}
        days = (f"{word} {facts[name]}" for name, word in _DAYS.items() if name in facts)
        return next(days, "deprecated" if facts.get("is_deprecated") else "–")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.map_view)
        return [path("<int:pk>/map/<int:offering_pk>/", view, name="registry_listing_map"), *super().get_urls()]

    def map_view(self, request: HttpRequest, pk: int, offering_pk: int) -> HttpResponse:
        """Map a listing to a suggested offering, unless somebody has mapped it meanwhile."""
        listing = get_object_or_404(Listing.objects.select_related("current", "source"), pk=pk)
        offering = get_object_or_404(Offering, pk=offering_pk)
        if request.method != "POST" or not self.has_change_permission(request, listing):
            messages.error(request, f"You may not map {listing}: that needs the right to change listings.")
        elif listing.offering is not None:
            messages.error(request, f"{listing} is mapped to {listing.offering} already: open it to change that.")
        else:
            self._map(request, listing, offering)
        return HttpResponseRedirect(_back(request))

    @transaction.atomic
    def _map(self, request: HttpRequest, listing: Listing, offering: Offering) -> None:
        told = map_listing(listing, offering, now=timezone.now())
        after = {"offering": str(offering.pk)}
        self.admin_site.record_saved(request, listing, created=False, before={"offering": ""}, after=after)
        news = (
            f"its users hear of {len(told)} change{pluralize(len(told))}"
            if told
            else "there is nothing to tell its users"
        )
        page = reverse("admin:registry_listing_change", args=[listing.pk])
        says = format_html('<a href="{}">{}</a> is mapped to {}; {}.', page, listing.external_id, offering, news)
        messages.success(request, says)

    def save_model(self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        """A mapping counts at once, and one that is taken away or replaced is taken back before."""
        chosen, former = obj.offering, Listing.objects.select_related("current", "source").get(pk=obj.pk)
        if former.offering_id not in {None, obj.offering_id}:
            unmap_listing(former, now=timezone.now())
        super().save_model(request, obj, form, change)
        if chosen is not None:
            map_listing(obj, chosen, now=timezone.now())

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        return False


def _map_url(listing: Listing, offering: Offering) -> str:
    return reverse("admin:registry_listing_map", args=[listing.pk, offering.pk])


def _back(request: HttpRequest) -> str:
    """The list as the person had filtered it."""
    listings = reverse("admin:registry_listing_changelist")
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return came_from if is_ours and urlsplit(came_from).path == listings else listings


@admin.register(Observation)
class ObservationAdmin(EvidenceAdmin):
    list_display = ("listing", "source", "observed_at", "last_confirmed_at")
    list_filter = ("listing__source", ("observed_at", RangeDateTimeFilter))
    list_select_related = ("listing__source",)
    search_fields = ("listing__external_id",)

    @display(description="Source", ordering="listing__source__name")
    def source(self, observation: Observation) -> str:
        return str(observation.listing.source)
