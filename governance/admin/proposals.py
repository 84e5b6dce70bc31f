"""Proposals and what decisions leave. Nothing is decided here: the page of the proposal is the one way."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import Model
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter, RangeDateTimeFilter
from unfold.decorators import display

from governance.models import (
    Adoption,
    Approval,
    Basis,
    Block,
    Comment,
    Decision,
    Delegation,
    Proposal,
    Waiver,
)
from governance.models.proposals import Permit
from registry.admin.base import EvidenceAdmin, EvidenceRows

STATE_LABELS = {
    "submitted": "warning",
    "approved": "success",
    "rejected": "danger",
    "withdrawn": "default",
    "expired": "default",
}
DEPENDENCY = ("dependency__system", "dependency__offering", "dependency__environment")


class Decisions(EvidenceRows):
    model = Decision
    fields = ("decider", "acting_for", "round", "verdict", "comment", "decided_at")
    readonly_fields = fields
    show_change_link = False
    fk_name = "proposal"


class Comments(EvidenceRows):
    model = Comment
    fields = ("kind", "author", "text", "link", "asked_of", "written_at")
    readonly_fields = fields
    show_change_link = False
    fk_name = "proposal"


@admin.register(Proposal)
class ProposalAdmin(EvidenceAdmin):
    list_display = ("page", "kind", "state_label", "proposer", "created_at", "due_on", "decide_by")
    list_display_links = None
    list_filter = (
        "state",
        "kind",
        ("proposer", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("proposer", "offering", "alternative__offering", "system", "model", *DEPENDENCY)
    search_fields = (
        "reason",
        "rule",
        "purpose",
        "offering__external_id",
        "dependency__system__name",
        "system__name",
    )
    inlines = (Decisions, Comments)

    @display(description="Proposal")
    def page(self, proposal: Proposal) -> SafeString:
        return format_html('<a class="us-link" href="/proposals/{}/">{}</a>', proposal.pk, proposal)

    @display(description="State", ordering="state", label=STATE_LABELS)
    def state_label(self, proposal: Proposal) -> tuple[str, str]:
        return proposal.state, proposal.get_state_display()


class BasisRows(EvidenceRows):
    model = Basis
    fields = ("fact", "value")
    readonly_fields = fields
    show_change_link = False
    verbose_name_plural = "basis: the facts it rests on"


class PermitAdmin(EvidenceAdmin):
    """What a decision left, with the link to that decision."""

    STANDING_LABELS: ClassVar = {"in force": "success", "expired": "default", "ended": "danger"}

    @display(description="Standing", label=STANDING_LABELS)
    def standing(self, permit: Permit) -> str:
        if permit.ended_at is not None:
            return "ended"
        return "in force" if permit.is_valid_on(timezone.now().date()) else "expired"

    @display(description="Decided in")
    def decided_in(self, permit: Adoption | Approval | Waiver) -> SafeString:
        return format_html('<a class="us-link" href="/proposals/{0}/">Proposal {0}</a>', permit.proposal_id)


@admin.register(Adoption)
class AdoptionAdmin(PermitAdmin):
    list_display = ("offering", "purpose", "distribution", "standing", "granted_at", "expires_on", "decided_in")
    list_filter = ("distribution", "purpose", ("expires_on", RangeDateFilter))
    list_select_related = ("offering",)
    search_fields = ("offering__external_id", "purpose")
    inlines = (BasisRows,)


@admin.register(Approval)
class ApprovalAdmin(PermitAdmin):
    list_display = ("alternative", "dependency", "standing", "granted_at", "expires_on", "decided_in")
    list_filter = (("dependency", AutocompleteSelectFilter), ("expires_on", RangeDateFilter))
    list_select_related = ("alternative__offering", *DEPENDENCY)
    search_fields = ("alternative__offering__external_id", "dependency__system__name")
    inlines = (BasisRows,)


@admin.register(Waiver)
class WaiverAdmin(PermitAdmin):
    list_display = ("rule", "about", "standing", "granted_at", "expires_on", "decided_in")
    list_filter = ("rule", ("expires_on", RangeDateFilter))
    list_select_related = ("system", *DEPENDENCY)
    search_fields = ("rule", "system__name", "dependency__system__name", "reason")

    @display(description="For")
    def about(self, waiver: Waiver) -> str:
        return str(waiver.dependency or waiver.system)


@admin.register(Delegation)
class DelegationAdmin(EvidenceAdmin):
    """Made and taken back on their own page; all that ever was stands here."""

    list_display = ("delegate", "delegator", "starts_on", "until", "reason", "made_at", "ended_at")
    list_filter = (("delegator", AutocompleteSelectFilter), ("until", RangeDateFilter))
    list_select_related = ("delegator", "delegate")
    search_fields = ("delegator__username", "delegate__username", "reason")
    list_before_template = "understudy/lists/delegations.html"


@admin.register(Block)
class BlockAdmin(EvidenceAdmin):
    """Blocks are set and lifted on their own page, which asks for the reason."""

    list_display = ("about", "reason", "until", "blocked_by", "blocked_at", "lifted_at", "page")
    list_filter = (("blocked_at", RangeDateTimeFilter), ("until", RangeDateFilter))
    list_select_related = ("vendor", "model", "offering", "blocked_by")
    search_fields = ("vendor__name", "model__name", "offering__external_id", "reason")
    list_before_template = "understudy/lists/blocks.html"

    @display(description="Blocked")
    def about(self, block: Block) -> str:
        subject: Model | None = block.vendor or block.model or block.offering
        return str(subject)

    @display(description="")
    def page(self, block: Block) -> SafeString | str:
        if block.lifted_at is not None:
            return ""
        return format_html('<a class="us-link" href="/blocks/{}/lift/">Lift</a>', block.pk)
