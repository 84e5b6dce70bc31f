"""Raw SQL past Django, and switching a guard off for a negative control. Works on SQLite and PostgreSQL."""

from typing import Any

from django.db import connection, transaction


def sql(statement: str, *values: Any) -> int:
    """Run one statement in a savepoint of its own; the number of rows it touched."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def drop_guard(name: str, table: str) -> None:
    """Remove a trigger for the rest of the test, which rolls it back."""
    if connection.vendor == "postgresql":
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql(f"DROP TRIGGER {name} ON {table}")
    else:
        sql(f"DROP TRIGGER {name}")


def guard_names() -> set[str]:
    """The triggers that exist in this database, foreign keys' own left out."""
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {name for (name,) in cursor.fetchall()}
