"""What a decision leaves stands on that decision, and a waiver is never made longer, whatever program writes.

And what is said of a proposal has one of three shapes; a milestone is told once.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_first = import_module("governance.migrations.0003_guards")

_DECIDED = (
    "NOT EXISTS (SELECT 1 FROM governance_proposal p"
    " JOIN governance_decision d ON d.proposal_id = p.id AND d.round = p.round AND d.verdict = 'approve'"
    " WHERE p.id = NEW.proposal_id AND p.state = 'approved' AND p.kind = '{kind}'{more})"
)
_MESSAGE = "what a decision leaves stands on an approving decision"
GUARDS = (
    _first.Guard(
        "adoption_is_decided",
        "governance_adoption",
        "INSERT",
        _MESSAGE,
        _DECIDED.format(kind="adopt_model", more=" AND p.offering_id = NEW.offering_id"),
    ),
    _first.Guard(
        "approval_is_decided",
        "governance_approval",
        "INSERT",
        _MESSAGE,
        _DECIDED.format(kind="approve_alternative", more=" AND p.alternative_id = NEW.alternative_id"),
    ),
    _first.Guard(
        "waiver_is_decided",
        "governance_waiver",
        "INSERT",
        _MESSAGE,
        _DECIDED.format(kind="waive_rule", more=" AND p.rule = NEW.rule AND p.until >= NEW.expires_on"),
    ),
    _first.Guard(
        "waiver_is_never_longer",
        "governance_waiver",
        "UPDATE",
        "a waiver is never made longer or wider: propose another",
        "NEW.expires_on > OLD.expires_on OR "
        + " OR ".join(
            f"NEW.{column} {{differs}} OLD.{column}"
            for column in ("granted_at", "proposal_id", "rule", "dependency_id", "system_id")
        )
        + " OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS NULL)",
    ),
)


def create(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    for guard in GUARDS:
        for statement in {"sqlite": _first.sqlite, "postgresql": _first.postgresql}[vendor](guard):
            schema_editor.execute(statement, None)


def drop(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for guard in GUARDS:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {guard.name}", None)
        else:
            schema_editor.execute(f"DROP FUNCTION {guard.name}() CASCADE", None)


class Migration(migrations.Migration):
    dependencies = [("governance", "0007_proposal_rounds")]
    operations = [
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answers", None), ("asked_of", None), ("kind", "comment")),
                    models.Q(("answers", None), ("asked_of__isnull", False), ("kind", "question")),
                    models.Q(("answers__isnull", False), ("asked_of", None), ("kind", "answer")),
                    _connector="OR",
                ),
                name="a_question_asks_somebody_and_an_answer_answers",
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("link", ""), ("link__startswith", "http://"), ("link__startswith", "https://"), _connector="OR"
                ),
                name="comment_links_to_a_page",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(fields=("proposal", "milestone"), name="reminded_once_per_milestone"),
        ),
        migrations.RunPython(create, drop),
    ]
