"""What owners have confirmed, to be read: it is done on the page of attestations."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter

from governance.models import Attestation
from registry.admin.base import EvidenceAdmin


@admin.register(Attestation)
class AttestationAdmin(EvidenceAdmin):
    list_display = ("attested_at", "attested_by", "model", "dependency")
    list_filter = (("attested_by", AutocompleteSelectFilter), ("attested_at", RangeDateTimeFilter))
    list_select_related = (
        "attested_by",
        "model",
        "dependency__system",
        "dependency__offering",
        "dependency__environment",
    )
    search_fields = ("model__name", "dependency__system__name", "dependency__offering__external_id")
