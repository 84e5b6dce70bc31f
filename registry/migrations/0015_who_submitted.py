"""Who submitted a plan is kept beside who drafted it; what a dependency is stays what it was, whatever program writes;
and the policy says when the breaker of a source trips, at a twentieth or less.

Approvals, waivers and drills were given for one use: one system, one offering, one purpose, one environment.
"""

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_COLUMNS = ("system_id", "offering_id", "purpose", "environment_id")
_MESSAGE = "a dependency stays what it is: declare another and end this one"
_SQLITE = f"""
CREATE TRIGGER dependency_stays_what_it_is BEFORE UPDATE ON registry_dependency
WHEN {" OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in _COLUMNS)}
BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END
"""
_POSTGRESQL = f"""
CREATE FUNCTION dependency_stays_what_it_is() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER dependency_stays_what_it_is BEFORE UPDATE ON registry_dependency FOR EACH ROW
WHEN ({" OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _COLUMNS)})
EXECUTE FUNCTION dependency_stays_what_it_is()
"""


def guard(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute({"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[schema_editor.connection.vendor], None)


def unguard(_apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER dependency_stays_what_it_is", None)
    else:
        schema_editor.execute("DROP FUNCTION dependency_stays_what_it_is() CASCADE", None)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0013_observation_by_task"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="planrevision",
            name="submitted_by",
            field=models.ForeignKey(
                blank=True,
                help_text="Who made it the revision that counts; empty for those of before this was kept.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(guard, unguard),
        migrations.AddField(
            model_name="source",
            name="breaker_share",
            field=models.FloatField(
                db_default=0.05,
                default=0.05,
                editable=False,
                help_text="More than this share of it gone at once waits for a person. The policy in force sets it.",
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(("breaker_share__gt", 0), ("breaker_share__lte", 0.05)),
                name="breaker_trips_at_a_twentieth_or_less",
            ),
        ),
    ]
