"""One writer at a time for work that must not interleave."""

from zlib import crc32

from django.db import connection


def serialise(name: str) -> None:
    """Hold the lock `name` until the surrounding transaction ends.

    PostgreSQL takes an advisory lock. SQLite needs none: in IMMEDIATE mode every transaction is alone already.
    """
    if not connection.in_atomic_block:
        msg = f"The lock {name!r} needs a transaction"
        raise RuntimeError(msg)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [crc32(name.encode())])
