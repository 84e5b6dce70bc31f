"""Reads the scalars of a JSON text with their places. Comments are allowed, nesting costs no stack, bad text no error."""

import json
import re
from dataclasses import dataclass

from understudy.scan.entries import Entry, Keys

DEEPEST = 100
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*+"|[{}\[\],:]|//[^\n]*+|/\*(?:[^*]|(?!\*/)\*)*+\*/|\n|[^\s"{}\[\],:/]++|/')


@dataclass(slots=True)
class _Open:
    keys: Keys
    item: int
    key: str | None = None

    def to(self) -> Keys:
        if self.item >= 0:
            return (*self.keys, self.item)
        return self.keys if self.key is None else (*self.keys, self.key)


def read(text: str) -> list[Entry]:
    """The scalars of `text` in their order; what is no JSON is passed over."""
    entries: list[Entry] = []
    stack = [_Open((), -1)]
    line, line_start = 1, 0
    for found in _TOKEN.finditer(text):
        piece = found[0]
        first = piece[0]
        if first in "\n/":
            if breaks := piece.count("\n"):
                line, line_start = line + breaks, found.start() + piece.rindex("\n") + 1
        elif first in "{}[],:":
            _follow(first, stack)
        else:
            top, is_text = stack[-1], first == '"'
            value = _decoded(piece) if is_text else piece
            if top.item < 0 and top.key is None:
                top.key = value
            else:
                entries.append(Entry(top.to(), value, line, found.start() - line_start + 1 + is_text))
    return entries


def _follow(mark: str, stack: list[_Open]) -> None:
    """Open or close an object or a list, or move on in it."""
    top = stack[-1]
    if mark in "{[":
        keys = top.to()
        stack.append(_Open(keys if len(keys) < DEEPEST else (), 0 if mark == "[" else -1))
    elif mark in "}]":
        if len(stack) > 1:
            stack.pop()
    elif mark == ",":
        top.key = None
        top.item += top.item >= 0


def _decoded(piece: str) -> str:
    if "\\" not in piece:
        return piece[1:-1]
    try:
        return str(json.loads(piece, strict=False))
    except ValueError:
        return piece[1:-1]
