"""The four roles, as groups that people are put into."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ROLES = ("viewer", "owner", "reviewer", "admin")


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    group = apps.get_model("auth", "Group")
    for role in ROLES:
        group.objects.using(schema_editor.connection.alias).get_or_create(name=role)


class Migration(migrations.Migration):
    dependencies = [("governance", "0003_guards"), ("auth", "0012_alter_user_first_name_max_length")]
    # The way back keeps the groups: people are in them.
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
