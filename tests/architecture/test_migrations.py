"""The previous release's code runs on the new schema: it knows nothing of a new column, and still writes rows."""

from collections.abc import Iterator
from typing import Any

from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations import AddField, CreateModel
from django.db.models import NOT_PROVIDED, Field

OURS = {"registry", "governance"}
# Released without a default before anybody ran two releases side by side.
OLD = {
    ("registry", "0005_sweeps", "listing.absences"),
    ("registry", "0005_sweeps", "pollrun.left_count"),
    ("registry", "0005_sweeps", "pollrun.log"),
    ("registry", "0005_sweeps", "pollrun.request_count"),
    ("registry", "0005_sweeps", "pollrun.section_count"),
}


def columns_that_old_code_cannot_fill() -> Iterator[tuple[str, str, str]]:
    # A first migration makes tables and then ties them to each other.
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in OURS and not migration.initial and name != "0002_initial":
            yield from ((app, name, column) for column in _of(migration))


def _of(migration: Migration) -> Iterator[str]:
    new = {one.name_lower for one in migration.operations if isinstance(one, CreateModel)}
    for one in migration.operations:
        if isinstance(one, AddField) and one.model_name_lower not in new and _has_to_be_filled(one.field):
            yield f"{one.model_name_lower}.{one.name}"


def _has_to_be_filled(field: "Field[Any, Any]") -> bool:
    return not field.null and not field.many_to_many and field.db_default is NOT_PROVIDED


def test_a_new_column_of_an_old_table_fills_itself() -> None:
    assert set(columns_that_old_code_cannot_fill()) == OLD
