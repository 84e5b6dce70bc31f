"""What the database itself refuses, whatever program writes to it.

* A decision names its proposal's proposer (a CHECK then refuses proposer = decider) and is never changed or removed.
* A proposal keeps its proposer and everything it is about; once closed it stays closed; it becomes approved only
  where somebody's approving decision exists.
* The audit chain takes new rows and nothing else. Checks, findings and policy versions are never changed.

One door is left for the test runner, which empties all tables between tests: rows may be *removed* (never changed)
while `governance_flush_permit` has a row on SQLite, or in a PostgreSQL session after `SET understudy.allow_flush =
'on'`. Who can open it could drop the triggers too; the audit chain and its checkpoints are what shows that.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

PINNED = (
    "kind",
    "proposer_id",
    "reason",
    "offering_id",
    "purpose",
    "distribution",
    "revision",
    "dependency_id",
    "plan_revision_id",
    "alternative_id",
    "system_id",
    "rule",
    "until",
    "compensating_measure",
    "state_digest",
)
WORDS = {
    "sqlite": {"differs": "IS NOT", "flushing": "EXISTS (SELECT 1 FROM governance_flush_permit)"},
    "postgresql": {
        "differs": "IS DISTINCT FROM",
        "flushing": "COALESCE(current_setting('understudy.allow_flush', true), '') = 'on'",
    },
}
NOT_FLUSHING = "NOT ({flushing})"


@dataclass(frozen=True, slots=True)
class Guard:
    """`event` on `table` fails with `message` where `condition` holds for the row.

    `{differs}` compares and takes NULL for a value; `{flushing}` says that the test runner is at work.
    """

    name: str
    table: str
    event: str
    message: str
    condition: str = "1 = 1"


GUARDS = (
    Guard(
        "decision_names_its_proposer",
        "governance_decision",
        "INSERT",
        "a decision names the proposer of its proposal",
        "NEW.proposer_id {differs} (SELECT proposer_id FROM governance_proposal WHERE id = NEW.proposal_id)",
    ),
    Guard("decision_is_final", "governance_decision", "UPDATE", "a decision is never changed"),
    Guard("decision_stays", "governance_decision", "DELETE", "a decision is never removed", NOT_FLUSHING),
    Guard(
        "proposal_is_pinned",
        "governance_proposal",
        "UPDATE",
        "what a proposal is about, and who made it, is never changed",
        " OR ".join(f"NEW.{column} {{differs}} OLD.{column}" for column in PINNED),
    ),
    Guard(
        "proposal_stays_closed",
        "governance_proposal",
        "UPDATE",
        "a closed proposal stays as it was closed",
        "OLD.state <> 'submitted' AND NEW.state <> OLD.state",
    ),
    Guard(
        "proposal_is_approved_by_somebody",
        "governance_proposal",
        "UPDATE",
        "a proposal becomes approved by a decision",
        "NEW.state = 'approved' AND OLD.state <> 'approved' AND NOT EXISTS ("
        "SELECT 1 FROM governance_decision WHERE proposal_id = NEW.id AND verdict = 'approve')",
    ),
    Guard("audit_is_final", "governance_auditentry", "UPDATE", "the audit chain is never changed"),
    Guard("audit_stays", "governance_auditentry", "DELETE", "the audit chain is never shortened", NOT_FLUSHING),
    Guard("policy_is_final", "governance_policy", "UPDATE", "a policy version is never changed: make the next"),
    Guard("check_is_final", "governance_check", "UPDATE", "the answer to a check is never changed"),
    Guard("finding_is_final", "governance_finding", "UPDATE", "a finding is never changed"),
    # SQLite has no TRUNCATE; on PostgreSQL no row trigger hears of it.
    Guard(
        "audit_is_not_emptied", "governance_auditentry", "TRUNCATE", "the audit chain is never emptied", NOT_FLUSHING
    ),
    Guard("decisions_are_not_emptied", "governance_decision", "TRUNCATE", "decisions are never emptied", NOT_FLUSHING),
)


def create(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    if vendor == "sqlite":
        schema_editor.execute(
            "CREATE TABLE governance_flush_permit (allowed integer PRIMARY KEY CHECK (allowed = 1))", None
        )
    for guard in GUARDS:
        for statement in {"sqlite": sqlite, "postgresql": postgresql}[vendor](guard):
            schema_editor.execute(statement, None)


def condition(guard: Guard, vendor: str) -> str:
    return guard.condition.format(**WORDS[vendor])


def sqlite(guard: Guard) -> Iterator[str]:
    if guard.event != "TRUNCATE":
        yield (
            f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} WHEN {condition(guard, 'sqlite')} "
            f"BEGIN SELECT RAISE(ABORT, '{guard.message}'); END"
        )


def postgresql(guard: Guard) -> Iterator[str]:
    result = {"DELETE": "OLD", "TRUNCATE": "NULL"}.get(guard.event, "NEW")
    scope = "STATEMENT" if guard.event == "TRUNCATE" else "ROW"
    # A WHEN clause may not look into other tables there, so each guard is a function of its own.
    yield f"""
        CREATE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {condition(guard, "postgresql")} THEN
                RAISE EXCEPTION '{guard.message}' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN {result};
        END $$
    """
    yield (
        f"CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table} "
        f"FOR EACH {scope} EXECUTE FUNCTION {guard.name}()"
    )


def drop(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        for guard in GUARDS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {guard.name}", None)
        schema_editor.execute("DROP TABLE governance_flush_permit", None)
        return
    for guard in GUARDS:
        schema_editor.execute(f"DROP FUNCTION {guard.name}() CASCADE", None)


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_initial")]
    operations = [migrations.RunPython(create, drop)]
