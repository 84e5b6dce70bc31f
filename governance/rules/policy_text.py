"""A policy as people write it: TOML, whose comments stay because the text itself is kept.

`tomllib` gives values without the lines they stand on, so a line is found with `tomllib` itself: the field stands in
the first statement with which the text up to there has it. That holds for every way in which TOML can be written.
"""

import json
import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from governance.rules.policy import BadPolicy, Path, Policy, from_document

LONGEST_TEXT = 64_000
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class BadText(ValueError):
    """A policy's text cannot be used: `line` (0 where no line is to blame), `field` (may be empty), and why."""

    def __init__(self, *, line: int, field: str, expected: str) -> None:
        where = ", ".join(part for part in (f"line {line}" if line else "", field) if part)
        super().__init__(f"{where}: {expected}.")
        self.line = line
        self.field = field


def read(text: str, *, version: int = 0) -> tuple[dict[str, Any], Policy]:
    """The document that `text` says, as JSON, and the policy it makes; raises `BadText` with line and field."""
    document = parse(text)
    try:
        return document, from_document(version, document)
    except BadPolicy as bad:
        raise at_line(text, bad) from bad


def at_line(text: str, bad: BadPolicy) -> BadText:
    """What is wrong in `text`, with the line on which it stands."""
    return BadText(line=line_of(text, bad.path), field=bad.field, expected=bad.expected)


def parse(text: str) -> dict[str, Any]:
    """The document that `text` says, days as ISO texts; raises `BadText` where it is no TOML."""
    if len(text) > LONGEST_TEXT:
        raise BadText(line=0, field="", expected=f"the text is longer than {LONGEST_TEXT} characters")
    try:
        document = _plain(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = str(error) or "it is nested too deeply"
        at = _AT_LINE.search(said)
        line = int(at[1]) if at else text.count("\n") + 1
        raise BadText(line=line, field="", expected=f"this is no TOML: {_AT_LINE.sub('', said)}") from error
    assert isinstance(document, dict)  # noqa: S101 - a TOML document is a table
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def line_of(text: str, path: Path) -> int:
    """The line on which the statement begins that gives the field; of its nearest table where nothing gives it."""
    lines = text.split("\n")
    while path:
        last = bisect_left(range(len(lines) + 1), True, key=lambda count: _has(_up_to(lines, count)[1], path))  # noqa: FBT003 - what is looked for
        if last <= len(lines):
            return _up_to(lines, last - 1)[0] + 1
        path = path[:-1]
    return 1


def _up_to(lines: list[str], count: int) -> tuple[int, Any]:
    """The document of the first `count` lines; of fewer, where a statement is not finished there."""
    while count > 0:
        try:
            return count, tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            count -= 1
    return 0, {}


def _has(value: Any, path: Path) -> bool:
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return False
        elif not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


def as_text(document: Mapping[str, Any]) -> str:
    """`document` as TOML: for versions that were stored without a text. Reading it again gives the same document."""
    return "\n".join(_tables(document, ())).strip("\n") + "\n" if document else ""


def _tables(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The table's own values first: what follows a heading belongs to it. By name, for databases order keys at will."""
    ordered = sorted(table.items())
    inner = {key: value for key, value in ordered if _is_table(value) or _is_list_of_tables(value)}
    yield from (f"{_key(key)} = {_value(value)}" for key, value in ordered if key not in inner)
    for key, value in inner.items():
        name = ".".join(map(_key, (*path, key)))
        for one in [value] if _is_table(value) else value:
            yield f"\n[{name}]" if _is_table(value) else f"\n[[{name}]]"
            yield from _tables(one, (*path, key))


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_list_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_table, value))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return _string(value) if isinstance(value, str) else json.dumps(value)


def _string(text: str) -> str:
    # TOML's basic strings are JSON's, but for the one character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
