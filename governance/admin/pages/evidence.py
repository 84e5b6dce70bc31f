"""What several sources say about the same offerings, side by side; disagreement is shown, not hidden. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from registry.models import Listing

# What identifies the record itself says nothing about the model.
_NOT_COMPARED = frozenset({"external_id", "key", "raw"})
_LABELS = {
    "base_models": "Made from",
    "gating": "Access",
    "host_id": "Id at the host",
    "is_disabled": "Disabled",
    "max_input_tokens": "Context length",
    "sha": "Newest revision",
    "upstream_id": "Id of the repository",
}


@dataclass(frozen=True, slots=True)
class Row:
    field: str
    values: tuple[Any, ...]
    differs: bool

    @property
    def label(self) -> str:
        """The fact as people call it."""
        return _LABELS.get(self.field) or self.field.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column per listing, a row per field that at least one of them states.

    A row differs where two sources disagree about one offering; that two hosts have different dates is no disagreement.
    """

    listings: tuple[Listing, ...]
    rows: tuple[Row, ...]


def compare(listings: Iterable[Listing]) -> Comparison:
    """Listings without a present observation are left out."""
    seen = tuple(listing for listing in listings if listing.current is not None)
    facts = [_facts_of(listing) for listing in seen]
    fields = sorted({field for stated in facts for field in stated} - _NOT_COMPARED)
    return Comparison(seen, tuple(_row(field, seen, facts) for field in fields))


def _facts_of(listing: Listing) -> dict[str, Any]:
    return listing.current.facts if listing.current else {}


def _row(field: str, listings: tuple[Listing, ...], facts: list[dict[str, Any]]) -> Row:
    values = tuple(stated.get(field) for stated in facts)
    first: dict[int | None, Any] = {}
    differs = any(
        value is not None and value != first.setdefault(listing.offering_id, value)
        for listing, value in zip(listings, values, strict=True)
    )
    return Row(field, values, differs=differs)
