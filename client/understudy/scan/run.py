"""Scans a folder: lists its own files, reads them in as many processes as pay, and joins what they name."""

import gc
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from understudy.scan.deployments import Deployments, Placed
from understudy.scan.files import is_test, own_files
from understudy.scan.finders import finder_of
from understudy.scan.hits import ORDER, Scan, Use
from understudy.scan.one_file import FileResult, scan_file

# Below that many files another process costs more than it saves.
FEW_FILES = 300
BATCH = 64
MOST_PROCESSES = 8


def scan_path(path: Path, *, leave_out: frozenset[str] = frozenset()) -> Scan:
    """All that the files below `path` name, or the one file that it is; `leave_out` are paths below it."""
    # Syntax trees are many small objects and no circles: looking for circles in them takes a fifth of the time.
    gc.disable()
    try:
        return _scan_path(path, leave_out)
    finally:
        gc.enable()


def _scan_path(path: Path, leave_out: frozenset[str]) -> Scan:
    folder, paths = (path.parent, [path.name]) if path.is_file() else (path, own_files(path))
    wanted = [name for name in paths if name not in leave_out and finder_of(name.rpartition("/")[2])]
    return _joined(_scan_files(str(folder), wanted))


def _scan_files(folder: str, paths: list[str]) -> Iterator[FileResult]:
    scan = partial(scan_file, folder)
    processes = min(_usable_processors(), MOST_PROCESSES)
    if len(paths) <= FEW_FILES or processes < 2 or not hasattr(os, "fork"):  # noqa: PLR2004
        yield from map(scan, paths)
        return
    # They take longer to import than a small folder takes to scan.
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    with ProcessPoolExecutor(processes, get_context("fork")) as pool:
        yield from pool.map(scan, paths, chunksize=BATCH)


def _usable_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _joined(results: Iterable[FileResult]) -> Scan:
    kept = list(results)
    # What a test sets says nothing of what runs.
    deployments = Deployments(
        Placed(result.path, definition)
        for result in kept
        if not is_test(result.path)
        for definition in result.definitions
    )
    uses = [use for result in kept for found in result.uses for use in _resolved(found, deployments)]
    return Scan(
        uses=tuple(_distinct(use for use in uses if use.hit.ref is not None)),
        unresolved=tuple(_distinct(use for use in uses if use.hit.ref is None)),
        files=sum(result.is_read for result in kept),
        size=sum(result.size for result in kept),
        skipped=tuple(result.skipped for result in kept if result.skipped),
        bad_ignores=tuple(problem for result in kept for problem in result.bad_ignores),
    )


def _resolved(use: Use, deployments: Deployments) -> Iterator[Use]:
    for hit in deployments.resolve(use.path, use.hit):
        yield replace(use, hit=hit)


def _distinct(uses: Iterable[Use]) -> Iterator[Use]:
    """Each name once at its place, as sure as it was found there; `openai/gpt-4o` stands for `gpt-4o` too."""
    best: dict[tuple[str, int, str], Use] = {}
    for use in uses:
        text = (use.hit.ref or use.hit.wording).casefold()
        key = (use.path, use.hit.line, text.rpartition("/")[2])
        known = best.get(key)
        if known is None or _rank(use) < _rank(known):
            best[key] = use
    yield from sorted(best.values(), key=lambda use: (use.path, use.hit.line, use.hit.column))


def _rank(use: Use) -> tuple[int, int, bool]:
    """The surest first, then the fullest name, then what says whether it is pinned."""
    return ORDER.index(use.hit.certainty), -len(use.hit.ref or ""), not use.hit.can_pin
