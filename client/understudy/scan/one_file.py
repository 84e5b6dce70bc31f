"""Reads one file and finds what it names. Runs in worker processes, so what goes in and out is small."""

import os
from dataclasses import dataclass, field, replace

from understudy.scan.files import is_generated, is_test
from understudy.scan.finders import finder_of
from understudy.scan.fingerprints import of_mentions
from understudy.scan.hits import Certainty, Definition, Hit, Skipped, Use
from understudy.scan.ignores import MARK, find_ignores


@dataclass(slots=True)
class FileResult:
    """What one file gave. `is_read` is False for a file that no finder reads."""

    path: str
    is_read: bool = False
    size: int = 0
    uses: list[Use] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    skipped: Skipped | None = None
    bad_ignores: list[str] = field(default_factory=list)


def scan_file(folder: str, path: str) -> FileResult:
    """What the file at `path` below `folder` names. Whatever it holds, this ends with a result."""
    result = FileResult(path)
    finder = finder_of(path.rpartition("/")[2])
    if finder is None:
        return result
    try:
        data = _read(f"{folder}/{path}", finder.largest)
    except OSError as error:
        result.skipped = Skipped(path, f"cannot be read ({error.strerror})")
        return result
    if data is None:
        result.skipped = Skipped(path, f"is larger than {finder.largest // 1024 // 1024} MiB")
        return result
    result.is_read, result.size = True, len(data)
    if not finder.is_worth(data) or is_generated(data):
        return result
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    try:
        found = finder.find(text)
    except RecursionError:
        result.skipped = Skipped(path, "is nested too deeply")
        return result
    if found.problem is not None:
        result.skipped = Skipped(path, found.problem)
    result.definitions += found.definitions
    if found.hits:
        _place(result, found.hits, text, has_marks=MARK in data)
    elif MARK in data:
        result.bad_ignores += [f"{path}:{problem}" for problem in find_ignores(text)[1]]
    return result


def _read(path: str, largest: int) -> bytes | None:
    """The bytes of a regular file, None if there are more than `largest`."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        size = os.fstat(descriptor).st_size
        if size > largest:
            return None
        parts = []
        while part := os.read(descriptor, size + 1):
            parts.append(part)
            if sum(map(len, parts)) > largest:
                return None
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _place(result: FileResult, hits: tuple[Hit, ...], text: str, *, has_marks: bool) -> None:
    """Give the hits their file, fingerprints and ignores; what a test or example names is a guess."""
    lines = text.split("\n")
    ignores, problems = find_ignores(text) if has_marks else ([], [])
    result.bad_ignores += [f"{result.path}:{problem}" for problem in problems]
    reasons = {ignore.line: ignore.reason for ignore in ignores}
    in_test = is_test(result.path)
    ordered = sorted(hits, key=lambda hit: (hit.line, hit.column))
    mentions = [(hit.ref or hit.wording, lines[hit.line - 1] if hit.line <= len(lines) else "") for hit in ordered]
    for hit, fingerprint in zip(ordered, of_mentions(result.path, mentions), strict=True):
        placed = replace(hit, certainty=Certainty.GUESS, how=f"{hit.how}, in a test or example") if in_test else hit
        result.uses.append(Use(result.path, placed, fingerprint, reasons.get(hit.line)))
