"""Typed records against the register: what an import would do, or why it cannot. Reads, never writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from registry.imports.circles import find_circle
from registry.imports.columns import (
    FIELDS_OF_MODEL,
    Base,
    ModelRecord,
    VendorRecord,
    read_model,
    read_vendor,
)
from registry.imports.faults import Fault, Refused
from registry.imports.files import Document, Record
from registry.imports.known import Known, group
from registry.imports.placing import Component, place_all

_Typed = TypeVar("_Typed", ModelRecord, VendorRecord)
Names = Mapping[str, frozenset[str]]
"""Case-folded texts and the slugs of what answers to them."""


class Step(StrEnum):
    """What happens to one model of the file."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Row:
    """A model of the file and what is done with it; vendors and bases by slug, as they were understood."""

    record: ModelRecord
    step: Step
    developer: str
    provider: str | None
    bases: tuple[Base, ...]
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        details = f" ({', '.join(self.changed)})" if self.changed else ""
        return f"{self.record.place}: {self.step} {self.record.slug}{details}"


@dataclass(frozen=True, slots=True)
class Review:
    """An import that can be done as it stands. The vendors are those to be made, parents first.

    `left_out` is what the file names and the import does without; `components` are kept with the offerings; `notes` are
    told and not kept.
    """

    vendors: Sequence[VendorRecord]
    rows: Sequence[Row]
    left_out: Sequence[Fault] = ()
    components: Sequence[Component] = ()
    notes: Sequence[str] = ()


def review(document: Document, *, update: bool = False) -> Review:
    """What importing `document` would do; raises `Refused` with all faults, not only the first.

    A model that the register has already is a fault unless `update`; what a file of another tool only mentions stays
    as it is.
    """
    placed = place_all(document)
    if placed.found:
        document, update = placed.document, True
    vendors, vendor_faults = _typed(document.vendors, read_vendor)
    models, model_faults = _typed(document.models, read_model)
    known = Known.load(models)
    new_vendors = [vendor for vendor in vendors if vendor.slug not in known.vendor_slugs]
    names = _join(known.vendors, _names_of_vendors(new_vendors))
    bases = _join(known.bases, _names_of_models(document.models))
    faults = [*vendor_faults, *model_faults, *_vendor_faults(vendors, new_vendors, known)]
    faults += [fault for model in models for fault in _model_faults(model, known, names, bases, update=update)]
    faults += _duplicates(models)
    if not faults:
        faults += _circles_of_bases(models, known, bases)
    if faults:
        raise Refused(sorted(faults, key=_place_in_file))
    rows = [_row(model, known, names, bases) for model in models]
    return Review(_parents_first(new_vendors), rows, placed.document.left_out, placed.components, placed.notes)


def _typed(
    records: Iterable[Record], read: Callable[[Record], _Typed | list[Fault]]
) -> tuple[list[_Typed], list[Fault]]:
    typed, faults = [], []
    for record in records:
        result = read(record)
        if isinstance(result, list):
            faults += result
        else:
            typed.append(result)
    return typed, faults


def _place_in_file(fault: Fault) -> tuple[str, int]:
    digits = "".join(character for character in fault.place if character.isdigit())
    return fault.place.rstrip("0123456789]"), int(digits or 0)


def _names_of_vendors(vendors: Iterable[VendorRecord]) -> Names:
    return group(
        (name.casefold(), vendor.slug)
        for vendor in vendors
        for name in (vendor.slug, vendor.name, *(vendor.aliases or ()))
    )


def _names_of_models(records: Iterable[Record]) -> Names:
    """Taken from the raw records, so that a fault in one model is not reported again at those made from it."""
    return group(
        (name.strip().casefold(), str(record.cells.get("slug")).strip())
        for record in records
        for name in (record.cells.get("slug"), record.cells.get("external_id"))
        if isinstance(name, str)
    )


def _join(first: Names, second: Names) -> Names:
    return {key: first.get(key, frozenset()) | second.get(key, frozenset()) for key in first.keys() | second.keys()}


# --- vendors ---------------------------------------------------------------------------------
def _vendor_faults(
    vendors: Sequence[VendorRecord], new_vendors: Sequence[VendorRecord], known: Known
) -> Iterator[Fault]:
    slugs = {vendor.slug for vendor in vendors} | known.vendor_slugs
    yield from _repeated("slug", [(vendor.place, vendor.slug) for vendor in vendors])
    yield from _repeated("aliases", [(v.place, alias) for v in new_vendors for alias in v.aliases or ()])
    yield from _repeated("hub_namespaces", [(v.place, name) for v in new_vendors for name in v.hub_namespaces or ()])
    for vendor in vendors:
        if vendor.parent and vendor.parent not in slugs:
            yield Fault(vendor.place, "parent", f"there is no vendor “{vendor.parent}”: list it, too")
    for vendor in new_vendors:
        for alias in vendor.aliases or ():
            if alias.casefold() in known.vendors:
                yield Fault(vendor.place, "aliases", f"“{alias}” is another vendor's name in the register")
        for name in vendor.hub_namespaces or ():
            if name.casefold() in known.namespaces:
                yield Fault(vendor.place, "hub_namespaces", f"“{name}” is another vendor's namespace in the register")
    parents = {vendor.slug: frozenset({vendor.parent} if vendor.parent else ()) for vendor in new_vendors}
    for vendor in new_vendors:
        if circle := find_circle(vendor.slug, parents):
            yield Fault(vendor.place, "parent", f"runs in a circle: {' → '.join(circle)}")


