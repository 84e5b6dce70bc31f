"""Gives the server's findings a fingerprint that outlives moved lines: rule, ref, file and the text of the line."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from understudy.models import Finding, Location
from understudy.scan.fingerprints import fingerprint

LARGEST = 2 * 1024 * 1024


def with_fingerprints(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, those without a fingerprint given one; the same twice is told apart by its count."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for finding in findings:
        place = finding.locations[0] if finding.locations else Location("", None)
        parts = (finding.rule, finding.ref, place.path, _line(place))
        found.append(
            finding if finding.fingerprint else replace(finding, fingerprint=fingerprint(*parts, str(seen[parts])))
        )
        seen[parts] += 1
    return tuple(found)


def _line(place: Location) -> str:
    """The text at a place, without its blanks; empty if it is not to be had."""
    lines = _lines(place.path)
    return "".join(lines[place.line - 1].split()) if place.line and place.line <= len(lines) else ""


@lru_cache(maxsize=8)
def _lines(path: str) -> tuple[str, ...]:
    try:
        file = Path(path)
        # What the server names is not for us to open, unless it lies here.
        if not path or not file.resolve().is_relative_to(Path.cwd().resolve()) or file.stat().st_size > LARGEST:
            return ()
        return tuple(file.read_text(encoding="utf-8", errors="replace").split("\n"))
    except (OSError, ValueError):
        return ()
