"""The audit chain, to be read."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter

from governance.models import AuditEntry
from registry.admin.base import EvidenceAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(EvidenceAdmin):
    list_display = ("sequence", "at", "tag", "subject", "actor")
    list_filter = (("actor", AutocompleteSelectFilter), ("at", RangeDateTimeFilter))
    list_select_related = ("actor",)
    search_fields = ("tag", "subject", "request_id", "hash")
    fields = ("sequence", "at", "actor", "tag", "subject", "before", "after", "request_id", "previous_hash", "hash")
