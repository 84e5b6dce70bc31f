"""Checks and their findings, to be read."""

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from governance.models import Check, Finding
from registry.admin.base import EvidenceAdmin, EvidenceRows

VERDICT_LABELS = {"pass": "success", "warn": "warning", "fail": "danger", "unknown": "info"}
SHOWN = 200


class Findings(EvidenceRows):
    """The worst of them: thousands would be a form of 50 MB. All are on the page that the form links."""

    model = Finding
    verbose_name_plural = f"findings (the worst {SHOWN})"
    fields = ("rule", "level", "ref", "message", "fix")
    readonly_fields = fields
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Finding]:
        return super().get_queryset(request).filter(position__lt=SHOWN)


def _count_of(level: str) -> Coalesce:
    """How many findings of that level a check has."""
    findings = Finding.objects.filter(check_run=OuterRef("pk"), level=level).order_by().values("check_run")
    return Coalesce(Subquery(findings.annotate(count=Count("pk")).values("count")), 0)


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
    readonly_fields = ("answer_page",)
    inlines = (Findings,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Check]:
        # Counted apart and read without what is long: a join would carry each question, of up to a megabyte, once for
        # each of its thousands of findings.
        return (
            super()
            .get_queryset(request)
            .defer("request", "signed", "stale_sources")
            .annotate(error_count=_count_of("error"), warning_count=_count_of("warning"))
        )

    @display(description="All findings")
    def answer_page(self, check: Check) -> str:
        return format_html(
            '<a class="us-link" href="{}">The answer, and what moved</a>', reverse("pages:check", args=[check.pk])
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
