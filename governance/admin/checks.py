"""Checks and their findings, to be read."""

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from governance.models import Check, Finding
from registry.admin.base import EvidenceAdmin, EvidenceRows

VERDICT_LABELS = {"pass": "success", "warn": "warning", "fail": "danger", "unknown": "info"}


class Findings(EvidenceRows):
    model = Finding
    fields = ("rule", "level", "ref", "message", "fix")
    readonly_fields = fields
    show_change_link = False


@admin.register(Check)
class CheckAdmin(EvidenceAdmin):
    list_display = ("checked_at", "system", "environment", "verdict_label", "errors", "warnings", "commit", "asked_by")
    list_filter = (
        "verdict",
        "environment",
        ("system", AutocompleteSelectFilter),
        ("checked_at", RangeDateTimeFilter),
    )
    list_select_related = ("system", "environment", "asked_by")
    search_fields = ("id", "system__name", "commit", "findings__rule")
    inlines = (Findings,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Check]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                error_count=Count("findings", filter=Q(findings__level="error")),
                warning_count=Count("findings", filter=Q(findings__level="warning")),
            )
        )

    @display(description="Verdict", ordering="verdict", label=VERDICT_LABELS)
    def verdict_label(self, check: Check) -> tuple[str, str]:
        return check.verdict, check.get_verdict_display()

    @display(description="Errors", ordering="error_count")
    def errors(self, check: Check) -> int:
        return check.error_count  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Warnings", ordering="warning_count")
    def warnings(self, check: Check) -> int:
        return check.warning_count  # type: ignore[attr-defined]  # annotated in get_queryset
