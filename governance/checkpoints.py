"""Earlier ends of the audit chain, kept in files outside the database, where who can change the database cannot reach.

A file a month, to which lines are only ever added. Copy the folder where the database's administrators do not write.
"""

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from governance import audit, verifier
from governance.audit import Checkpoint
from governance.models import AuditEntry


class Contradicted(Exception):
    """The chain no longer contains what a checkpoint knows: lines were removed, or all was written anew."""


def read(folder: Path) -> list[Checkpoint]:
    """What is kept in `folder`, the oldest first; raises `verifier.Unreadable`."""
    found = verifier.read_checkpoints([folder]) if folder.is_dir() else {}
    return [Checkpoint(sequence, found[sequence]) for sequence in sorted(found)]


def keep(folder: Path, *, now: datetime) -> Checkpoint | None:
    """Add the end of the chain to the files of `folder`; None where it is there already, or there is no line yet.

    Raises `Contradicted` where the chain lacks the newest that is kept: an end that follows a gap would hide it.
    """
    known = read(folder)
    if known and not contains(known[-1]):
        raise Contradicted(f"The audit chain no longer contains line {known[-1].sequence} as {folder} knows it.")
    end = audit.checkpoint()
    if not end.sequence or end in known:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps(asdict(end) | {"at": now.isoformat()}) + "\n"
    with (folder / f"audit-{now:%Y-%m}.jsonl").open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    return end


def contains(known: Checkpoint) -> bool:
    """Whether the chain has this very line now."""
    return AuditEntry.objects.filter(sequence=known.sequence, hash=known.hash).exists()
