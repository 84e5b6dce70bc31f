"""A model that some file names, before anybody knows whether the register has it; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.imports.faults import Fault, Refused

# Deeper than any format that is read here, and shallow enough for every writer of JSON.
MAX_DEPTH = 64
_LONGEST_PATH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One mention of a model. `ref` is what the file calls it by, and may name nothing.

    `is_routed` where that is `provider/model` as LiteLLM writes it. `bases` are pairs of a ref and a relation, which is
    empty where the file does not say. `unsure` is why it cannot be told what is meant, to be said instead of a guess.
    `component` is the file's own JSON of it.
    """

    place: str
    ref: str
    name: str
    revision: str = ""
    developer: str = ""
    license: str = ""
    description: str = ""
    task: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    bases: tuple[tuple[str, str], ...] = ()
    is_routed: bool = False
    unsure: str = ""
    note: str = ""
    component: Mapping[str, Any] = field(default_factory=dict)
    spec_version: str = ""


def text_at(row: Mapping[str, Any], name: str, place: str) -> str:
    """A text of a file, stripped; empty where it is absent. Raises `Refused` for anything but text."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused([Fault(f"{place}.{name}".lstrip("."), "", f"has to be text, not {type(value).__name__}")])
    return value.strip()


def refuse_the_unstorable(document: Any) -> None:
    """Raise `Refused`, with the path, for what is nested too deeply and for text or numbers that no database takes."""
    for path, depth, value in _walk(document):
        if depth > MAX_DEPTH:
            raise Refused([Fault(_short(path), "", f"is nested deeper than {MAX_DEPTH} levels")])
        if isinstance(value, str) and _is_unstorable(value):
            raise Refused([Fault(_short(path), "", "holds a character that is no valid text: remove it")])
        if isinstance(value, float) and value - value != 0:
            raise Refused([Fault(_short(path), "", "is a number that is too large")])


def _walk(document: Any) -> Iterator[tuple[str, int, Any]]:
    """Every value, and every key as a value, with its path; no deeper than is allowed."""
    waiting: list[tuple[str, int, Any]] = [("", 0, document)]
    while waiting:
        path, depth, value = waiting.pop()
        yield path, depth, value
        if depth > MAX_DEPTH:
            continue
        if isinstance(value, dict):
            waiting += [(path, depth, name) for name in value]
            waiting += [(f"{path}.{name}".lstrip("."), depth + 1, inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}[{index}]", depth + 1, inner) for index, inner in enumerate(value)]


def _is_unstorable(text: str) -> bool:
    if text.isascii():
        return "\x00" in text
    return "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text)


def _short(path: str) -> str:
    return (path if len(path) <= _LONGEST_PATH else f"{path[:_LONGEST_PATH]}…") or "file"
