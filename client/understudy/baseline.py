"""The baseline: uses that were there before the gate, by fingerprint. They are shown and do not fail a build."""

import json
from collections.abc import Iterable
from pathlib import Path

from understudy.errors import UsageError
from understudy.scan.hits import Use

NAME = "understudy-baseline.json"
VERSION = 1


def read_baseline(path: Path) -> frozenset[str]:
    """The fingerprints in the file at `path`; what is no baseline is refused."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = document["uses"] if document["version"] == VERSION else None
        if isinstance(entries, dict):
            return frozenset(entries)
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}). Write it with understudy scan --write-baseline {path}."
        raise UsageError(message) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    message = f"{path}: is no baseline. Write it anew with understudy scan --write-baseline {path}."
    raise UsageError(message)


def render_baseline(uses: Iterable[Use]) -> str:
    """The text of a baseline of `uses`. Each fingerprint carries what it stands for, so that a diff can be read."""
    entries = {use.fingerprint: f"{use.path}: {use.hit.ref}" for use in uses}
    ordered = dict(sorted(entries.items(), key=lambda entry: (entry[1], entry[0])))
    return json.dumps({"version": VERSION, "uses": ordered}, indent=2, ensure_ascii=False) + "\n"
