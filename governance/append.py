"""Write the next line of the audit chain, one writer at a time.

The next writer waits until this one's transaction has ended, so what counts is how often the database and we speak
while the lock is held: on PostgreSQL once, and then the commit. There the database itself reads the last line and
hashes; what is hashed is the canonical JSON of `governance.canonical`, with the two values that only the database
knows by then put in between.
"""

from typing import Any
from zlib import crc32

from django.db import connection

from governance.canonical import JSON, canonical, plain, sha256_of
from governance.models import AuditEntry
from registry.locks import serialise

START = "0" * 64  # what the first line names as the hash before it

Line = dict[str, Any]

# Two statements in one message: the second sees what was committed while the first waited for the lock.
_LOCK_AND_INSERT = """
    SELECT pg_advisory_xact_lock(%s);
    INSERT INTO governance_auditentry
        (sequence, previous_hash, hash, at, actor_id, tag, subject, before, after, request_id)
    SELECT last.sequence + 1, last.hash,
        encode(sha256(convert_to(%s || last.hash || %s || (last.sequence + 1) || %s, 'UTF8')), 'hex'),
        %s::timestamptz, %s::bigint, %s, %s, %s::jsonb, %s::jsonb, %s
    FROM (
        (SELECT sequence, hash FROM governance_auditentry ORDER BY sequence DESC LIMIT 1)
        UNION ALL SELECT 0, %s ORDER BY 1 DESC LIMIT 1
    ) AS last
    RETURNING id, sequence, previous_hash, hash
"""
_STORED = ("at", "actor_id", "tag", "subject", "before", "after", "request_id")


def append(line: Line) -> AuditEntry:
    """`line` as the end of the chain, numbered and hashed; RuntimeError outside a transaction.

    `line` has the columns of `_STORED`, those in JSON as `governance.canonical.plain` gives them.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A line of audit stands in the transaction of the act it tells of: there is none.")
    return _append_in_one_message(line) if connection.vendor == "postgresql" else _append(line)


def _append(line: Line) -> AuditEntry:
    serialise("audit")
    last = AuditEntry.objects.order_by("-sequence").values_list("sequence", "hash").first() or (0, START)
    numbered = line | {"sequence": last[0] + 1, "previous_hash": last[1]}
    return AuditEntry.objects.create(**numbered, hash=sha256_of(numbered))


def _append_in_one_message(line: Line) -> AuditEntry:
    stored = [_as_json(line[name]) if name in {"before", "after"} else line[name] for name in _STORED]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_AND_INSERT, [crc32(b"audit"), *pieces(line), *stored, START])
        cursor.nextset()
        pk, sequence, previous_hash, line_hash = cursor.fetchone()
    entry = AuditEntry(pk=pk, sequence=sequence, previous_hash=previous_hash, hash=line_hash, **line)
    entry._state.adding, entry._state.db = False, connection.alias  # noqa: SLF001 - as Django leaves a saved row
    return entry


def _as_json(value: JSON) -> str | None:
    """For a column that is NULL, and not the JSON null, where there is nothing."""
    return None if value is None else canonical(value).decode()


def pieces(line: Line) -> tuple[str, str, str]:
    """The canonical JSON of `line` in three parts: between them belong the hash before it, and its number."""
    head = canonical(plain({name: line[name] for name in ("actor_id", "after", "at", "before")})).decode()
    tail = canonical(plain({name: line[name] for name in ("subject", "tag")})).decode()
    request_id = canonical(plain(line["request_id"])).decode()
    return f'{head[:-1]},"previous_hash":"', f'","request_id":{request_id},"sequence":', f",{tail[1:]}"
