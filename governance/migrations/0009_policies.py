"""Policies with their text and who let them loosen, break-glass, dry runs.

SQLite changes a table by building it anew, which takes its triggers away and stumbles over those that look into it. So
all triggers are set aside before, and put back as they were.
"""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.lookups
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import governance.models.glass


def set_aside(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE understudy_set_aside AS SELECT sql FROM sqlite_master WHERE type = 'trigger'"
        )
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            schema_editor.execute(f"DROP TRIGGER {name}", None)


def put_back(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM understudy_set_aside")
        for (statement,) in cursor.fetchall():
            schema_editor.execute(statement, None)
        cursor.execute("DROP TABLE understudy_set_aside")


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0008_permits_are_decided"),
        ("registry", "0011_system_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(set_aside, put_back),
        migrations.CreateModel(
            name="BreakGlass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, help_text="Closed before its time.", null=True)),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[("justified", "Justified"), ("not_justified", "Not justified")],
                        max_length=13,
                    ),
                ),
                (
                    "review",
                    models.TextField(
                        blank=True, help_text="What came of it, and what is done so that it is not needed again."
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "break-glass",
                "ordering": ("-opened_at",),
            },
        ),
        migrations.CreateModel(
            name="DryRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(help_text="The policy that is tried, as TOML.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("policy_version", models.PositiveIntegerField(help_text="The version that it is compared with.")),
                ("total", models.PositiveIntegerField(default=0, help_text="Systems with current dependencies.")),
                ("done", models.PositiveIntegerField(default=0, help_text="Of these, how many are judged.")),
                (
                    "changed_count",
                    models.PositiveIntegerField(default=0, help_text="Systems and environments whose answer changes."),
                ),
                (
                    "verdicts",
                    models.JSONField(
                        blank=True, default=dict, help_text="How many systems and environments, by `before -> after`."
                    ),
                ),
                (
                    "changes",
                    models.JSONField(
                        blank=True, default=list, help_text="The first of them, with what comes and goes."
                    ),
                ),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.RemoveConstraint(
            model_name="proposal",
            name="proposal_names_what_its_kind_needs",
        ),
        migrations.AddField(
            model_name="policy",
            name="loosens",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="What it asks for less than the version before, one per line.",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="proposal",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="policy",
                to="governance.proposal",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="text",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="proposal",
            name="in_force_from",
            field=models.DateTimeField(blank=True, help_text="Empty: as soon as it is approved.", null=True),
        ),
        migrations.AddField(
            model_name="proposal",
            name="policy_text",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AlterField(
            model_name="proposal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("adopt_model", "Adopt a model"),
                    ("approve_alternative", "Approve an alternative"),
                    ("waive_rule", "Waive a rule"),
                    ("retire_model", "Retire a model"),
                    ("change_policy", "Change the policy"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(("loosens", ""), ("proposal__isnull", False), _connector="OR"),
                name="loosening_policy_has_a_proposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "adopt_model"),
                        ("offering__isnull", False),
                        models.Q(("purpose", ""), _negated=True),
                        models.Q(("distribution", ""), _negated=True),
                    ),
                    models.Q(
                        ("alternative__isnull", False),
                        ("dependency__isnull", False),
                        ("kind", "approve_alternative"),
                        ("plan_revision__isnull", False),
                    ),
                    models.Q(
                        ("kind", "waive_rule"),
                        ("until__isnull", False),
                        models.Q(("rule", ""), _negated=True),
                        models.Q(
                            models.Q(("dependency__isnull", False), ("system", None)),
                            models.Q(("dependency", None), ("system__isnull", False)),
                            _connector="OR",
                        ),
                    ),
                    models.Q(("kind", "retire_model"), ("model__isnull", False)),
                    models.Q(("kind", "change_policy"), models.Q(("policy_text", ""), _negated=True)),
                    _connector="OR",
                ),
                name="proposal_names_what_its_kind_needs",
            ),
        ),
        migrations.AddField(
            model_name="breakglass",
            name="closed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="breakglass",
            name="environment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="break_glasses", to="registry.environment"
            ),
        ),
        migrations.AddField(
            model_name="breakglass",
            name="opened_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="break_glasses", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="breakglass",
            name="reviewed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="breakglass",
            name="system",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="break_glasses", to="registry.system"
            ),
        ),
        migrations.AddField(
            model_name="dryrun",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="dry_runs", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="breakglass",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    django.db.models.expressions.CombinedExpression(
                        governance.models.glass.EpochSeconds("ends_at"),
                        "-",
                        governance.models.glass.EpochSeconds("opened_at"),
                    ),
                    86400,
                ),
                name="break_glass_lasts_a_day_at_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="breakglass",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("opened_at"))), name="break_glass_ends_after_it_begins"
            ),
        ),
        migrations.AddConstraint(
            model_name="breakglass",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("closed_by", None)),
                    models.Q(("closed_at__isnull", False), ("closed_by__isnull", False)),
                    _connector="OR",
                ),
                name="break_glass_is_closed_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="breakglass",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("review", ""), ("reviewed_at", None), ("reviewed_by", None), ("verdict", "")),
                    models.Q(
                        ("reviewed_at__isnull", False),
                        ("reviewed_by__isnull", False),
                        models.Q(("reviewed_by", models.F("opened_by")), _negated=True),
                        models.Q(("verdict", ""), _negated=True),
                        models.Q(("review", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="break_glass_is_reviewed_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="breakglass",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reviewed_at", None),
                    ("reviewed_at__gte", models.F("ends_at")),
                    models.Q(("closed_at__isnull", False), ("reviewed_at__gte", models.F("closed_at"))),
                    _connector="OR",
                ),
                name="break_glass_is_reviewed_when_it_is_over",
            ),
        ),
        migrations.RunPython(put_back, set_aside),
    ]
