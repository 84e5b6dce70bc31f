"""Policies, dry runs and break-glass: to be read; each has a page of its own that changes it."""

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from governance.models import BreakGlass, DryRun, Policy
from registry.admin.base import EvidenceAdmin

_STANDING = {"in force": "danger", "not reviewed": "warning", "reviewed": "success"}


@admin.register(Policy)
class PolicyAdmin(EvidenceAdmin):
    list_display = ("version", "in_force_from", "author", "reason", "loosens")
    list_select_related = ("author",)
    search_fields = ("reason", "text")
    list_before_template = "understudy/lists/policies.html"
    fields = ("version", "in_force_from", "author", "reason", "loosens", "proposal", "text", "created_at")


@admin.register(DryRun)
class DryRunAdmin(EvidenceAdmin):
    list_display = ("page", "asked_by", "created_at", "done", "total", "changed_count")
    list_select_related = ("asked_by",)
    list_display_links = None
    list_before_template = "understudy/lists/policies.html"

    @display(description="Dry run")
    def page(self, run: DryRun) -> SafeString:
        return format_html('<a class="us-link" href="/policy/dry-runs/{}/">{}</a>', run.pk, run)


@admin.register(BreakGlass)
class BreakGlassAdmin(EvidenceAdmin):
    list_display = ("page", "standing", "opened_by", "opened_at", "ends_at", "reviewed_by", "verdict")
    list_filter = (
        ("system", AutocompleteSelectFilter),
        "environment",
        "verdict",
        ("opened_at", RangeDateTimeFilter),
    )
    list_select_related = ("system", "environment", "opened_by", "reviewed_by")
    list_display_links = None
    search_fields = ("system__name", "reason")
    list_before_template = "understudy/lists/break_glass.html"

    @display(description="Break-glass")
    def page(self, glass: BreakGlass) -> SafeString:
        return format_html('<a class="us-link" href="/break-glass/{}/">{}</a>', glass.pk, glass)

    @display(description="Standing", label=_STANDING)
    def standing(self, glass: BreakGlass) -> str:
        if glass.reviewed_at is not None:
            return "reviewed"
        return "not reviewed" if glass.is_over(timezone.now()) else "in force"
