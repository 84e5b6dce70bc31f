"""Whoever submitted a plan decides on it as little as who drafted it, whatever program writes."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_first = import_module("governance.migrations.0003_guards")

GUARDS = (
    _first.Guard(
        "proposal_submitter_is_pinned",
        "governance_proposal",
        "UPDATE",
        "what a proposal is about, and who made it, is never changed",
        "NEW.plan_submitter_id {differs} OLD.plan_submitter_id",
    ),
    _first.Guard(
        "decision_never_by_the_submitter",
        "governance_decision",
        "INSERT",
        "nobody decides on a plan that they submitted",
        "(SELECT plan_submitter_id FROM governance_proposal WHERE id = NEW.proposal_id)"
        " IN (NEW.decider_id, NEW.acting_for_id)",
    ),
)


def guard(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    statements = {"sqlite": _first.sqlite, "postgresql": _first.postgresql}[schema_editor.connection.vendor]
    for one in GUARDS:
        for statement in statements(one):
            schema_editor.execute(statement, None)


def unguard(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for one in GUARDS:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {one.name}", None)
        else:
            schema_editor.execute(f"DROP FUNCTION {one.name}() CASCADE", None)


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0014_checks"),
        ("registry", "0015_who_submitted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="proposal",
            name="plan_submitter",
            field=models.ForeignKey(
                blank=True,
                help_text="Who submitted that revision, which another person may have drafted: they do not decide on it"
                " either.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(guard, unguard),
    ]
