"""People as a source: what they report has a row of its own, which is never polled, and corrections remember.

Schema and row go together: the row is what the constraint is about, and neither touches a table of any size.
"""

from datetime import timedelta

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# A person's word that nobody has repeated is stale after two of these.
INTERVAL = timedelta(days=30)


def add_people(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    Source = apps.get_model("registry", "Source")
    fields = {"name": "Reports by people", "method": "reported", "interval": INTERVAL, "is_enabled": False}
    Source.objects.get_or_create(slug="people", defaults=fields)


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_sweeps")]

    operations = [
        migrations.AddField(
            model_name="correction",
            name="replaced",
            field=models.JSONField(
                blank=True,
                help_text="What counted before: it counts again afterwards if no source says otherwise.",
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("method", "reported"), _negated=True), ("is_enabled", False), _connector="OR"
                ),
                name="what_people_report_is_not_polled",
                violation_error_message="People report by themselves: there is nothing to poll.",
            ),
        ),
        # Going back leaves the row: what people said hangs on it.
        migrations.RunPython(add_people, migrations.RunPython.noop),
    ]
