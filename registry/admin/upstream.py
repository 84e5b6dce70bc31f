"""Sources and what came of asking them: polls and changes."""

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from registry.admin.base import EvidenceAdmin, EvidenceRows, RegisterAdmin
from registry.health import Health, State, look
from registry.license_changes import diff_of
from registry.models import Change, PollRun, Rejected, Source
from registry.tasks import poll_source

OUTCOME_LABELS = {
    "running": "info",
    "changed": "success",
    "unchanged": "success",
    "refused": "danger",
    "failed": "danger",
}
STATE_LABELS = {
    "failing": "danger",
    "quarantined": "warning",
    "empty": "warning",
    "late": "info",
    "new": "info",
    "ok": "success",
    "off": "default",
}
# So much of a reason fits a row.
SHOWN = 140
# A share of the usual rows below which the list points at it.
USUAL = 0.9
SEVERITY_LABELS = {"info": "default", "notice": "info", "warning": "warning", "critical": "danger"}


@admin.register(Source)
class SourceAdmin(RegisterAdmin):
    """The sources, the worst first. Each leads to its page; the form here is for its interval and its switch."""

    list_display = ("page", "state", "why", "coverage", "fresh", "held", "next_poll", "poll_button")
    list_display_links = None
    list_before_template = "understudy/lists/sources.html"
    sortable_by = ()
    list_filter = ("is_enabled", "method")
    search_fields = ("name", "slug")
    list_per_page = 100
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

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """The list with the health of each source, the worst first."""
        changelist = super().get_changelist_instance(request)
        found = {one.source.pk: one for one in look(changelist.result_list, now=timezone.now())}
        for source in changelist.result_list:
            source.health = found[source.pk]
        counts = Counter(one.state for one in found.values())
        changelist.states = [(state, counts[state]) for state in State if counts[state]]
        place = {pk: number for number, pk in enumerate(found)}
        changelist.result_list = sorted(changelist.result_list, key=lambda source: place[source.pk])
        return changelist

    def view_on_site(self, source: Source) -> str:
        return reverse("pages:source", args=[source.pk])

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        """A source comes with its adapter, not by a form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return self.list_display if self.has_change_permission(request) else self.list_display[:-1]

    @display(description="Source")
    def page(self, source: Source) -> SafeString:
        address = reverse("pages:source", args=[source.pk])
        return format_html('<a class="us-link" href="{}">{}</a>', address, source.name)

    @display(description="State", label=STATE_LABELS)
    def state(self, source: Source) -> tuple[str, str]:
        state = _health(source).state
        return state.value, state.label

    @display(description="Why")
    def why(self, source: Source) -> str:
        why = _health(source).why
        return why if len(why) <= SHOWN else f"{why[: SHOWN - 1]}…"

    @display(description="Coverage")
    def coverage(self, source: Source) -> SafeString | str:
        coverage = _health(source).coverage
        if coverage.rows is None or coverage.ratio is None:
            return "–" if coverage.rows is None else f"{coverage.rows:,} rows"
        tone = "us-text-warn" if coverage.ratio < USUAL else ""
        said = f"{coverage.share} the usual" if coverage.share.endswith("times") else coverage.share
        return format_html('{} rows <span class="{}">{}</span>', f"{coverage.rows:,}", tone, said)

    @display(description="Last success")
    def fresh(self, source: Source) -> SafeString | str:
        if source.last_success_at is None:
            return "never"
        ago = f"{timesince(source.last_success_at, depth=1)} ago"
        is_stale = _health(source).is_stale
        return format_html('{} <span class="us-badge us-bad">stale</span>', ago) if is_stale else ago

    @display(description="Next poll")
    def next_poll(self, source: Source) -> str:
        return f"{source.next_due_at:%d %b %H:%M}" if source.is_enabled and source.next_due_at else "–"

    @display(description="Held back")
    def held(self, source: Source) -> str:
        return str(_health(source).held_count or "–")

    @display(description="")
    def poll_button(self, source: Source) -> SafeString | str:
        if not source.is_enabled:
            return ""
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


def _health(source: Source) -> Health:
    """What `get_changelist_instance` has put onto the row."""
    return source.health  # type: ignore[attr-defined]


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

    def get_fields(self, request: HttpRequest, obj: Change | None = None) -> list[Any]:
        """With what changed in the text of a license, where the texts were kept."""
        others = [name for name in super().get_fields(request, obj) if name != "license_text"]
        return ["license_text", *others] if obj is not None and diff_of(obj) is not None else others

    def get_readonly_fields(self, request: HttpRequest, obj: Change | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), "license_text"]

    @display(description="What changed in the license file")
    def license_text(self, change: Change) -> SafeString | str:
        found = diff_of(change)
        if found is None:
            return "–"
        lines = format_html_join("\n", "{}", ((line,) for line in found.lines))
        rest = f"\n… {found.left_out} more lines" if found.left_out else ""
        cut = "\nThe texts are too long; only their beginnings were compared." if found.is_cut else ""
        return format_html('<pre class="us-diff">{}{}{}</pre>', lines, rest, cut)

    @display(description="Before → after")
    def difference(self, change: Change) -> str:
        if change.summary or (change.before, change.after) == (None, None):
            return change.summary
        return f"{_short(change.before)} → {_short(change.after)}"


def _short(value: object) -> str:
    text = "–" if value in (None, "", {}) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - fits a column
