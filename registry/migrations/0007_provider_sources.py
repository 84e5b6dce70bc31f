"""The vendors' own lists of their models. All but one want a key, so an operator enables what there is a key for."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAMES = {
    "openai": "OpenAI model list",
    "anthropic": "Anthropic model list",
    "mistral": "Mistral model list",
    "cohere": "Cohere model list",
    "gemini": "Gemini model list",
    "groq": "Groq model list",
    "openrouter": "OpenRouter model list",
    "azure": "Azure OpenAI model list",
    "bedrock": "AWS Bedrock model list",
    "openai_compatible": "Our own OpenAI-compatible server",
}
NEEDS_NO_KEY = {"openrouter"}


def add_sources(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    Source = apps.get_model("registry", "Source")
    for slug, name in NAMES.items():
        fields = {"name": name, "method": "vendor_api", "is_enabled": slug in NEEDS_NO_KEY}
        Source.objects.get_or_create(slug=slug, defaults=fields)


class Migration(migrations.Migration):
    dependencies = [("registry", "0006_people_source")]

    # Going back leaves the rows: what they said hangs on them.
    operations = [migrations.RunPython(add_sources, migrations.RunPython.noop)]