def _parents_first(vendors: Sequence[VendorRecord]) -> list[VendorRecord]:
    """The vendors in an order in which they can be made; their parents run in no circle."""
    waiting = {vendor.slug: vendor for vendor in vendors}
    ordered: list[VendorRecord] = []
    while waiting:
        ready = [vendor for vendor in waiting.values() if vendor.parent not in waiting]
        ordered += ready
        waiting = {slug: vendor for slug, vendor in waiting.items() if vendor not in ready}
    return ordered


# --- models ----------------------------------------------------------------------------------
def _model_faults(model: ModelRecord, known: Known, names: Names, bases: Names, *, update: bool) -> Iterator[Fault]:
    found = [
        ("slug", _fault_of_slug(model, known, update=update)),
        ("developer", _fault_of_vendor(model.developer, names)),
        ("provider", _fault_of_vendor(model.provider, names)),
        ("owner", _fault_of_owner(model.owner, known)),
        ("license", _fault_of_license(model.license, known)),
        ("external_id", _fault_of_place(model, known)),
        *(("aliases", _fault_of_alias(alias, model, known)) for alias in model.aliases or ()),
        *(("base_models", _fault_of_base(base, bases)) for base in model.base_models or ()),
    ]
    for column, reason in found:
        if reason:
            yield Fault(model.place, column, reason)


def _fault_of_slug(model: ModelRecord, known: Known, *, update: bool) -> str:
    if model.slug in known.models and not update:
        return f"the register has “{model.slug}” already: leave it out of the file, or import with --update"
    return ""


def _fault_of_vendor(text: str | None, names: Names) -> str:
    found = names.get(text.casefold(), frozenset()) if text else {"not asked"}
    if not found:
        return f"there is no vendor “{text}”: add it first, or list it under “vendors” of a JSON file"
    if len(found) > 1:
        return f"“{text}” is the name of several vendors: write one of {', '.join(sorted(found))}"
    return ""


def _fault_of_owner(owner: str | None, known: Known) -> str:
    return f"there is no team “{owner}”: add it first" if owner and owner not in known.teams else ""


def _fault_of_license(license_: str | None, known: Known) -> str:
    if license_ and license_ not in known.licenses:
        return f"“{license_}” is no license of the register: write its SPDX id or Hub id, or add it first"
    return ""


def _fault_of_place(model: ModelRecord, known: Known) -> str:
    holder = known.places.get((model.host or "", (model.external_id or "").casefold()))
    return f"the register has it at {model.host} as “{holder}”" if holder not in {None, model.slug} else ""


def _fault_of_alias(alias: str, model: ModelRecord, known: Known) -> str:
    meant = known.aliases.get((model.host or "", alias.casefold()), frozenset()) - {
        (model.external_id or "").casefold()
    }
    return f"“{alias}” means {', '.join(sorted(meant))} at {model.host} already" if meant else ""


def _fault_of_base(base: Base, bases: Names) -> str:
    found = bases.get(base.name.casefold(), frozenset())
    if not found:
        return f"there is no model “{base.name}”, neither in the file nor in the register"
    if len(found) > 1:
        return f"“{base.name}” is the id of several models: write one of {', '.join(sorted(found))}"
    return ""


def _duplicates(models: Sequence[ModelRecord]) -> Iterator[Fault]:
    yield from _repeated("slug", [(model.place, model.slug) for model in models])
    yield from _repeated(
        "external_id", [(model.place, f"{model.external_id} at {model.host}") for model in models if model.host]
    )
    yield from _repeated(
        "aliases", [(model.place, f"{alias} at {model.host}") for model in models for alias in set(model.aliases or ())]
    )


def _repeated(column: str, placed: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for place, text in placed:
        before = first.setdefault(text.casefold(), place)
        if before != place:
            yield Fault(place, column, f"“{text}” stands in {before} already")


def _circles_of_bases(models: Sequence[ModelRecord], known: Known, bases: Names) -> Iterator[Fault]:
    of_file = {model.slug: frozenset(base.name for base in _understood(model, bases)) for model in models}
    edges = _join(known.edges, of_file)
    for model in models:
        if model.base_models and (circle := find_circle(model.slug, edges)):
            yield Fault(model.place, "base_models", f"run in a circle: {' → '.join(circle)}")


def _understood(model: ModelRecord, bases: Names) -> tuple[Base, ...]:
    """The bases of a model without faults, each by the one slug that its name means."""
    return tuple(Base(slug, base.relation) for base in model.base_models or () for slug in bases[base.name.casefold()])


def _row(model: ModelRecord, known: Known, names: Names, bases: Names) -> Row:
    (developer,) = names[model.developer.casefold()]
    provider = next(iter(names[model.provider.casefold()])) if model.provider else None
    understood = _understood(model, bases)
    if model.slug not in known.models:
        return Row(model, Step.NEW, developer, provider, understood)
    changed = tuple(_changes(model, known, developer, understood))
    return Row(model, Step.UPDATED if changed else Step.UNCHANGED, developer, provider, understood, changed)


def _changes(model: ModelRecord, known: Known, developer: str, bases: Iterable[Base]) -> Iterator[str]:
    """The columns of a known model that the file would change; an empty cell changes nothing."""
    row = known.models[model.slug]
    for name in FIELDS_OF_MODEL:
        if getattr(model, name) is not None and getattr(model, name) != getattr(row, name):
            yield name
    if row.developer.slug != developer:
        yield "developer"
    if model.owner and (row.owner is None or row.owner.slug != model.owner):
        yield "owner"
    if {base.name for base in bases} - known.edges.get(model.slug, frozenset()):
        yield "base_models"
    if model.external_id and (model.host, model.external_id.casefold()) not in known.places:
        yield "external_id"
