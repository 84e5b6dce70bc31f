"""What sources yield: one record per row of an upstream, as values. No Django.

`None` means that the source did not say; `()` for bases means that it said there are none.
"""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Base:
    """A base model as the source names it, and how the model was made from it."""

    external_id: str
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRecord:
    """One model as one source describes it.

    Prices are USD per million tokens; `gating` is `open`, `auto` or `manual`; `upstream_id` is the place's own id
    that outlives a rename; `renamed_to` is the id that the answer bears where it is not the one that was asked for.
    """

    external_id: str
    upstream_id: str | None = None
    renamed_to: str | None = None
    revision: str | None = None
    gating: str | None = None
    is_disabled: bool | None = None
    license: str | None = None
    license_name: str | None = None
    license_link: str | None = None
    bases: tuple[Base, ...] | None = None
    successor: str | None = None
    provider: str | None = None
    task: str | None = None
    is_deprecated: bool | None = None
    retires_on: date | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    context_length: int | None = None
    embedding_dimension: int | None = None
    supports_tools: bool | None = None

    def to_json(self) -> JSON:
        """The stated facts, as `Observation.facts` keeps them; the external id is the listing's."""
        stated = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "external_id"}
        return {name: _plain(value) for name, value in stated.items() if value is not None}

    @classmethod
    def from_json(cls, external_id: str, facts: JSON) -> "ListingRecord":
        """The record that `to_json` wrote; keys of an older or newer release are passed over."""
        known = {field.name for field in fields(cls)}
        values = {name: _typed(name, value) for name, value in facts.items() if name in known}
        return cls(external_id=external_id, **values)


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be read, with the reason and what it looked like."""

    external_id: str
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole document.

    `absent` are ids that were asked for and are definitely not there; `unknown` are those about which nothing could
    be learnt: an outage, a limit, an answer that makes no sense.
    """

    records: tuple[ListingRecord, ...]
    rejects: tuple[Reject, ...] = ()
    absent: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple):
        return [{"external_id": base.external_id, "relation": base.relation} for base in value]
    return value


def _typed(name: str, value: Any) -> Any:
    if name == "retires_on":
        return date.fromisoformat(value)
    if name in {"input_price", "output_price"}:
        return Decimal(value)
    if name == "bases":
        return tuple(Base(base["external_id"], base["relation"]) for base in value)
    return value
