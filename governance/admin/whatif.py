"""Kept answers and snapshots, to be read; the pages of our own show them better."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from governance.models import Concentration, WhatIfReport
from registry.admin.base import EvidenceAdmin


@admin.register(WhatIfReport)
class WhatIfReportAdmin(EvidenceAdmin):
    list_display = ("title", "state_at", "created_by", "page")
    list_filter = (("created_by", AutocompleteSelectFilter),)
    list_select_related = ("created_by",)
    search_fields = ("title",)
    fields = ("title", "state_at", "created_by", "page", "asked")
    readonly_fields = ("page",)

    @display(description="Answer")
    def page(self, report: WhatIfReport) -> str:
        return format_html('<a href="{}">Open</a>', reverse("pages:what-if-report", args=[report.pk]))


@admin.register(Concentration)
class ConcentrationAdmin(EvidenceAdmin):
    list_display = ("day", "scope", "team", "system", "vendor", "behind", "total", "critical_behind", "critical_total")
    list_filter = ("scope", ("vendor", AutocompleteSelectFilter), ("team", AutocompleteSelectFilter))
    list_select_related = ("team", "system", "vendor")
    date_hierarchy = "day"
