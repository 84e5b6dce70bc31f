"""How the evidence is written down: JSON, CSV, a page to print, a manifest, and the archive around them."""

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string

from registry.models import System

Row = dict[str, Any]

# A cell that begins so is a formula to a spreadsheet, whatever it was meant to be (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
SHOWN_ROWS = 500
# What is longer is folded away: a whole state in one cell makes a page that nobody reads.
SHOWN_CHARACTERS = 240


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the pack: its file name, what it is in a sentence, and its rows."""

    name: str
    says: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All parts, the excerpt of the chain, and the checkpoints known here, the end of the excerpt among them."""

    system: System
    at: datetime
    parts: list[Part]
    chain: list[str]
    checkpoints: list[str]


def zipped(evidence: Evidence, *, verifier: str) -> bytes:
    """The archive. The same evidence gives the same bytes."""
    files = _files(evidence, verifier=verifier)
    files["manifest.json"] = _json(
        {
            "system": evidence.system.slug,
            "made_at": evidence.at.isoformat(),
            "sha256": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())},
        }
    )
    folder = f"evidence-{evidence.system.slug}-{evidence.at:%Y-%m-%d}"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", date_time=evidence.at.timetuple()[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, text.encode())
    return target.getvalue()


def _files(evidence: Evidence, *, verifier: str) -> dict[str, str]:
    context = {
        "evidence": evidence,
        "shown": [_shown(part) for part in evidence.parts],
        "limit": SHOWN_ROWS,
        "limit_of_a_cell": SHOWN_CHARACTERS,
    }
    files = {
        "index.html": render_to_string("evidence/index.html", context),
        "README.md": render_to_string("evidence/README.md", context),
        "audit/chain.jsonl": "".join(f"{line}\n" for line in evidence.chain),
        "audit/checkpoints.jsonl": "".join(f"{line}\n" for line in evidence.checkpoints),
        "audit/verify_audit.py": verifier,
    }
    for part in evidence.parts:
        files[f"json/{part.name}.json"] = _json(part.rows)
        files[f"csv/{part.name}.csv"] = as_csv(part.rows)
    return files


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def as_csv(rows: list[Row]) -> str:
    """With a head line; a cell that a spreadsheet would compute begins with an apostrophe."""
    target = io.StringIO()
    writer = csv.writer(target)
    names = list(rows[0]) if rows else []
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return target.getvalue()


def _cell(value: object) -> object:
    text = _text(value)
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA) and not isinstance(value, int) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(part: Part) -> dict[str, Any]:
    """A table for the page: columns that are empty in all rows are left out."""
    rows = part.rows[:SHOWN_ROWS]
    names = [name for name in (rows[0] if rows else {}) if any(row.get(name) not in (None, "", [], {}) for row in rows)]
    return {
        "name": part.name,
        "says": part.says,
        "count": len(part.rows),
        "columns": [name.replace("_", " ") for name in names],
        "rows": [[_text(row.get(name)) for name in names] for row in rows],
    }
