"""What several sources say about the same offerings, side by side; disagreement is shown, not hidden. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from registry.models import Listing

# What identifies the record itself says nothing about the model.
_NOT_COMPARED = frozenset({"external_id", "key", "raw"})


@dataclass(frozen=True, slots=True)
class Row:
    field: str
    values: tuple[Any, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column per listing, a row per field that at least one of them states."""

    listings: tuple[Listing, ...]
    rows: tuple[Row, ...]


def compare(listings: Iterable[Listing]) -> Comparison:
    """Listings without a present observation are left out."""
    seen = tuple(listing for listing in listings if listing.current is not None)
    facts = [_facts_of(listing) for listing in seen]
    fields = sorted({field for stated in facts for field in stated} - _NOT_COMPARED)
    return Comparison(seen, tuple(_row(field, facts) for field in fields))


def _facts_of(listing: Listing) -> dict[str, Any]:
    return listing.current.facts if listing.current else {}


def _row(field: str, facts: list[dict[str, Any]]) -> Row:
    values = tuple(stated.get(field) for stated in facts)
    stated = [value for value in values if value is not None]
    return Row(field, values, differs=any(value != stated[0] for value in stated))
