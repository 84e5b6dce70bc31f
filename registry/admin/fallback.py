"""Fallback plans, their revisions and drills: written on their own pages, read here."""

from django.contrib import admin
from django.db.models import Max, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from registry.admin.base import STATE_LABELS, EvidenceAdmin, EvidenceRows
from registry.models import Alternative, Drill, FallbackPlan, PlanRevision


class Revisions(EvidenceRows):
    model = PlanRevision
    fields = ("number", "created_by", "created_at", "submitted_at")
    readonly_fields = fields


@admin.register(FallbackPlan)
class FallbackPlanAdmin(EvidenceAdmin):
    list_display = ("subject", "newest", "last_submitted", "page")
    list_select_related = ("dependency__system", "dependency__offering", "dependency__environment", "model")
    search_fields = ("dependency__system__name", "dependency__offering__external_id", "model__name")
    inlines = (Revisions,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FallbackPlan]:
        return (
            super()
            .get_queryset(request)
            .annotate(newest_number=Max("revisions__number"), submitted=Max("revisions__submitted_at"))
        )

    @display(description="Plan for")
    def subject(self, plan: FallbackPlan) -> str:
        return str(plan.dependency or plan.model)

    @display(description="Newest revision", ordering="newest_number")
    def newest(self, plan: FallbackPlan) -> int | None:
        return plan.newest_number  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Submitted", ordering="submitted", empty_value="draft only")
    def last_submitted(self, plan: FallbackPlan) -> object:
        return plan.submitted  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Page")
    def page(self, plan: FallbackPlan) -> SafeString | str:
        if plan.dependency_id is None:
            return ""
        return format_html('<a class="us-link" href="/dependencies/{}/plan/">Open</a>', plan.dependency_id)


class Alternatives(EvidenceRows):
    model = Alternative
    fields = ("order", "kind", "offering", "served_by", "pinned_revision", "impact_statement")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alternative]:
        return super().get_queryset(request).select_related("offering", "served_by")


@admin.register(PlanRevision)
class PlanRevisionAdmin(EvidenceAdmin):
    list_display = ("plan", "number", "created_by", "created_at", "submitted_at")
    list_filter = (("submitted_at", RangeDateFilter),)
    list_select_related = (
        "plan__dependency__system",
        "plan__dependency__offering",
        "plan__dependency__environment",
        "plan__model",
        "created_by",
    )
    search_fields = ("plan__dependency__system__name", "plan__dependency__offering__external_id")
    inlines = (Alternatives,)


@admin.register(Drill)
class DrillAdmin(EvidenceAdmin):
    list_display = ("alternative", "dependency", "drilled_on", "outcome_label", "expires_on", "switch_time", "suite")
    list_filter = ("outcome", ("drilled_on", RangeDateFilter), ("expires_on", RangeDateFilter))
    list_select_related = (
        "alternative__offering",
        "alternative__plan_revision__plan__dependency__system",
        "alternative__plan_revision__plan__dependency__offering",
        "alternative__plan_revision__plan__dependency__environment",
        "alternative__plan_revision__plan__model",
    )
    search_fields = ("suite", "alternative__offering__external_id")
    date_hierarchy = "drilled_on"

    @display(description="For")
    def dependency(self, drill: Drill) -> str:
        plan = drill.alternative.plan_revision.plan
        return str(plan.dependency or plan.model)

    @display(description="Outcome", ordering="outcome", label=STATE_LABELS)
    def outcome_label(self, drill: Drill) -> tuple[str, str]:
        return drill.outcome, drill.get_outcome_display()
