"""CycloneDX files, JSON from 1.4 to 1.7 and XML, -> the models that they name; pure.

A model is a component of the type `machine-learning-model`, or one whose purl names a repository of the Hub: 1.4 had no
such type. Files are read for what they say and not held to the schema, because what only others understand has to
survive; XML goes through cyclonedx-python-lib, which keeps what it knows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Never

from cyclonedx.model.bom import Bom
from cyclonedx.output.json import JsonV1Dot6
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from registry.imports.faults import Fault, Refused
from registry.imports.found import MAX_DEPTH, Found, refuse_the_unstorable, text_at

MAX_BYTES = 10 * 1024 * 1024
MODEL = "machine-learning-model"
VERSIONS = ("1.4", "1.5", "1.6", "1.7")
_HUB = "pkg:huggingface/"
# What our own export calls the relation to a base.
_RELATION = "understudy:relation"


@dataclass(frozen=True, slots=True)
class Bill:
    """What a file names. `subject` is the bill's own component, a `system:<slug>` where we exported it."""

    models: tuple[Found, ...]
    subject: str
    spec_version: str


def is_bill(document: Any) -> bool:
    return isinstance(document, dict) and document.get("bomFormat") == "CycloneDX"


def read_bill(content: bytes) -> Bill:
    """The models of a file, JSON or XML; raises `Refused` with the path of what is wrong in it."""
    if len(content) > MAX_BYTES:
        _refuse("file", f"has {len(content):,} bytes; {MAX_BYTES:,} are allowed")
    stripped = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    return bill_of(_from_xml(stripped) if stripped.startswith(b"<") else _from_json(content))


def bill_of(document: Any) -> Bill:
    """The models of a parsed JSON document; raises `Refused`."""
    if not is_bill(document):
        _refuse("bomFormat", "has to be “CycloneDX”: this is another kind of file")
    version = text_at(document, "specVersion", "")
    if version not in VERSIONS:
        _refuse("specVersion", f"is “{version[:20]}”; read are {', '.join(VERSIONS)}")
    refuse_the_unstorable(document)
    metadata = _object(document.get("metadata"), "metadata")
    subject = _object(metadata.get("component"), "metadata.component")
    placed = [("metadata.component", subject)] if subject else []
    placed += _listed(document, "")
    models = [_found(place, one, version) for place, one in _all(placed) if _is_model(one)]
    return Bill(tuple(models), text_at(subject, "bom-ref", "metadata.component"), version)


def _refuse(place: str, reason: str) -> Never:
    raise Refused([Fault(place, "", reason)])


def _from_json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _refuse(f"line {line}", "is not UTF-8: save it as UTF-8")
    except json.JSONDecodeError as error:
        _refuse(f"line {error.lineno}", f"is not JSON: {error.msg}, column {error.colno}")
    except (RecursionError, ValueError):
        # Too deep, or a number of thousands of digits.
        _refuse("file", "is nested too deeply, or has a number that is too long")


def _refuse_constant(name: str) -> Never:
    _refuse("file", f"holds {name}, which is no JSON")


def _from_xml(content: bytes) -> Any:
    try:
        root = fromstring(content, forbid_dtd=True)
        _refuse_depth(root)
        bill = Bom.from_xml(root)  # type: ignore[attr-defined]  # made by a decorator of the library
        document: dict[str, Any] = json.loads(JsonV1Dot6(bill).output_as_string())
    except DefusedXmlException:
        _refuse("file", "declares a document type or entities, which no bill of materials needs: remove them")
    except ParseError as error:
        _refuse(f"line {error.position[0]}", "is not XML")
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises whatever its parts do on what it does not expect
        _refuse("file", f"is XML that is no CycloneDX ({type(error).__name__})")
    return document


def _refuse_depth(root: Any) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            _refuse("file", f"is nested deeper than {MAX_DEPTH} levels")
        level = [child for element in level for child in element]


