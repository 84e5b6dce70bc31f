"""The guards of proposals, decisions and delegations, as the migrations after the first set them.

SQLite drops a table's triggers when Django rebuilds it, and refuses to rename a table that another table's trigger names.
So a migration that alters one of these tables begins with `drop` and ends with `create` of the newest guards.
"""

from importlib import import_module
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_first = import_module("governance.migrations.0003_guards")
Guard = _first.Guard

TABLES = ("governance_decision", "governance_proposal")
FORMER = tuple(guard for guard in _first.GUARDS if guard.table in TABLES)
TERMS = ("reason", "until", "compensating_measure", "state_digest")
PINNED = (*(column for column in _first.PINNED if column not in TERMS), "model_id", "plan_author_id")
REPLACED = ("proposal_is_pinned", "proposal_is_approved_by_somebody")
GUARDS = (
    *(guard for guard in FORMER if guard.name not in REPLACED),
    Guard(
        "proposal_is_pinned",
        "governance_proposal",
        "UPDATE",
        "what a proposal is about, and who made it, is never changed",
        " OR ".join(f"NEW.{column} {{differs}} OLD.{column}" for column in PINNED),
    ),
    Guard(
        "proposal_terms_need_a_round",
        "governance_proposal",
        "UPDATE",
        "what a proposal is about is edited in a new round",
        "NEW.round = OLD.round AND (" + " OR ".join(f"NEW.{name} {{differs}} OLD.{name}" for name in TERMS) + ")",
    ),
    Guard(
        "proposal_rounds_follow",
        "governance_proposal",
        "UPDATE",
        "a round follows the last, and only while the proposal is open",
        "NEW.round <> OLD.round AND"
        " (NEW.round <> OLD.round + 1 OR OLD.state <> 'submitted' OR NEW.state <> 'submitted')",
    ),
    Guard(
        "proposal_is_approved_by_somebody",
        "governance_proposal",
        "UPDATE",
        "a proposal becomes approved by a decision",
        "NEW.state = 'approved' AND OLD.state <> 'approved' AND NOT EXISTS ("
        "SELECT 1 FROM governance_decision WHERE proposal_id = NEW.id AND round = NEW.round AND verdict = 'approve')",
    ),
    Guard(
        "decision_is_of_this_round",
        "governance_decision",
        "INSERT",
        "a decision is on the present round of its proposal",
        "NEW.round {differs} (SELECT round FROM governance_proposal WHERE id = NEW.proposal_id)",
    ),
    Guard(
        "decision_never_by_the_author",
        "governance_decision",
        "INSERT",
        "nobody decides on a plan that they wrote",
        "(SELECT plan_author_id FROM governance_proposal WHERE id = NEW.proposal_id)"
        " IN (NEW.decider_id, NEW.acting_for_id)",
    ),
    Guard(
        "decision_stands_in_by_delegation",
        "governance_decision",
        "INSERT",
        "somebody stands in for another by a delegation",
        "NEW.acting_for_id IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM governance_delegation WHERE id = NEW.delegation_id AND ended_at IS NULL"
        " AND delegator_id = NEW.acting_for_id AND delegate_id = NEW.decider_id)",
    ),
    Guard(
        "decision_once_for_each_person",
        "governance_decision",
        "INSERT",
        "nobody decides twice, once themselves and once by somebody else",
        "EXISTS (SELECT 1 FROM governance_decision d WHERE d.proposal_id = NEW.proposal_id AND d.round = NEW.round"
        " AND d.state_digest = NEW.state_digest AND (d.decider_id = NEW.acting_for_id OR d.acting_for_id = NEW.decider_id))",
    ),
    Guard(
        "delegation_is_pinned",
        "governance_delegation",
        "UPDATE",
        "a delegation is taken back, and not changed",
        " OR ".join(
            f"NEW.{column} {{differs}} OLD.{column}"
            for column in ("delegator_id", "delegate_id", "starts_on", "until", "reason", "made_at")
        )
        + " OR OLD.ended_at IS NOT NULL",
    ),
)


def _create(guards: tuple[Any, ...], schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    for guard in guards:
        for statement in {"sqlite": _first.sqlite, "postgresql": _first.postgresql}[vendor](guard):
            schema_editor.execute(statement, None)


def _drop(guards: tuple[Any, ...], schema_editor: BaseDatabaseSchemaEditor) -> None:
    for guard in guards:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {guard.name}", None)
        else:
            schema_editor.execute(f"DROP FUNCTION {guard.name}() CASCADE", None)


def drop_former(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _drop(FORMER, schema_editor)


def create_former(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _create(FORMER, schema_editor)


def create(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _create(GUARDS, schema_editor)


def drop(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _drop(GUARDS, schema_editor)
