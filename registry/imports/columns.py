"""Raw records -> typed ones; pure. The columns here are those that docs/how-to/import-models.md documents."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

from registry.imports.faults import Fault
from registry.imports.files import Record
from registry.models import AIModel, LineageEdge, Offering

_T = TypeVar("_T")
_MAX_INTEGER = 2_147_483_647
_SLUG = re.compile(r"[-a-zA-Z0-9_]+")
_UNSEEN = frozenset({"Cc", "Cs"})
_TRUTH: Final = {"true": True, "yes": True, "false": False, "no": False}


class Bad(ValueError):
    """A cell that cannot be read; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Base:
    """A base model as the file names it: by slug or by the id of one of its offerings."""

    name: str
    relation: str


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model of the file with at most one offering. None is a cell that was left empty."""

    slug: str
    name: str
    developer: str
    place: str = ""
    owner: str | None = None
    description: str | None = None
    task: str | None = None
    context_length: int | None = None
    embedding_dimension: int | None = None
    languages: list[str] | None = None
    input_modalities: list[str] | None = None
    output_modalities: list[str] | None = None
    supports_tools: bool | None = None
    host: str | None = None
    external_id: str | None = None
    kind: str | None = None
    provider: str | None = None
    revision: str | None = None
    license: str | None = None
    base_models: list[Base] | None = None
    lineage_status: str | None = None
    lineage_source: str | None = None
    aliases: list[str] | None = None


@dataclass(frozen=True, slots=True)
class VendorRecord:
    """A vendor that a JSON file brings along."""

    slug: str
    name: str
    place: str = ""
    parent: str | None = None
    country: str | None = None
    homepage: str | None = None
    aliases: list[str] | None = None
    hub_namespaces: list[str] | None = None


def text(limit: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise Bad(f"has to be text, not {_kind_of(value)}")
        stripped = value.strip()
        if len(stripped) > limit:
            raise Bad(f"has {len(stripped)} characters; {limit} are allowed")
        for character in stripped:
            if unicodedata.category(character) in _UNSEEN and character not in "\n\t\r":
                raise Bad(f"has the invisible character U+{ord(character):04X}: remove it")
        return stripped

    return read


def slug(limit: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        name = text(limit)(value)
        if not _SLUG.fullmatch(name):
            raise Bad(f"“{name}” may have letters, digits, hyphens and underscores only")
        return name

    return read


def choice(values: list[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        chosen = text(40)(value).casefold()
        if chosen not in values:
            raise Bad(f"“{chosen}” is none of {', '.join(values)}")
        return chosen

    return read


def listed(item: Callable[[Any], _T]) -> Callable[[Any], list[_T]]:
    """A JSON list, or one text with semicolons between the items."""

    def read(value: Any) -> list[_T]:
        items = value.split(";") if isinstance(value, str) else value
        if not isinstance(items, list):
            raise Bad(f"has to be a list, or text with “;” between its items, not {_kind_of(value)}")
        return [item(one) for one in items if not isinstance(one, str) or one.strip()]

    return read


def integer(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value.strip()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Bad(f"has to be a whole number, not {_kind_of(value)}")
    if not 1 <= value <= _MAX_INTEGER:
        raise Bad(f"has to be between 1 and {_MAX_INTEGER}")
    return value


def boolean(value: Any) -> bool:
    if isinstance(value, str):
        value = _TRUTH.get(value.strip().casefold(), value)
    if not isinstance(value, bool):
        raise Bad("has to be true or false; leave it empty where it is not known")
    return value


def base(value: Any) -> Base:
    """`relation=model`, as in `finetune=BAAI/bge-m3`."""
    relation, sign, name = text(340)(value).partition("=")
    if not sign or not name.strip():
        raise Bad(f"“{relation}” has to be written relation=model, as in finetune=BAAI/bge-m3")
    return Base(name.strip(), choice(LineageEdge.Relation.values)(relation))


def country(value: Any) -> str:
    code = text(2)(value).upper()
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise Bad("has to be the two letters of ISO 3166-1, such as DE")
    return code


def _kind_of(value: Any) -> str:
    return f"“{value[:40]}”" if isinstance(value, str) else type(value).__name__


MODEL_COLUMNS: dict[str, Callable[[Any], Any]] = {
    "slug": slug(120),
    "name": text(200),
    "developer": text(120),
    "owner": slug(50),
    "description": text(10_000),
    "task": slug(50),
    "context_length": integer,
    "embedding_dimension": integer,
    "languages": listed(text(40)),
    "input_modalities": listed(text(40)),
    "output_modalities": listed(text(40)),
    "supports_tools": boolean,
    "host": slug(50),
    "external_id": text(300),
    "kind": choice(Offering.Kind.values),
    "provider": text(120),
    "revision": text(64),
    "license": text(200),
    "base_models": listed(base),
    "lineage_status": choice(AIModel.LineageStatus.values),
    "lineage_source": text(2000),
    "aliases": listed(text(300)),
}
VENDOR_COLUMNS: dict[str, Callable[[Any], Any]] = {
    "slug": slug(50),
    "name": text(120),
    "parent": slug(50),
    "country": country,
    "homepage": text(200),
    "aliases": listed(text(120)),
    "hub_namespaces": listed(text(96)),
}


def read_model(record: Record) -> ModelRecord | list[Fault]:
    """The typed model, or everything that is wrong with it by itself."""
    cells, faults = _read(record, MODEL_COLUMNS, required=("slug", "name", "developer"))
    faults += [Fault(record.place, column, reason) for column, reason in _contradictions(cells)]
    return faults or ModelRecord(place=record.place, **cells)


def read_vendor(record: Record) -> VendorRecord | list[Fault]:
    cells, faults = _read(record, VENDOR_COLUMNS, required=("slug", "name"))
    homepage = cells.get("homepage", "https://")
    if not homepage.startswith(("https://", "http://")):
        faults.append(Fault(record.place, "homepage", "has to begin with https://"))
    return faults or VendorRecord(place=record.place, **cells)


def _read(
    record: Record, columns: Mapping[str, Callable[[Any], Any]], *, required: tuple[str, ...]
) -> tuple[dict[str, Any], list[Fault]]:
    cells: dict[str, Any] = {}
    faults = []
    for name, value in record.cells.items():
        reader = columns.get(name)
        try:
            cells[name] = reader(value) if reader else None
        except Bad as error:
            faults.append(Fault(record.place, name, str(error)))
        if reader is None:
            faults.append(Fault(record.place, name[:60], f"is no column; there are {', '.join(columns)}"))
    missing = [name for name in required if not str(record.cells.get(name) or "").strip()]
    faults += [Fault(record.place, name, "is missing") for name in missing]
    return cells, faults


def _contradictions(cells: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    has_place = "host" in cells and "external_id" in cells
    if ("host" in cells) != ("external_id" in cells):
        found.append(("external_id", "host and external_id belong together: give both or none"))
    found += [
        (name, "says something of an offering: give host and external_id, too")
        for name in ("kind", "provider", "revision", "license", "aliases")
        if name in cells and not has_place
    ]
    status = cells.get("lineage_status")
    if status == AIModel.LineageStatus.ASSERTED_ROOT and not cells.get("lineage_source"):
        found.append(("lineage_source", "has to say who asserts that this model has no bases, and where"))
    if status == AIModel.LineageStatus.ASSERTED_ROOT and cells.get("base_models"):
        found.append(("lineage_status", "asserted_root says that there are no bases, base_models names some"))
    if status == AIModel.LineageStatus.COMPLETE and not cells.get("base_models"):
        found.append(("lineage_status", "complete says that all bases are named, but base_models is empty"))
    return found


FIELDS_OF_MODEL = tuple(
    field.name
    for field in fields(ModelRecord)
    if field.name in {f.name for f in AIModel._meta.concrete_fields}
    and field.name not in {"slug", "developer", "owner"}
)
