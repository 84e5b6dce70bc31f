"""The licenses that the Hub knows by an id, and those known by a `license_name` behind `other`."""

import json
from pathlib import Path

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

DATA = Path(__file__).resolve().parent.parent / "data" / "licenses.json"


def load_licenses(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    License = apps.get_model("registry", "License")
    LicenseName = apps.get_model("registry", "LicenseName")
    for entry in json.loads(DATA.read_text(encoding="utf-8"))["licenses"]:
        fields = {name: entry[name] for name in ("name", "license_class", "reason", "reference")}
        row, _ = License.objects.update_or_create(spdx_id=entry["spdx_id"], defaults=fields)
        names = [("license", text) for text in entry["hub_ids"]]
        names += [("license_name", text) for text in entry["hub_license_names"]]
        for field, text in names:
            LicenseName.objects.update_or_create(field=field, text=text, defaults={"license": row})


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    # Going back leaves the rows: revisions may refer to them, and loading twice is harmless.
    operations = [migrations.RunPython(load_licenses, migrations.RunPython.noop)]
