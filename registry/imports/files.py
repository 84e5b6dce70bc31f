"""Bytes of a file -> raw records, or mentions of models, with their places; pure."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Never

from registry.imports import cyclonedx, litellm
from registry.imports.faults import Fault, Refused
from registry.imports.found import Found

MAX_BYTES = 20 * 1024 * 1024
_SUFFIXES = (".csv", ".json", ".xml", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table or one object, its cells as they stand. An empty CSV cell is absent."""

    place: str
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds. Our own JSON alone can bring vendors.

    `found` are mentions in files of other tools, which have to be placed in the register first. `left_out` is told and
    keeps nothing else from being imported.
    """

    models: list[Record] = field(default_factory=list)
    vendors: list[Record] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    left_out: list[Fault] = field(default_factory=list)


def read(name: str, content: bytes) -> Document:
    """The records of a file. Its name says how it is written, and its content whose it is: our own table or list, a
    CycloneDX bill of materials, a LiteLLM proxy's configuration or its list of models. Raises `Refused`.
    """
    suffix = PurePath(name).suffix.casefold()
    if suffix not in _SUFFIXES:
        _refuse(f"cannot tell the format of “{name}”: it has to end with {', '.join(_SUFFIXES)}")
    if len(content) > MAX_BYTES:
        _refuse(f"has {len(content)} bytes; {MAX_BYTES} are allowed: split it")
    document = _READERS[suffix](content)
    if not document.models and not document.vendors and not document.found:
        _refuse("holds no model")
    return document


def _refuse(reason: str, place: str = "file", column: str = "") -> Never:
    raise Refused([Fault(place, column, reason)])


def _decode(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _refuse("is not UTF-8: save it as UTF-8", f"line {line}")
    if not text.strip():
        _refuse("is empty")
    return text


def _read_csv(content: bytes) -> Document:
    text = _decode(content)
    rows = _rows(text)
    _, header = next(rows)
    names = [name.strip().casefold() for name in header]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        _refuse("stands more than once in the header", "line 1", duplicates[0] or "(empty)")
    return Document([_record(place, names, cells) for place, cells in rows])


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """The rows that are not blank, with the line on which each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield f"line {begins}", cells
            begins = reader.line_num + 1
    except csv.Error as error:
        _refuse(f"is not CSV: {error}", f"line {begins}")


def _record(place: str, names: list[str], cells: list[str]) -> Record:
    if len(cells) != len(names):
        _refuse(f"has {len(cells)} cells, the header has {len(names)}", place)
    return Record(place, {name: cell for name, cell in zip(names, cells, strict=True) if cell.strip()})


def _read_json(content: bytes) -> Document:
    text = _decode(content)
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        _refuse(f"is not JSON: {error.msg}, column {error.colno}", f"line {error.lineno}")
    except (RecursionError, ValueError) as error:
        # A number of thousands of digits is a ValueError.
        _refuse(f"is not JSON that can be read: {error}")
    if cyclonedx.is_bill(data):
        return _read_bill(content)
    if litellm.is_of_proxy(data):
        return Document(found=litellm.models_of(data))
    if isinstance(data, list):
        data = {"models": data}
    if not isinstance(data, dict):
        _refuse("holds neither a list of models nor an object with “models” and “vendors”")
    unknown = sorted(data.keys() - {"models", "vendors"})
    if unknown:
        _refuse(f"has “{unknown[0]}”, which is unknown; known are models and vendors")
    return Document(_records(data, "models"), _records(data, "vendors"))


def _read_bill(content: bytes) -> Document:
    return Document(found=list(cyclonedx.read_bill(content).models))


def _read_proxy(content: bytes) -> Document:
    return Document(found=litellm.models_of(litellm.load(content)))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        _refuse("stands more than once in one object", column=duplicates[0])
    return dict(pairs)


def _refuse_constant(name: str) -> Never:
    _refuse(f"holds {name}, which is no JSON")


def _records(data: dict[str, Any], section: str) -> list[Record]:
    entries = data.get(section, [])
    if not isinstance(entries, list):
        _refuse("has to be a list", section)
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            _refuse("has to be an object", f"{section}[{index}]")
    return [
        Record(f"{section}[{index}]", {name: value for name, value in entry.items() if value is not None})
        for index, entry in enumerate(entries)
    ]


_READERS: Mapping[str, Callable[[bytes], Document]] = {
    ".csv": _read_csv,
    ".json": _read_json,
    ".xml": _read_bill,
    ".yaml": _read_proxy,
    ".yml": _read_proxy,
}
