"""SQLite's own way to write over a row: it deletes, and asks the triggers that refuse that only where it is told to.

A foreign connection does not tell it to, so a guard of insertion refuses the same once more.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection

from governance import audit
from governance.models import AuditEntry, Decision
from tests import admin_rows as row
from tests import factories as make
from tests.governance.guards import drop_guard, sql

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no REPLACE"),
]

TABLES = import_module("governance.migrations.0020_permit_guards").TAKEN
THE_SAME = "REPLACE INTO {table} SELECT * FROM {table}"


def line() -> AuditEntry:
    return audit.record("test:user:changed", make.user(), actor=None, after={"n": 1})


def decision() -> Decision:
    return row.decided(row.proposal()).decisions.get()


@pytest.fixture
def foreign() -> Iterator[None]:
    """As a connection that is not ours has it."""
    sql("PRAGMA recursive_triggers=OFF")
    yield
    sql("PRAGMA recursive_triggers=ON")


def test_a_row_that_stays_is_not_replaced() -> None:
    line()
    drop_guard("auditentry_is_not_replaced", "governance_auditentry")
    with pytest.raises(IntegrityError, match="never shortened"):
        sql(THE_SAME.format(table="governance_auditentry"))


MADE: dict[str, Callable[[], Any]] = {
    "governance_auditentry": line,
    "governance_decision": decision,
    "governance_proposal": row.proposal,
    "governance_delegation": lambda: row.delegation(1),
    "governance_policy": lambda: row.policy(1),
    "governance_breakglass": lambda: row.break_glass(1),
    "governance_check": lambda: row.check(1),
    "governance_adoption": lambda: row.adoption(1),
    "governance_approval": lambda: row.approval(1),
    "governance_waiver": lambda: row.waiver(1),
    "registry_drill": lambda: row.drill(1),
}


@pytest.mark.usefixtures("foreign")
@pytest.mark.parametrize("table", MADE)
def test_a_foreign_connection_does_not_replace_it_either_and_without_the_guard_it_does(table: str) -> None:
    one = MADE[table]()
    assert one._meta.db_table == table
    with pytest.raises(IntegrityError, match="a row that stays is never replaced"):
        sql(THE_SAME.format(table=table))
    drop_guard(f"{table.partition('_')[2]}_is_not_replaced", table)
    assert sql(THE_SAME.format(table=table)) == 1


@pytest.mark.usefixtures("foreign")
def test_no_line_takes_the_place_of_another_by_its_number_in_the_chain() -> None:
    one = line()
    columns = [field.column for field in AuditEntry._meta.concrete_fields if field.column not in ("id", "hash")]
    listed = ", ".join(columns)
    forged = f"REPLACE INTO governance_auditentry (hash, {listed}) SELECT 'f', {listed} FROM governance_auditentry"
    with pytest.raises(IntegrityError, match="a row that stays is never replaced"):
        sql(forged)
    assert AuditEntry.objects.get().pk == one.pk


def test_every_table_with_such_a_guard_is_tried() -> None:
    assert set(TABLES) - set(MADE) == {"governance_finding", "governance_basis"}
