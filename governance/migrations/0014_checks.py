"""Checks asked once, signed, and on grounds that are kept; and what lies ahead of the next release.

Checks are guarded by triggers, which SQLite loses when it builds a table anew: they are set aside and put back.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

_policies = import_module("governance.migrations.0009_policies")


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0013_tokens"),
        ("registry", "0013_observation_by_task"),
    ]

    operations = [
        migrations.RunPython(_policies.set_aside, _policies.put_back),
        migrations.CreateModel(
            name="Grounds",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("document", models.JSONField()),
            ],
            options={
                "verbose_name_plural": "grounds",
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "asker",
                    models.CharField(
                        help_text="Whose key it is: a person or a pipeline, by kind and id.", max_length=40
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("digest", models.CharField(help_text="Of the whole body that came with it.", max_length=64)),
                ("claimed_until", models.DateTimeField()),
                (
                    "created_at",
                    models.DateTimeField(db_index=True, help_text="Read by the sweep that forgets old keys."),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Outlook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "looked_at",
                    models.DateTimeField(db_index=True, help_text="Read by the sweep: the longest ago first."),
                ),
            ],
        ),
        migrations.AddField(
            model_name="check",
            name="findings_digest",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The same for answers that say the same.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="check",
            name="question_digest",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of system, environment and models alone.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="check",
            name="signed",
            field=models.TextField(
                blank=True, db_default="", default="", help_text="The verdict as a JSON Web Signature, for who kept it."
            ),
        ),
        migrations.AddField(
            model_name="check",
            name="stale_sources",
            field=models.JSONField(blank=True, help_text="Whose silence the answer suffers from.", null=True),
        ),
        migrations.CreateModel(
            name="Forewarning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("findings", models.JSONField(help_text="What stops it now: rule, ref, message and fix of each.")),
                ("found_at", models.DateTimeField()),
                (
                    "check_run",
                    models.ForeignKey(
                        help_text="The question that was answered well.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="forewarnings",
                        to="governance.check",
                    ),
                ),
            ],
            options={
                "ordering": ("-found_at",),
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="forewarnings",
            field=models.ManyToManyField(
                blank=True,
                help_text="For a letter about releases that would not get through any more: one for all of a window.",
                related_name="notices",
                to="governance.forewarning",
            ),
        ),
        migrations.AddField(
            model_name="check",
            name="grounds",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="checks",
                to="governance.grounds",
            ),
        ),
        migrations.AddIndex(
            model_name="check",
            index=models.Index(fields=["system", "environment", "-checked_at"], name="last_check_of_a_place"),
        ),
        migrations.AddField(
            model_name="idempotencykey",
            name="check_run",
            field=models.OneToOneField(
                blank=True,
                help_text="Empty: not answered yet.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="idempotency_key",
                to="governance.check",
            ),
        ),
        migrations.AddField(
            model_name="outlook",
            name="environment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="outlooks", to="registry.environment"
            ),
        ),
        migrations.AddField(
            model_name="outlook",
            name="system",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="outlooks", to="registry.system"
            ),
        ),
        migrations.AddConstraint(
            model_name="forewarning",
            constraint=models.UniqueConstraint(fields=("check_run", "digest"), name="forewarned_once"),
        ),
        migrations.AddConstraint(
            model_name="idempotencykey",
            constraint=models.UniqueConstraint(fields=("asker", "key"), name="idempotency_key_once"),
        ),
        migrations.AddConstraint(
            model_name="outlook",
            constraint=models.UniqueConstraint(fields=("system", "environment"), name="one_outlook_of_a_place"),
        ),
        migrations.RunPython(_policies.put_back, _policies.set_aside),
    ]
