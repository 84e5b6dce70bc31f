"""Reports of what would happen, which the database keeps as they were saved, and the days of concentration."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

guards = import_module("governance.migrations.0003_guards")
GUARDS = (
    guards.Guard("whatifreport_is_final", "governance_whatifreport", "UPDATE", "a what-if report is never changed"),
    guards.Guard(
        "whatifreport_stays",
        "governance_whatifreport",
        "DELETE",
        "a what-if report is never removed",
        guards.NOT_FLUSHING,
    ),
)


def guard(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    write = {"sqlite": guards.sqlite, "postgresql": guards.postgresql}[schema_editor.connection.vendor]
    for one in GUARDS:
        for statement in write(one):
            schema_editor.execute(statement, None)


def unguard(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    kind, end = ("TRIGGER", "") if schema_editor.connection.vendor == "sqlite" else ("FUNCTION", "() CASCADE")
    for one in GUARDS:
        schema_editor.execute(f"DROP {kind} {one.name}{end}", None)


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0010_policy_guards"),
        ("registry", "0012_drill_thresholds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WhatIfReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("asked", models.JSONField(help_text="What was supposed to go, and from which day on.")),
                ("answer", models.JSONField(help_text="What stops, degrades and survives, with the reasons.")),
                (
                    "state_at",
                    models.DateTimeField(db_index=True, help_text="Of this moment is the answer; read by the list."),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="what_if_reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "what-if report",
                "ordering": ("-state_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Concentration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                (
                    "scope",
                    models.CharField(
                        choices=[("organisation", "Organisation"), ("team", "Team"), ("system", "System")],
                        max_length=12,
                    ),
                ),
                ("behind", models.PositiveIntegerField()),
                ("total", models.PositiveIntegerField()),
                ("critical_behind", models.PositiveIntegerField()),
                ("critical_total", models.PositiveIntegerField()),
                (
                    "system",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="concentrations",
                        to="registry.system",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="concentrations",
                        to="registry.team",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="concentrations", to="registry.vendor"
                    ),
                ),
            ],
            options={
                "ordering": ("-day", "scope", "-behind", "vendor"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scope", "organisation"), ("system", None), ("team", None)),
                            models.Q(("scope", "team"), ("system", None), ("team__isnull", False)),
                            models.Q(("scope", "system"), ("system__isnull", False), ("team", None)),
                            _connector="OR",
                        ),
                        name="concentration_names_its_scope",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("scope", "organisation")),
                        fields=("day", "vendor"),
                        name="concentration_once_of_all",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("scope", "team")),
                        fields=("day", "vendor", "team"),
                        name="concentration_once_of_a_team",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("scope", "system")),
                        fields=("day", "vendor", "system"),
                        name="concentration_once_of_a_system",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("behind__lte", models.F("total")), ("critical_behind__lte", models.F("critical_total"))
                        ),
                        name="concentration_is_a_part",
                    ),
                ],
            },
        ),
        migrations.RunPython(guard, unguard),
    ]
