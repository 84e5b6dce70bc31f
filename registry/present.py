"""What counts for an offering at this moment, as one record: for a person's word to be compared with."""

from datetime import datetime
from typing import Any

from registry.apply import claims_about
from registry.diff import OPEN
from registry.effective import combine
from registry.models import Offering
from registry.records import ListingRecord

_OF_OFFERING = ("retires_on", "deprecated_on", "input_price", "output_price")
_OF_MODEL = ("task", "context_length", "embedding_dimension", "supports_tools")


def present_facts(offering: Offering, *, now: datetime) -> ListingRecord:
    """What sources and people say together; where none of them states a fact, what stands in the register.

    Of gating and disabling that nobody has stated the offering counts as free.
    """
    effective = combine(claims_about([offering.pk], now=now)[offering.pk])
    stated = {name: one.value for name, one in effective.items()}
    return ListingRecord(external_id=offering.external_id, **(_as_registered(offering) | stated))


def _as_registered(offering: Offering) -> dict[str, Any]:
    facts = {name: _given(getattr(offering, name)) for name in _OF_OFFERING}
    facts |= {name: _given(getattr(offering.model, name)) for name in _OF_MODEL}
    is_gating_known = offering.gating != Offering.Gating.UNKNOWN
    license_ = _license_of(offering)
    return facts | {
        "gating": offering.gating if is_gating_known else OPEN,
        "is_disabled": offering.status == Offering.Status.DISABLED,
        "is_retired": offering.status == Offering.Status.RETIRED,
        "license": (license_,) if license_ else None,
    }


def _given(value: Any) -> Any:
    return None if value == "" else value


def _license_of(offering: Offering) -> str:
    row = offering.revisions.filter(revision=offering.head_revision).select_related("license").first()
    return row.license.spdx_id if row and row.license else ""
