"""What the database itself refuses about policies and break-glass; the guards of `0003_guards`, some more.

* What a proposal asks of the policy is pinned like everything else it is about.
* A policy that names a proposal has that proposal's text, and somebody has approved it. That a loosening one names a
  proposal is a CHECK.
* A break-glass keeps what was opened, why, by whom and until when; closed it stays closed, reviewed it stays reviewed.
"""

from importlib import import_module
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_first: Any = import_module("governance.migrations.0003_guards")
_rounds: Any = import_module("governance.migrations._decision_guards")
Guard = _first.Guard
OPENED = ("system_id", "environment_id", "reason", "opened_by_id", "opened_at", "ends_at")
CLOSED = ("closed_at", "closed_by_id")
REVIEWED = ("reviewed_at", "reviewed_by_id", "verdict", "review")


def differing(columns: tuple[str, ...]) -> str:
    return " OR ".join(f"NEW.{column} {{differs}} OLD.{column}" for column in columns)


PINNED = Guard(
    "proposal_is_pinned",
    "governance_proposal",
    "UPDATE",
    "what a proposal is about, and who made it, is never changed",
    differing((*_rounds.PINNED, "policy_text", "in_force_from")),
)
NEW = (
    Guard(
        "policy_is_as_it_was_approved",
        "governance_policy",
        "INSERT",
        "a policy that loosens is one that another person approved",
        "NEW.proposal_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM governance_proposal WHERE id = NEW.proposal_id "
        "AND kind = 'change_policy' AND state = 'approved' AND policy_text = NEW.text "
        "AND proposer_id = NEW.author_id)",
    ),
    Guard("policy_stays", "governance_policy", "DELETE", "a policy version is never removed", _first.NOT_FLUSHING),
    Guard(
        "break_glass_is_pinned",
        "governance_breakglass",
        "UPDATE",
        "what was opened, why, by whom and until when is never changed",
        differing(OPENED),
    ),
    Guard(
        "break_glass_stays_closed",
        "governance_breakglass",
        "UPDATE",
        "break-glass that was closed stays as it was closed",
        f"OLD.closed_at IS NOT NULL AND ({differing(CLOSED)})",
    ),
    Guard(
        "break_glass_review_is_final",
        "governance_breakglass",
        "UPDATE",
        "a review is never changed",
        f"OLD.reviewed_at IS NOT NULL AND ({differing(REVIEWED)})",
    ),
    Guard("break_glass_stays", "governance_breakglass", "DELETE", "break-glass is never removed", _first.NOT_FLUSHING),
)


def create(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _drop(PINNED, schema_editor)
    for guard in (PINNED, *NEW):
        _create(guard, schema_editor)


def undo(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for guard in (PINNED, *NEW):
        _drop(guard, schema_editor)
    _create(next(guard for guard in _rounds.GUARDS if guard.name == PINNED.name), schema_editor)


def _create(guard: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    statements = {"sqlite": _first.sqlite, "postgresql": _first.postgresql}[schema_editor.connection.vendor]
    for statement in statements(guard):
        schema_editor.execute(statement, None)


def _drop(guard: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    schema_editor.execute(f"DROP TRIGGER {guard.name}" if is_sqlite else f"DROP FUNCTION {guard.name}() CASCADE", None)


class Migration(migrations.Migration):
    dependencies = [("governance", "0009_policies")]
    operations = [migrations.RunPython(create, undo)]
