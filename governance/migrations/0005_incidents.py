"""Letters about sources: channels without a team, notices of an incident, and the mark that it was told."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0004_groups"),
        ("registry", "0005_sweeps"),
    ]

    operations = [
        migrations.CreateModel(
            name="IncidentTold",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="told",
                        serialize=False,
                        to="registry.incident",
                    ),
                ),
                ("told_at", models.DateTimeField()),
                ("end_told_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "incidents told",
            },
        ),
        migrations.AddField(
            model_name="notice",
            name="incident",
            field=models.ForeignKey(
                blank=True,
                help_text="For a letter about a source.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="registry.incident",
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="is_over",
            field=models.BooleanField(
                db_default=False, default=False, help_text="The letter says that the incident is over."
            ),
        ),
        migrations.AlterField(
            model_name="channel",
            name="team",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty: for those who look after the sources; they are told when one fails or is held back.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="channels",
                to="registry.team",
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("team", None)), fields=("transport", "address"), name="channel_once_for_operators"
            ),
        ),
    ]
