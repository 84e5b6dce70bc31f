"""The audit chain: who did what to which row, each line carrying the hash of the line before it.

A line names people and subjects by id, so that a name can be removed without breaking the chain. It stands in the
transaction of the act itself: both are kept or neither. Lines are written one at a time under a lock that is held
until that transaction ends; so `record` comes last, when all other rows are written, and two acts cannot lock each
other out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from governance.append import START, append
from governance.canonical import canonical, plain, sha256_of
from governance.doors import passage
from governance.models import AuditEntry
from registry.models import User

HASHED = ("sequence", "at", "actor_id", "tag", "subject", "before", "after", "request_id", "previous_hash")
ROWS_AT_A_TIME = 2000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last line at some moment. Kept outside the database, it shows later whether the tail was cut or rewritten."""

    sequence: int = 0
    hash: str = START


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """How far the chain holds: up to `last`; where it does not, `problem` says which line is wrong and how."""

    last: Checkpoint
    problem: str = ""

    @property
    def is_intact(self) -> bool:
        return not self.problem


def record(
    tag: str,
    subject: Model,
    *,
    actor: User | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    request_id: str = "",
) -> AuditEntry:
    """Add a line in the surrounding transaction; RuntimeError where there is none.

    `tag` reads `source:subject:action`, where the source is the door that the act came through (`governance.doors`),
    or what the caller says where nobody opened one; `actor` None is the platform itself. `request_id` is that of the
    door where none is given. The moment is the clock's, whatever day the act itself is dated; of two acts at once
    the chain's order may be the other one.
    """
    if tag.count(":") != 2:  # noqa: PLR2004 - source, subject, action
        raise ValueError(f"An audit tag reads source:subject:action, not {tag!r}")
    entered = passage()
    return append(
        {
            "at": timezone.now(),
            "actor_id": actor.pk if actor else None,
            "tag": f"{entered.door}:{tag.partition(':')[2]}" if entered.door else tag,
            "subject": f"{subject._meta.label_lower}:{subject.pk}",
            "before": None if before is None else plain(dict(before)),
            "after": None if after is None else plain(dict(after)),
            "request_id": (request_id or entered.request_id)[:64],
        }
    )


def checkpoint() -> Checkpoint:
    """The end of the chain as it is now."""
    last = AuditEntry.objects.order_by("-sequence").values_list("sequence", "hash").first()
    return Checkpoint(*last) if last else Checkpoint()


def oldest_after(known: Checkpoint) -> datetime | None:
    """When the first line after `known` was written; None where there is none."""
    later = AuditEntry.objects.filter(sequence__gt=known.sequence).order_by("sequence")
    return later.values_list("at", flat=True).first()


def verify(*known: Checkpoint) -> VerifyResult:
    """Compute the whole chain anew; with `known`, also that it still contains those earlier ends.

    Without any a chain that lost its last lines looks like a younger chain.
    """
    last = Checkpoint()
    hashes = {one.sequence: one.hash for one in known}
    try:
        for line in _lines():
            if problem := _problem_of(line, last, hashes):
                return VerifyResult(last, problem)
            last = Checkpoint(line["sequence"], line["hash"])
    except (ValueError, TypeError, OverflowError) as error:
        return VerifyResult(last, f"what follows line {last.sequence} cannot be read ({error})")
    newest = max(hashes, default=0)
    if last.sequence < newest:
        return VerifyResult(last, f"the chain ends at line {last.sequence}; the checkpoint knows line {newest}")
    return VerifyResult(last)


def export() -> Iterator[str]:
    """Each line of the chain as JSON, as it is now, in the order of the chain: what `governance.verifier` reads."""
    for line in _lines():
        yield as_json(line)


def as_json(line: Mapping[str, Any]) -> str:
    """A line with all its fields, in the very spelling that its hash is made of."""
    return canonical(plain({name: line[name] for name in (*HASHED, "hash")})).decode()


def _lines() -> Iterable[dict[str, Any]]:
    rows = AuditEntry.objects.order_by("sequence").values(*HASHED, "hash")
    lines: Iterable[dict[str, Any]] = rows.iterator(chunk_size=ROWS_AT_A_TIME)
    return lines


def _problem_of(line: dict[str, Any], last: Checkpoint, known: Mapping[int, str]) -> str:
    """What is wrong with `line`, which should follow `last`; empty where nothing is."""
    number = line["sequence"]
    if number != last.sequence + 1:
        return f"line {last.sequence + 1} is missing: line {number} follows line {last.sequence}"
    if line["previous_hash"] != last.hash:
        return f"line {number} does not carry the hash of the line before it"
    if line["hash"] != sha256_of({name: line[name] for name in HASHED}):
        return f"line {number} is not as it was written"
    if known.get(number, line["hash"]) != line["hash"]:
        return f"line {number} is not the one that the checkpoint knows: the chain was written anew"
    return ""
