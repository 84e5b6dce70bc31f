"""The two upstreams that are polled from the first day."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SOURCES = {
    "huggingface": {"name": "Hugging Face Hub", "method": "vendor_api"},
    "litellm": {"name": "LiteLLM price map", "method": "curated_feed"},
}


def add_sources(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    Source = apps.get_model("registry", "Source")
    for slug, fields in SOURCES.items():
        Source.objects.get_or_create(slug=slug, defaults=fields)


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_immutable_revisions")]

    # Going back leaves the rows: what they said hangs on them.
    operations = [migrations.RunPython(add_sources, migrations.RunPython.noop)]
