#!/usr/bin/env python3
"""Is an audit chain of Understudy as it was written? This file alone answers; it needs Python 3.11 and nothing else.

    python3 verify_audit.py CHAIN [--checkpoint FILE_OR_FOLDER ...] [--excerpt]

CHAIN is what `manage.py export_audit` writes (JSON lines), or the SQLite file of an installation itself. A checkpoint
is an earlier end of the chain that was kept elsewhere; without one, a chain that lost its last lines looks like a
younger chain. Exit codes: 0 intact, 1 not as it was written, 2 could not be checked.

What a line promises: `hash` is the SHA-256 of the canonical JSON (keys sorted, no spaces, UTF-8) of its other nine
fields, `previous_hash` is the hash of the line before it (64 zeros for the first), and `sequence` counts from 1. With
--excerpt the chain may begin later, and lines may be withheld: they then have `sequence`, `previous_hash` and `hash`
alone, which still ties the lines before and after them together.
"""

import argparse
import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeGuard

START = "0" * 64
TEXTS = ("at", "tag", "subject", "request_id", "previous_hash", "hash")
OBJECTS = ("before", "after")
FIELDS = frozenset({"sequence", "actor_id", *TEXTS, *OBJECTS})
WITHHELD = frozenset({"sequence", "previous_hash", "hash"})
SQLITE = b"SQLite format 3\x00"

Line = dict[str, Any]


class Unreadable(Exception):
    """There is nothing to verify, or no checkpoint, in the file that was named."""


@dataclass(frozen=True, slots=True)
class Result:
    """How far the chain holds; `problem` says what is wrong with what follows."""

    last: int
    last_hash: str
    lines: int
    withheld: int = 0
    problem: str = ""


def verify(lines: Iterable[Line], checkpoints: dict[int, str], *, is_excerpt: bool = False) -> Result:
    """The whole chain computed anew, and that each checkpoint, a hash by sequence, is still in it."""
    last, last_hash, count, withheld = 0, START, 0, 0
    try:
        for line in lines:
            if is_excerpt and not count:
                last, last_hash = _before(line)
            if problem := _problem_of(line, last, last_hash, is_excerpt=is_excerpt):
                return Result(last, last_hash, count, withheld, problem)
            last, last_hash, count = line["sequence"], line["hash"], count + 1
            withheld += line.keys() == WITHHELD
            if checkpoints.get(last, last_hash) != last_hash:
                problem = f"line {last} is not the one that a checkpoint knows: the chain was written anew"
                return Result(last, last_hash, count, withheld, problem)
    except (ValueError, TypeError, RecursionError) as error:
        return Result(last, last_hash, count, withheld, f"what follows line {last} cannot be read ({error})")
    newest = max(checkpoints, default=0)
    problem = f"the chain ends at line {last}; a checkpoint knows line {newest}" if last < newest else ""
    return Result(last, last_hash, count, withheld, problem)


def _before(line: Line) -> tuple[int, str]:
    """What an excerpt is taken to follow."""
    sequence, previous_hash = line.get("sequence"), line.get("previous_hash")
    if not _is_number(sequence) or not isinstance(previous_hash, str):
        raise ValueError("its first line has no number")
    return sequence - 1, previous_hash


def _problem_of(line: Line, last: int, last_hash: str, *, is_excerpt: bool) -> str:
    """What is wrong with `line`, which should follow line `last`; empty where nothing is."""
    is_withheld = is_excerpt and line.keys() == WITHHELD
    if not is_withheld and line.keys() != FIELDS:
        odd = ", ".join(sorted(line.keys() ^ FIELDS))
        return f"what follows line {last} does not have the fields of a line ({odd})"
    number = line["sequence"]
    if not _is_number(number) or number != last + 1:
        return f"line {last + 1} is missing: line {number!r} follows line {last}"
    if line["previous_hash"] != last_hash:
        return f"line {number} does not carry the hash of the line before it"
    if is_withheld:
        return ""
    if not _has_types_of_a_line(line) or line["hash"] != hash_of(line):
        return f"line {number} is not as it was written"
    return ""


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _has_types_of_a_line(line: Line) -> bool:
    return (
        all(isinstance(line[name], str) for name in TEXTS)
        and all(line[name] is None or isinstance(line[name], dict) for name in OBJECTS)
        and (line["actor_id"] is None or _is_number(line["actor_id"]))
    )


