"""Three feeds that fill the gaps of the vendors' own answers."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SOURCES = {
    "models_dev": {"name": "models.dev", "method": "curated_feed"},
    # Scraped without anybody looking at it: its dates flip, and it has taken living models for deprecated ones.
    "deprecations_info": {"name": "deprecations.info", "method": "inferred"},
    "model_deprecations": {"name": "modeldeprecations.dev", "method": "curated_feed"},
}


def add_sources(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    Source = apps.get_model("registry", "Source")
    for slug, fields in SOURCES.items():
        Source.objects.get_or_create(slug=slug, defaults=fields)


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_provider_sources")]

    # Going back leaves the rows: what they said hangs on them.
    operations = [migrations.RunPython(add_sources, migrations.RunPython.noop)]
