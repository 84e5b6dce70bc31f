"""How the pages say the health of sources and what is held back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import template

from governance.headlines import in_words
from governance.rules import english
from registry.apply import last_confirmed
from registry.health import State
from registry.models import Listing

register = template.Library()

_TONES = {
    State.FAILING: "us-bad",
    State.QUARANTINED: "us-warn",
    State.EMPTY: "us-warn",
    State.LATE: "us-note",
    State.OK: "us-good",
    # What a single poll came to.
    "changed": "us-good",
    "unchanged": "us-good",
    "running": "us-note",
    "refused": "us-bad",
    "failed": "us-bad",
}
_ICONS = {
    State.FAILING: "sync_problem",
    State.QUARANTINED: "gpp_maybe",
    State.EMPTY: "data_alert",
    State.LATE: "schedule",
}
# What `HeldFact.fact` says of a whole row.
_WHOLE_ROWS = {"presence": "whether it is there"}


@register.filter
def health_tone(state: str) -> str:
    """The class of a source's state or of a poll's outcome; empty for what is neither good nor bad."""
    return _TONES.get(state, "")


@register.filter
def health_icon(state: str) -> str:
    return _ICONS.get(State(state), "info")


@register.filter
def span(time: timedelta) -> str:
    """“6 hours”, “3 days”."""
    return english.span(time)


@register.filter
def confirmed_at(listing: Listing) -> datetime | None:
    """When its source last said so, about itself or about the section that lists it; None where it never did."""
    return last_confirmed(listing, listing.current) if listing.current else None


@register.filter
def at(values: Mapping[int, Any], key: int) -> Any:
    """The value of that key; None where there is none."""
    return values.get(key)


@register.filter
def fact_name(name: str) -> str:
    """A field of a record as people say it."""
    return _WHOLE_ROWS.get(name, name.replace("_", " "))


@register.filter
def facts_shown(facts: dict[str, Any] | None) -> str:
    """Some facts of a record on one line; a dash for nothing stated."""
    return in_words(facts or {}) or "–"
