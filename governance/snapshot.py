"""A row as the audit chain keeps it: each of its own columns, and the rows that it carries along."""

from typing import Any

from django.db.models import Model

from governance.canonical import JSON, plain

# What is secret, and what only copies another column.
_LEFT_OUT = frozenset({"password"})


def snapshot(row: Model, *carried: str) -> dict[str, JSON]:
    """The columns of `row` by name, other rows by their key; for each name in `carried` the list of those rows.

    Values are as the database gives them back, so that a row just made says the same as one that is read.
    """
    said = {
        field.name: plain(field.to_python(getattr(row, field.attname)))
        for field in row._meta.concrete_fields
        if field.name not in _LEFT_OUT and not field.primary_key
    }
    return said | {name: [snapshot(one) for one in getattr(row, name).order_by("pk")] for name in carried}


def difference(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the two do not share, of each: a line tells what changed and not the whole row again."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}
