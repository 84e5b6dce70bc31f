"""Permits, what they rest on, and drills: the database refuses what would make them last longer or say something else."""

from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection

from governance.models import Adoption, Approval, Basis, Waiver
from registry.models import Drill
from tests import admin_rows as row
from tests import factories as f
from tests.factories import NOW
from tests.governance.guards import drop_guard, guard_names, sql

pytestmark = pytest.mark.django_db

LATER = date(2199, 1, 1)


def adoption() -> Adoption:
    return row.adoption(1)


def approval() -> Approval:
    return row.approval(1)


def waiver() -> Waiver:
    return row.waiver(1)


def basis() -> Basis:
    return Basis.objects.create(approval=row.approval(1), fact="license", value="MIT")


def drill() -> Drill:
    return row.drill(1)


def ended(permit: Adoption | Approval) -> Adoption | Approval:
    permit.ended_at, permit.end_reason = NOW, "its license was MIT and is gone"
    permit.save()
    return permit


# The guard, a row, what is set and to what.
UPDATES: list[tuple[str, Callable[[], Any], str, Any]] = [
    ("adoption_only_ends", adoption, "expires_on", LATER),
    ("adoption_only_ends", adoption, "granted_at", NOW - timedelta(days=9)),
    ("adoption_only_ends", adoption, "purpose", "chat-with-everybody"),
    ("adoption_only_ends", adoption, "distribution", "shipped"),
    ("adoption_only_ends", lambda: ended(adoption()), "ended_at", None),
    ("approval_only_ends", approval, "expires_on", LATER),
    ("approval_only_ends", approval, "granted_at", NOW - timedelta(days=9)),
    ("approval_only_ends", lambda: ended(approval()), "ended_at", None),
    ("approval_only_ends", lambda: ended(approval()), "end_reason", "replaced"),
    ("basis_is_final", basis, "value", '"Apache-2.0"'),
    ("basis_is_final", basis, "fact", "gating"),
    ("drill_is_final", drill, "outcome", "failed"),
    ("drill_is_final", drill, "expires_on", LATER),
    ("drill_is_final", drill, "answered_by", "acme/other"),
]


@pytest.mark.parametrize(("guard", "make", "column", "value"), UPDATES)
def test_it_is_not_edited_and_without_the_guard_it_is(
    guard: str, make: Callable[[], Any], column: str, value: Any
) -> None:
    table = make()._meta.db_table
    statement = f"UPDATE {table} SET {column} = %s"
    with pytest.raises(IntegrityError, match=r"only ends|never changed"):
        sql(statement, value)
    drop_guard(guard, table)
    assert sql(statement, value) == 1


def test_an_approval_is_not_moved_to_another_alternative() -> None:
    one, other = approval(), f.plan(f.dependency(), f.offering()).alternatives.get()
    for column in ("alternative_id", "plan_revision_id", "dependency_id"):
        value = {"alternative_id": other.pk, "plan_revision_id": other.plan_revision_id}.get(column, other.pk + 1000)
        with pytest.raises(IntegrityError, match="only ends"):
            sql(f"UPDATE governance_approval SET {column} = %s WHERE id = %s", value, one.pk)


@pytest.mark.parametrize("make", [adoption, approval])
def test_it_may_end_and_end_sooner(make: Callable[[], Any]) -> None:
    permit = make()
    table = permit._meta.db_table
    assert sql(f"UPDATE {table} SET expires_on = %s", permit.expires_on - timedelta(days=1)) == 1
    assert sql(f"UPDATE {table} SET ended_at = %s, end_reason = 'x'", NOW) == 1


REMOVALS: list[tuple[str, Callable[[], Any]]] = [
    ("adoption_stays", adoption),
    ("approval_stays", approval),
    ("waiver_stays", waiver),
    ("basis_stays", basis),
    ("drill_stays", drill),
    ("proposal_stays", row.proposal),
]


@pytest.mark.parametrize(("guard", "make"), REMOVALS)
def test_it_is_not_removed_and_without_the_guard_it_is(guard: str, make: Callable[[], Any]) -> None:
    made = make()
    table = made._meta.db_table
    with pytest.raises(IntegrityError, match="never removed"):
        sql(f"DELETE FROM {table} WHERE id = %s", made.pk)
    drop_guard(guard, table)
    assert sql(f"DELETE FROM {table} WHERE id = %s", made.pk) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", import_module("governance.migrations.0020_permit_guards").STAY)
def test_they_are_not_emptied(table: str) -> None:
    with pytest.raises(IntegrityError, match="never removed"):
        sql(f"TRUNCATE {table} CASCADE")


MIGRATIONS = ("0003_guards", "0008_permits_are_decided", "0015_who_submitted", "0020_permit_guards")


@pytest.mark.parametrize("migration", MIGRATIONS)
def test_the_guards_of_each_migration_stand_after_all(migration: str) -> None:
    """A migration that rebuilds a table on SQLite drops its triggers without a word."""
    guards = import_module(f"governance.migrations.{migration}").GUARDS
    here = {guard.name for guard in guards if guard.event != "TRUNCATE" or connection.vendor != "sqlite"}
    assert here
    assert here <= guard_names()
