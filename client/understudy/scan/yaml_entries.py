"""Reads the scalars of a YAML text with their places, line by line.

The standard library has no YAML. This knows what configuration uses (maps, lists, flow style, quotes, block scalars,
comments, several documents) and takes Helm's templates for text; anchors, aliases and tags are passed over. Linear in
the length of the text, whatever it holds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from understudy.scan.entries import Entry, Keys

LONGEST_LINE = 20_000
DEEPEST = 100
_KEY = re.compile(
    r"""(?P<key> "(?:[^"\\]|\\.)*+" | '(?:[^']|'')*+' | [^\s\#&*!|>'"%@`,\[\]{}][^:\#\n]{0,200}? | \{\{[^}\n]*\}\}[^:\n]{0,80} )
    [ \t]* : (?=[ \t]|$)""",
    re.VERBOSE,
)
_BLOCK = re.compile(r"[|>][+\-0-9]*[ \t]*(?:#.*)?$")
_MARKS = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]+)+")
_FLOW = re.compile(
    r""" "(?:[^"\\]|\\.)*+" | '(?:[^']|'')*+' | \{\{.*?\}\} | [\[\]{},:] | [^\[\]{},:"'\s](?:[^\[\]{},:]|(?=:\S):)*+ """,
    re.VERBOSE,
)


@dataclass(slots=True)
class _Level:
    """One open map or list: where it is indented, the keys that lead to it, the item a list is at."""

    indent: int
    keys: Keys
    item: int = -1


@dataclass(slots=True)
class _Reader:
    lines: list[str]
    at: int = 0
    levels: list[_Level] = field(default_factory=list)
    # The keys to what was announced last, by `key:` without a value.
    last_key: Keys = ()

    def entries(self) -> Iterator[Entry]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            text = line.strip()
            if not text or text[0] == "#" or len(line) > LONGEST_LINE:
                continue
            if text in {"---", "..."} or line.startswith(("--- ", "%")):
                self.levels.clear()
                continue
            if text.startswith("{{") and text.endswith("}}"):
                continue
            yield from self._node(line, len(line) - len(line.lstrip(" ")))

    def _node(self, line: str, start: int) -> Iterator[Entry]:
        """What begins at column `start` of the line that was read last."""
        while line[start : start + 2] in {"- ", "-"}:
            self._open(start, is_item=True)
            start += 1
            while start < len(line) and line[start] in " \t":
                start += 1
            if start >= len(line) or line[start] == "#":
                return
            self.levels.append(_Level(start, self._keys(), -1))
        if found := _KEY.match(line, start):
            keys = self._open(start, is_item=False)
            key = _unquoted(found["key"].strip())
            self.levels[-1].keys = keys
            yield from self._value(line, found.end(), (*keys, key), start)
        else:
            yield from self._value(line, start, self._keys(), start - 1)

    def _keys(self) -> Keys:
        if not self.levels:
            return ()
        level = self.levels[-1]
        return (*level.keys, level.item) if level.item >= 0 else level.keys

    def _open(self, indent: int, *, is_item: bool) -> Keys:
        """The keys above what is indented so, with all deeper levels closed; counts an item of a list."""
        while self.levels and self.levels[-1].indent > indent:
            self.levels.pop()
        # A list may stand at the indentation of its key: the map below it ends where the list begins again.
        if not is_item:
            while self.levels and self.levels[-1].indent == indent and self.levels[-1].item >= 0:
                self.levels.pop()
        if self.levels and self.levels[-1].indent == indent and (self.levels[-1].item >= 0) == is_item:
            level = self.levels[-1]
        else:
            level = _Level(indent, self.last_key if self.levels else (), -1)
            if len(self.levels) < DEEPEST:
                self.levels.append(level)
        if is_item:
            level.item += 1
        return level.keys

    def _value(self, line: str, start: int, keys: Keys, indent: int) -> Iterator[Entry]:
        while start < len(line) and line[start] in " \t":
            start += 1
        if marks := _MARKS.match(line, start):
            start = marks.end()
        rest = line[start:]
        self.last_key = keys
        if not rest or rest[0] in "#&*!":
            return
        if _BLOCK.match(rest):
            yield from self._block(keys, indent)
        elif rest[0] in "[{" and not rest.startswith("{{"):
            yield from self._flow(start, keys)
        else:
            text, offset = _scalar(rest)
            yield Entry(keys, text, self.at, start + offset + 1)

    def _block(self, keys: Keys, indent: int) -> Iterator[Entry]:
        """A text of several lines, cut free of its indentation; placed at its first line."""
        first = self.at
        taken = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= max(indent, 0) and not (indent < 0):
                break
            taken.append(line)
            self.at += 1
        margin = min((len(line) - len(line.lstrip(" ")) for line in taken if line.strip()), default=0)
        yield Entry(keys, "\n".join(line[margin:] for line in taken), first + 1, margin + 1)

    def _flow(self, start: int, keys: Keys) -> Iterator[Entry]:
        """`[a, {b: c}]`, over several lines if need be."""
        flow = _Flow(keys)
        for row in range(self.at - 1, len(self.lines)):
            line = self.lines[row]
            for found in _FLOW.finditer(line, start if row == self.at - 1 else 0):
                piece = found[0]
                if piece[0] == "#" and line[found.start() - 1] in " \t":
                    break
                if piece in "[]{},:":
                    if flow.follow(piece):
                        self.at = row + 1
                        return
                elif flow.wants_key():
                    flow.key = _unquoted(piece.strip())
                else:
                    text, offset = _scalar(piece)
                    yield Entry(flow.to(), text, row + 1, found.start() + offset + 1)
        self.at = len(self.lines)


@dataclass(slots=True)
class _Flow:
    """Where one is inside of brackets. A list and no stack of calls: they may be nested as deep as they like."""

    keys: Keys
    open: list[_Level] = field(default_factory=list)
    key: str | None = None

    def follow(self, mark: str) -> bool:
        """Open, close or move on; True once the outermost bracket is closed."""
        if mark in "[{":
            above = self.to()
            self.open.append(_Level(0, above if len(above) < DEEPEST else self.keys, 0 if mark == "[" else -1))
        elif mark in "]}":
            self.open.pop()
        elif mark == ",":
            self.open[-1].item += self.open[-1].item >= 0
        if mark != ":":
            self.key = None
        return not self.open

    def wants_key(self) -> bool:
        return self.open[-1].item < 0 and self.key is None

    def to(self) -> Keys:
        """The keys that lead here."""
        if not self.open:
            return self.keys
        level = self.open[-1]
        if level.item >= 0:
            return (*level.keys, level.item)
        return level.keys if self.key is None else (*level.keys, self.key)


def read(text: str) -> list[Entry]:
    """The scalars of `text` in their order; what cannot be understood is left out, never an error."""
    return list(_Reader(text.split("\n")).entries())


def _scalar(rest: str) -> tuple[str, int]:
    """The text of a scalar without quotes and comment, and how many characters before it are none of it."""
    if rest[0] in "\"'":
        quote = rest[0]
        end = 1
        while end < len(rest) and rest[end] != quote:
            end += 2 if quote == '"' and rest[end] == "\\" else 1
        return rest[1:end], 1
    end = rest.find(" #")
    return (rest if end < 0 else rest[:end]).rstrip(), 0


def _unquoted(key: str) -> str:
    return key[1:-1] if len(key) > 1 and key[0] in "\"'" and key[0] == key[-1] else key