def hash_of(line: Line) -> str:
    """The SHA-256 of the canonical JSON of all that a line says."""
    said = {name: line[name] for name in FIELDS if name != "hash"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


# --- reading -----------------------------------------------------------------------------------------------------


def read_chain(path: Path) -> Iterator[Line]:
    """The lines in `path`, in the order of the file, or of the numbers in a database."""
    try:
        with path.open("rb") as file:
            is_database = file.read(len(SQLITE)) == SQLITE
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from error
    return _lines_of_database(path) if is_database else _lines_of_export(path)


def _lines_of_export(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            if text.strip():
                yield _object(text)


def _lines_of_database(path: Path) -> Iterator[Line]:
    columns = sorted(FIELDS)
    query = f"SELECT {', '.join(columns)} FROM governance_auditentry ORDER BY sequence"  # noqa: S608 - our own names
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        for row in connection.execute(query):
            line = dict(zip(columns, row, strict=True))
            line["at"] = _moment(line["at"])
            for name in OBJECTS:
                line[name] = None if line[name] is None else _object(line[name])
            yield line
    except sqlite3.DatabaseError as error:
        raise Unreadable(f"{path} cannot be read: {error}") from error
    finally:
        connection.close()


def _moment(text: str) -> str:
    """A moment as an export spells it; ValueError where it is not spelt as the platform does: UTC, without a zone."""
    moment = datetime.fromisoformat(text)
    if str(moment) != text or moment.tzinfo:
        raise ValueError(f"{text[:40]!r} is no moment as a chain has it")
    return moment.replace(tzinfo=UTC).isoformat()


def _object(text: str) -> Line:
    """A JSON object; ValueError for all that two readers could take for different things."""
    value = json.loads(text, object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> Line:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _refuse(text: str) -> None:
    raise ValueError(f"{text[:20]} is written nowhere in a chain")


def read_checkpoints(paths: Iterable[Path]) -> dict[int, str]:
    """By sequence the hashes that the files, or the files in the folders, know; a file has a JSON object a line."""
    found: dict[int, str] = {}
    for path in paths:
        for file in sorted(path.glob("*.json*")) if path.is_dir() else [path]:
            for sequence, line_hash in _checkpoints_in(file):
                if found.setdefault(sequence, line_hash) != line_hash:
                    raise Unreadable(f"{file} contradicts another checkpoint about line {sequence}")
    return found


def _checkpoints_in(file: Path) -> Iterator[tuple[int, str]]:
    try:
        texts = file.read_text(encoding="utf-8").splitlines()
        for text in filter(str.strip, texts):
            known = _object(text)
            sequence, line_hash = known["sequence"], known["hash"]
            if not _is_number(sequence) or not isinstance(line_hash, str):
                raise ValueError("no sequence and hash")  # noqa: TRY301 - the same answer for whatever is wrong
            yield sequence, line_hash
    except OSError as error:
        raise Unreadable(f"The checkpoint cannot be read: {error}") from error
    except (ValueError, KeyError) as error:
        raise Unreadable(f"{file} is no checkpoint: a JSON object with sequence and hash a line") from error
    if not any(map(str.strip, texts)):
        raise Unreadable(f"{file} is no checkpoint: it is empty")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Is an audit chain of Understudy as it was written?")
    parser.add_argument("chain", type=Path, help="an export (JSON lines), or the SQLite file of an installation")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], metavar="FILE_OR_FOLDER")
    parser.add_argument("--excerpt", action="store_true", help="allow a later beginning, and lines that are withheld")
    options = parser.parse_args(arguments)
    try:
        checkpoints = read_checkpoints(options.checkpoint)
        result = verify(read_chain(options.chain), checkpoints, is_excerpt=options.excerpt)
    except Unreadable as error:
        sys.stderr.write(f"Could not be checked: {error}.\n")
        return 2
    if result.problem:
        sys.stdout.write(f"The audit chain is broken: {result.problem}.\n")
        return 1
    withheld = f", {result.withheld} of them withheld" if result.withheld else ""
    sys.stdout.write(f"The audit chain is intact: {result.lines} lines{withheld}, the last {result.last_hash}.\n")
    if not checkpoints:
        sys.stdout.write("Without a checkpoint nobody can say whether its last lines were cut off.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
