"""The fifth role, and waivers that an earlier policy let run longer than ninety days: the next step forbids that."""

from datetime import timedelta

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

LONGEST = timedelta(days=90)


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    apps.get_model("auth", "Group").objects.using(alias).get_or_create(name="legal")
    for waiver in apps.get_model("governance", "Waiver").objects.using(alias).all():
        last = waiver.granted_at.date() + LONGEST
        if waiver.expires_on > last:
            waiver.expires_on = last
            waiver.save(update_fields=["expires_on"])


class Migration(migrations.Migration):
    dependencies = [("governance", "0005_incidents"), ("auth", "0012_alter_user_first_name_max_length")]
    # The way back keeps the group: people are in it.
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
