"""The outbox: notices with their attempts, tickets, channels."""

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from governance.models import Channel, Delivery, Notice, NoticeItem, Ticket
from governance.notices import replay
from registry.admin.base import EvidenceAdmin, EvidenceRows, RegisterAdmin, may
from registry.models import User

STATE_LABELS = {"queued": "info", "sending": "warning", "sent": "success", "dead": "danger"}


class Items(EvidenceRows):
    model = NoticeItem
    fields = ("change", "dependency", "action")
    readonly_fields = fields
    ordering = ("pk",)
    show_change_link = False
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[NoticeItem]:
        return (
            super()
            .get_queryset(request)
            .select_related(
                "change__listing__source",
                "change__offering",
                "change__model",
                "change__vendor",
                "dependency__system",
                "dependency__offering",
                "dependency__environment",
                "action",
            )
        )


class Deliveries(EvidenceRows):
    model = Delivery
    fields = ("attempt", "started_at", "finished_at", "outcome", "detail")
    readonly_fields = fields
    show_change_link = False


@admin.register(Notice)
class NoticeAdmin(EvidenceAdmin):
    list_display = ("channel", "state_label", "item_count", "attempts", "due_at", "sent_at", "error")
    list_filter = ("state", ("channel", AutocompleteSelectFilter), ("created_at", RangeDateTimeFilter))
    list_select_related = ("channel__team", "ticket")
    search_fields = ("key", "channel__address", "last_error")
    inlines = (Items, Deliveries)
    actions = ("send_again",)

    @display(description="State", ordering="state", label=STATE_LABELS)
    def state_label(self, notice: Notice) -> tuple[str, str]:
        return notice.state, notice.get_state_display()

    @display(description="Last error", empty_value="–")
    def error(self, notice: Notice) -> str | None:
        return notice.last_error[:80] or None

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return may(request, "change", Notice)

    @admin.action(description="Send dead letters again", permissions=["replay"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notice]) -> None:
        """Those in another state stay as they are."""
        dead = list(queryset.filter(state=Notice.State.DEAD))
        for notice in dead:
            replay(notice, actor=cast("User", request.user), now=timezone.now())
        messages.success(request, f"{len(dead)} dead letters are queued again.")


@admin.register(Ticket)
class TicketAdmin(EvidenceAdmin):
    list_display = ("external_key", "link", "dependency", "concern", "created_at", "updated_at")
    list_filter = ("concern", ("channel", AutocompleteSelectFilter))
    list_select_related = ("channel__team", "dependency__system", "dependency__offering", "dependency__environment")
    search_fields = ("external_key", "dependency__system__name", "dependency__offering__external_id")

    @display(description="In the tracker")
    def link(self, ticket: Ticket) -> SafeString | str:
        if not ticket.url.startswith(("https://", "http://")):
            return "–"
        return format_html('<a class="us-link" href="{}" rel="noreferrer">Open</a>', ticket.url)


@admin.register(Channel)
class ChannelAdmin(RegisterAdmin):
    list_display = ("team", "transport", "address", "is_enabled", "disabled_reason")
    list_filter = ("transport", "is_enabled", ("team", AutocompleteSelectFilter))
    list_select_related = ("team",)
    search_fields = ("team__name", "address")
    autocomplete_fields = ("team",)
