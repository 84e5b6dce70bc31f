"""What the database itself refuses about permits, what they rest on, and drills; the guards of `0003_guards`, some more.

* An adoption and an approval only end: neither is made longer, nor about something else, and ended they stay ended.
* A fact that a decision rests on, and a drill, are never changed. None of these, and no proposal, is ever removed.
* On SQLite, INSERT OR REPLACE removes the row in its way and asks the guards of removal only where a connection sets
  `recursive_triggers`. So nothing takes the place of a row that stays, whatever a foreign connection sets.

A later migration that rebuilds one of these tables on SQLite drops its triggers and has to create them again.
"""

from importlib import import_module
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_first: Any = import_module("governance.migrations.0003_guards")
Guard = _first.Guard
ABOUT = {
    "adoption": ("granted_at", "proposal_id", "offering_id", "purpose", "distribution"),
    "approval": ("granted_at", "proposal_id", "dependency_id", "plan_revision_id", "alternative_id"),
}
STAY = {
    "governance_adoption": "an adoption is ended, and never removed",
    "governance_approval": "an approval is ended, and never removed",
    "governance_waiver": "a waiver is ended, and never removed",
    "governance_basis": "what a decision rests on is never removed",
    "registry_drill": "a drill is never removed",
}
# By table, what a row would take the place of.
_ID = "id = NEW.id"
_OF_THE_PROPOSAL = f"{_ID} OR proposal_id = NEW.proposal_id"
TAKEN = {
    "governance_auditentry": f"{_ID} OR sequence = NEW.sequence OR hash = NEW.hash",
    "governance_decision": f"{_ID} OR (proposal_id = NEW.proposal_id AND round = NEW.round"
    " AND state_digest = NEW.state_digest AND (decider_id = NEW.decider_id OR acting_for_id = NEW.acting_for_id))",
    "governance_proposal": _ID,
    "governance_delegation": _ID,
    "governance_policy": f"{_ID} OR version = NEW.version",
    "governance_breakglass": _ID,
    "governance_check": _ID,
    "governance_finding": f"{_ID} OR (check_run_id = NEW.check_run_id AND position = NEW.position)",
    "governance_adoption": f"{_OF_THE_PROPOSAL} OR (offering_id = NEW.offering_id AND purpose = NEW.purpose"
    " AND distribution = NEW.distribution AND ended_at IS NULL AND NEW.ended_at IS NULL)",
    "governance_approval": f"{_OF_THE_PROPOSAL} OR (dependency_id = NEW.dependency_id"
    " AND plan_revision_id = NEW.plan_revision_id AND alternative_id = NEW.alternative_id"
    " AND ended_at IS NULL AND NEW.ended_at IS NULL)",
    "governance_waiver": _OF_THE_PROPOSAL,
    "governance_basis": f"{_ID} OR (fact = NEW.fact"
    " AND (adoption_id = NEW.adoption_id OR approval_id = NEW.approval_id))",
    "registry_drill": f"{_ID} OR (alternative_id = NEW.alternative_id AND idempotency_key = NEW.idempotency_key"
    " AND idempotency_key <> '')",
}


def _only_ends(permit: str, columns: tuple[str, ...]) -> Any:
    return Guard(
        f"{permit}_only_ends",
        f"governance_{permit}",
        "UPDATE",
        f"an {permit} only ends: for longer, or for something else, propose another",
        "NEW.expires_on > OLD.expires_on OR "
        + " OR ".join(f"NEW.{column} {{differs}} OLD.{column}" for column in columns)
        + " OR (OLD.ended_at IS NOT NULL"
        " AND (NEW.ended_at {differs} OLD.ended_at OR NEW.end_reason {differs} OLD.end_reason))",
    )


def _bare(table: str) -> str:
    return table.partition("_")[2]


GUARDS = (
    *(_only_ends(permit, columns) for permit, columns in ABOUT.items()),
    Guard("basis_is_final", "governance_basis", "UPDATE", "what a decision rests on is never changed"),
    Guard("drill_is_final", "registry_drill", "UPDATE", "a drill is never changed: report another"),
    Guard("proposal_stays", "governance_proposal", "DELETE", "a proposal is never removed", _first.NOT_FLUSHING),
    *(Guard(f"{_bare(table)}_stays", table, "DELETE", said, _first.NOT_FLUSHING) for table, said in STAY.items()),
    *(
        Guard(f"{_bare(table)}_is_not_emptied", table, "TRUNCATE", said, _first.NOT_FLUSHING)
        for table, said in STAY.items()
    ),
)
ONLY_ON_SQLITE = tuple(
    Guard(
        f"{_bare(table)}_is_not_replaced",
        table,
        "INSERT",
        "a row that stays is never replaced",
        f"EXISTS (SELECT 1 FROM {table} WHERE {taken})",  # noqa: S608 - all of it stands above
    )
    for table, taken in TAKEN.items()
)


def create(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    statements = _first.sqlite if is_sqlite else _first.postgresql
    for guard in (*GUARDS, *(ONLY_ON_SQLITE if is_sqlite else ())):
        for statement in statements(guard):
            schema_editor.execute(statement, None)


def drop(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for guard in (*GUARDS, *ONLY_ON_SQLITE):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {guard.name}", None)
        return
    for guard in GUARDS:
        schema_editor.execute(f"DROP FUNCTION {guard.name}() CASCADE", None)


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0019_concentration_by_team_and_system"),
        ("registry", "0016_bom"),
    ]
    operations = [migrations.RunPython(create, drop)]
