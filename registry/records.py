"""What a source says about one model, as values without Django: sources yield these, observations keep them as JSON."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any, Literal, TypeAlias

JSON: TypeAlias = dict[str, Any]
Gating: TypeAlias = Literal["open", "auto", "manual"]


@dataclass(frozen=True, slots=True, order=True)
class BaseModel:
    """A model that another was made from. `relation` as the Hub names it; "" where upstream does not say."""

    id: str
    relation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRecord:
    """One row of one source. None means that the source did not state it; an empty tuple states that there is none.

    `external_id` is the row's key in its source. `host` and `host_id` say which place and which id there it is about,
    where the source knows; `weights_id` is the Hub's id of the weights behind a hosted model. Prices are USD per million
    tokens; lengths are tokens. `is_retired` is upstream's own word that a model has been shut down or still runs, and
    `earliest_retires_on` a floor (“not before”), which is no retirement date. `license_file` is the blob id of the
    LICENSE file and `license_text` the sha256 of its text.
    """

    external_id: str
    host: str | None = None
    host_id: str | None = None
    weights_id: str | None = None
    upstream_id: str | None = None
    renamed_to: str | None = None
    sha: str | None = None
    gating: Gating | None = None
    is_disabled: bool | None = None
    license: tuple[str, ...] | None = None
    license_name: str | None = None
    license_link: str | None = None
    license_file: str | None = None
    license_text: str | None = None
    base_models: tuple[BaseModel, ...] | None = None
    successor: str | None = None
    is_deprecated: bool | None = None
    deprecated_on: date | None = None
    retires_on: date | None = None
    earliest_retires_on: date | None = None
    is_retired: bool | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    mode: str | None = None
    task: str | None = None
    context_length: int | None = None
    max_output: int | None = None
    embedding_dimension: int | None = None
    supports_tools: bool | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be read. The texts are safe to store and to show, whatever upstream sent."""

    external_id: str
    reason: str
    excerpt: str = ""


FACTS = tuple(field.name for field in fields(ListingRecord) if field.name != "external_id")
_KNOWN = frozenset(FACTS)
_all_facts = attrgetter(*FACTS)
_AS_THEY_ARE = frozenset({str, int, bool})
# How facts are read that JSON does not hold as records do.
_READERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("deprecated_on", "retires_on", "earliest_retires_on"), date.fromisoformat),
    **dict.fromkeys(("input_price", "output_price"), Decimal),
    **dict.fromkeys(("license", "input_modalities", "output_modalities"), tuple),
    "base_models": lambda pairs: tuple(BaseModel(*pair) for pair in pairs),
}


def to_facts(record: ListingRecord) -> JSON:
    """The JSON of an observation: what was stated and nothing else. Equal records give equal JSON."""
    stated = zip(FACTS, _all_facts(record), strict=True)
    return {
        name: value if type(value) in _AS_THEY_ARE else jsonable(value) for name, value in stated if value is not None
    }


def from_facts(external_id: str, facts: JSON) -> ListingRecord:
    """The record that `to_facts` was given. A key of a later release is passed over."""
    stated = {name: _READERS[name](value) if name in _READERS else value for name, value in facts.items()}
    if not stated.keys() <= _KNOWN:
        stated = {name: value for name, value in stated.items() if name in _KNOWN}
    return ListingRecord(external_id=external_id, **stated)


def jsonable(value: Any) -> Any:
    """A value of a record as JSON holds it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, tuple):
        return [[part.id, part.relation] if isinstance(part, BaseModel) else part for part in value]
    return value


def plain(number: Decimal) -> str:
    """`number` without exponent and without zeros at its end: one way to write each value."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def overlay(record: ListingRecord, before: ListingRecord | None) -> ListingRecord:
    """`record` with what it leaves open taken from `before`: for answers that state one fact and hide the rest."""
    if before is None:
        return record
    known = {name: getattr(before, name) for name in FACTS}
    stated = {name: value for name in FACTS if (value := getattr(record, name)) is not None}
    return ListingRecord(external_id=record.external_id, **(known | stated))


def unique(records: Iterable[ListingRecord]) -> dict[str, ListingRecord]:
    """The records by their id; of two with the same id the later counts."""
    return {record.external_id: record for record in records}