def _object(value: Any, place: str) -> dict[str, Any]:
    """The object that stands there; an empty one where nothing does."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        _refuse(place, f"has to be an object, not {type(value).__name__}")
    return value


def _listed(row: Mapping[str, Any], place: str) -> list[tuple[str, dict[str, Any]]]:
    """The components right below, with their paths."""
    return _objects(row.get("components"), f"{place}.components".lstrip("."))


def _objects(value: Any, place: str) -> list[tuple[str, dict[str, Any]]]:
    if value is None:
        return []
    if not isinstance(value, list):
        _refuse(place, f"has to be a list, not {type(value).__name__}")
    return [(f"{place}[{index}]", _object(one, f"{place}[{index}]")) for index, one in enumerate(value)]


def _all(placed: list[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """These components and those inside them, in the order of the file."""
    waiting = placed[::-1]
    while waiting:
        place, one = waiting.pop()
        yield place, one
        waiting += _listed(one, place)[::-1]


def _is_model(component: Mapping[str, Any]) -> bool:
    purl = component.get("purl")
    return component.get("type") == MODEL or (isinstance(purl, str) and purl.strip().casefold().startswith(_HUB))


def _found(place: str, component: Mapping[str, Any], version: str) -> Found:
    name, group, ref, revision = _named(component, place)
    if not name:
        _refuse(f"{place}.name", "is missing")
    card = _object(component.get("modelCard"), f"{place}.modelCard")
    parameters = _object(card.get("modelParameters"), f"{place}.modelCard.modelParameters")
    return Found(
        place=place,
        ref=ref or "/".join(part for part in (group, name) if part),
        name=name,
        revision=revision,
        developer=_developer(component, place),
        license=_license(component, place),
        description=text_at(component, "description", place)[:10_000],
        task=text_at(parameters, "task", f"{place}.modelCard.modelParameters"),
        inputs=_formats(parameters, "inputs", f"{place}.modelCard.modelParameters"),
        outputs=_formats(parameters, "outputs", f"{place}.modelCard.modelParameters"),
        bases=tuple(_bases(component, place)),
        component=component,
        spec_version=version,
    )


def _named(component: Mapping[str, Any], place: str) -> tuple[str, str, str, str]:
    """Name, group, purl without its revision and qualifiers, and the revision."""
    name, group = text_at(component, "name", place), text_at(component, "group", place)
    purl, _, revision = text_at(component, "purl", place).partition("#")[0].partition("?")[0].partition("@")
    return name, group, purl, revision


def _developer(component: Mapping[str, Any], place: str) -> str:
    """Who made it, as far as the file says: manufacturer, then publisher, then supplier."""
    for field in ("manufacturer", "publisher", "supplier"):
        value = component.get(field)
        if isinstance(value, str):
            return value.strip()
        if value is not None and (name := text_at(_object(value, f"{place}.{field}"), "name", f"{place}.{field}")):
            return name
    return ""


def _license(component: Mapping[str, Any], place: str) -> str:
    """One SPDX text of all that is listed; several licenses of a list all apply."""
    texts = []
    for where, choice in _objects(component.get("licenses"), f"{place}.licenses"):
        license_ = _object(choice.get("license"), f"{where}.license")
        texts.append(
            text_at(choice, "expression", where)
            or text_at(license_, "id", f"{where}.license")
            or text_at(license_, "name", f"{where}.license")
        )
    stated = list(dict.fromkeys(text for text in texts if text))
    return stated[0] if len(stated) == 1 else " AND ".join(f"({text})" for text in stated)


def _formats(parameters: Mapping[str, Any], field: str, place: str) -> tuple[str, ...]:
    placed = _objects(parameters.get(field), f"{place}.{field}")
    return tuple(dict.fromkeys(filter(None, (text_at(one, "format", where) for where, one in placed))))


def _bases(component: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    """What it was made from. Our own export lists earlier generations, too: those are not its bases."""
    pedigree = _object(component.get("pedigree"), f"{place}.pedigree")
    for where, one in _objects(pedigree.get("ancestors"), f"{place}.pedigree.ancestors"):
        name, group, purl, _ = _named(one, where)
        relation = _relation(one, where)
        if relation != "earlier":
            yield purl or "/".join(part for part in (group, name) if part), relation


def _relation(component: Mapping[str, Any], place: str) -> str:
    for where, one in _objects(component.get("properties"), f"{place}.properties"):
        if one.get("name") == _RELATION:
            return text_at(one, "value", where)
    return ""
