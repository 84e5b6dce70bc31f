"""Models in notebooks: each code cell is Python of its own, its lines those of the file."""

import re
from collections.abc import Iterator

from understudy.scan import python, shell
from understudy.scan.entries import Entry
from understudy.scan.hits import Findings, Hit
from understudy.scan.json_entries import read

_MAGIC = re.compile(r"^(?P<indent>[ \t]*)[!%?][^\n]*", re.MULTILINE)


def find(text: str) -> Findings:
    """The models of all code cells. Names that one cell gives, the later ones know."""
    lines = [line for cell in _cells(read(text)) for line in cell]
    if not lines:
        return Findings()
    code = "".join(entry.value if entry.value.endswith("\n") else f"{entry.value}\n" for entry in lines)
    places = [entry for entry in lines for _ in range(max(entry.value.rstrip("\n").count("\n"), 0) + 1)]
    found = python.find(_MAGIC.sub(r"\g<indent>pass", code))
    hits = [_placed(hit, places) for hit in (*found.hits, *_shell_hits(code))]
    return Findings(tuple(hits), problem=found.problem)


def _shell_hits(code: str) -> Iterator[Hit]:
    """`!hf download …`."""
    for number, line in enumerate(code.split("\n"), 1):
        if line.lstrip()[:1] in {"!", "%"}:
            indent = len(line) - len(line.lstrip()) + 1
            for hit in shell.find(line.lstrip()[1:]).hits:
                yield hit.moved(lines=number - 1, columns=indent)


def _placed(hit: Hit, places: list[Entry]) -> Hit:
    """The hit where its line stands in the file, which may be one text for a whole cell."""
    entry = places[min(hit.line, len(places)) - 1]
    first = next(number for number, place in enumerate(places, 1) if place is entry)
    moved = hit.moved(lines=entry.line - hit.line)
    return moved if first != hit.line else moved.moved(lines=0, columns=entry.column - 1 if entry.line == 1 else 0)


def _cells(entries: list[Entry]) -> Iterator[list[Entry]]:
    """The source lines of each code cell."""
    kinds: dict[object, str] = {}
    sources: dict[object, list[Entry]] = {}
    for entry in entries:
        keys = entry.keys
        # `cells` at the top, or below `worksheets` in files of the format before.
        if "cells" not in keys[:3]:
            continue
        cell = keys[: keys.index("cells") + 2]
        if keys[len(cell) :] == ("cell_type",):
            kinds[cell] = entry.value
        elif keys[len(cell) : len(cell) + 1] in {("source",), ("input",)}:
            sources.setdefault(cell, []).append(entry)
    yield from (lines for cell, lines in sources.items() if kinds.get(cell, "code") == "code")
