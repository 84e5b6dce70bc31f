"""Sources and what came of asking them: polls and changes."""

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from registry.admin.base import EvidenceAdmin, EvidenceRows, RegisterAdmin
from registry.models import Change, PollRun, Rejected, Source
from registry.tasks import poll_source

OUTCOME_LABELS = {
    "running": "info",
    "changed": "success",
    "unchanged": "success",
    "refused": "danger",
    "failed": "danger",
}
SEVERITY_LABELS = {"info": "default", "notice": "info", "warning": "warning", "critical": "danger"}


@admin.register(Source)
class SourceAdmin(RegisterAdmin):
    list_display = ("name", "health", "last_success_at", "next_due_at", "listing_total", "last_run", "poll_button")
    list_filter = ("is_enabled", "method")
    search_fields = ("name", "slug")
    fields = (
        ("name", "slug"),
        ("method", "interval", "is_enabled"),
        ("last_success_at", "next_due_at", "last_observed_at"),
        ("last_error_at", "last_error"),
        "content_sha256",
    )
    readonly_fields = (
        "slug",
        "last_success_at",
        "next_due_at",
        "last_observed_at",
        "last_error_at",
        "last_error",
        "content_sha256",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        newest = PollRun.objects.filter(source=OuterRef("pk")).order_by("-slot")
        return (
            super()
            .get_queryset(request)
            .annotate(
                listing_count=Count("listings", filter=Q(listings__missing_since=None)),
                run_outcome=Subquery(newest.values("outcome")[:1]),
                run_changes=Subquery(newest.values("change_count")[:1]),
                run_rejected=Subquery(newest.values("rejected_count")[:1]),
            )
        )

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """A source comes with its adapter, not by a form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return self.list_display if self.has_change_permission(request) else self.list_display[:-1]

    @display(description="Health", label={"failing": "danger", "ok": "success", "off": "default", "new": "info"})
    def health(self, source: Source) -> tuple[str, str]:
        if not source.is_enabled:
            return "off", "Off"
        if source.last_success_at is None:
            return ("failing", "Failing") if source.last_error else ("new", "Not polled yet")
        is_failing = source.last_error_at is not None and source.last_error_at > source.last_success_at
        return ("failing", "Failing") if is_failing else ("ok", "Answers")

    @display(description="Listings", ordering="listing_count")
    def listing_total(self, source: Source) -> int:
        return source.listing_count  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Last poll", ordering="run_outcome")
    def last_run(self, source: Source) -> str:
        if source.run_outcome is None:  # type: ignore[attr-defined]  # annotated in get_queryset
            return "–"
        outcome = PollRun.Outcome(source.run_outcome).label  # type: ignore[attr-defined]  # annotated in get_queryset
        return f"{outcome}, {source.run_changes} changes, {source.run_rejected} rejected"  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="")
    def poll_button(self, source: Source) -> SafeString:
        # The button stands in the list's own form, which brings the CSRF token along.
        return format_html(
            '<button class="us-button us-button-small" formmethod="post" formaction="{}">Poll now</button>',
            reverse("admin:registry_source_poll", args=[source.pk]),
        )

    def get_urls(self) -> list[URLPattern]:
        poll = path("<int:pk>/poll/", self.admin_site.admin_view(self.poll_view), name="registry_source_poll")
        return [poll, *super().get_urls()]

    def poll_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Hand the poll of this source to a worker; nothing upstream is asked within the request."""
        source = get_object_or_404(Source, pk=pk)
        if request.method == "POST" and self.has_change_permission(request, source):
            poll_source.delay(source.slug)
            messages.success(request, f"{source} will be polled now; reload in a moment to see what came.")
        else:
            messages.error(request, f"You may not poll {source}: that needs the right to change sources.")
        return HttpResponseRedirect(reverse("admin:registry_source_changelist"))


class RejectedRows(EvidenceRows):
    model = Rejected
    fields = ("external_id", "reason", "excerpt")
    readonly_fields = fields
    ordering = ("pk",)
    per_page = 50


@admin.register(PollRun)
class PollRunAdmin(EvidenceAdmin):
    list_display = (
        "source",
        "slot",
        "outcome_label",
        "record_count",
        "listed_count",
        "change_count",
        "missing_count",
        "rejected_count",
        "completed_at",
    )
    list_filter = ("outcome", "source", ("slot", RangeDateTimeFilter))
    list_select_related = ("source",)
    search_fields = ("source__name", "error")
    inlines = (RejectedRows,)

    @display(description="Outcome", ordering="outcome", label=OUTCOME_LABELS)
    def outcome_label(self, run: PollRun) -> tuple[str, str]:
        return run.outcome, run.get_outcome_display()


@admin.register(Change)
class ChangeAdmin(EvidenceAdmin):
    list_display = ("detected_at", "kind", "severity_label", "about", "difference", "effective_on")
    list_filter = (
        "severity",
        "kind",
        "origin",
        "listing__source",
        ("detected_at", RangeDateTimeFilter),
        ("vendor", AutocompleteSelectFilter),
    )
    list_select_related = ("listing__source", "offering", "model", "vendor")
    search_fields = ("summary", "listing__external_id", "offering__external_id", "model__name", "vendor__name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        return super().get_queryset(request).in_force()

    @display(description="Severity", ordering="severity", label=SEVERITY_LABELS)
    def severity_label(self, change: Change) -> tuple[str, str]:
        return change.severity, change.get_severity_display()

    @display(description="About")
    def about(self, change: Change) -> str:
        return str(change.subject)

    @display(description="Before → after")
    def difference(self, change: Change) -> str:
        if change.summary or (change.before, change.after) == (None, None):
            return change.summary
        return f"{_short(change.before)} → {_short(change.after)}"


def _short(value: object) -> str:
    text = "–" if value in (None, "", {}) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - fits a column
