"""Actions and impacts."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter, RangeDateTimeFilter
from unfold.decorators import display

from governance.models import Action, Impact
from registry.admin.base import EvidenceAdmin

STATE_LABELS = {"open": "danger", "acknowledged": "warning", "snoozed": "info", "done": "success"}


@admin.register(Action)
class ActionAdmin(EvidenceAdmin):
    list_display = ("page", "team", "concern", "state_label", "due_on", "snoozed_until", "changed_by")
    list_display_links = None
    list_filter = (
        "state",
        "concern",
        ("team", AutocompleteSelectFilter),
        ("due_on", RangeDateFilter),
    )
    list_select_related = ("team", "changed_by")
    search_fields = ("title", "dependency__system__name", "dependency__offering__external_id")

    @display(description="Action", ordering="title")
    def page(self, action: Action) -> SafeString:
        return format_html('<a class="us-link" href="/actions/{}/">{}</a>', action.pk, action.title)

    @display(description="State", ordering="state", label=STATE_LABELS)
    def state_label(self, action: Action) -> tuple[str, str]:
        return action.state, action.get_state_display()


@admin.register(Impact)
class ImpactAdmin(EvidenceAdmin):
    list_display = ("explanation", "path", "created_at")
    list_filter = ("path", ("created_at", RangeDateTimeFilter))
    search_fields = ("explanation", "dependency__system__name")
