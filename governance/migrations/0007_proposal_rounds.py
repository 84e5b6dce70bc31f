"""Edits make rounds; people of legal, and who stands in for whom; talk and reminders; waivers end within ninety days.

`_decision_guards` says why the guards of proposals and decisions are set anew.
"""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import governance.models.days
from governance.migrations._decision_guards import create, create_former, drop, drop_former


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0006_legal"),
        ("registry", "0009_listing_index"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(drop_former, create_former),
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("comment", "Comment"), ("question", "Question"), ("answer", "Answer")],
                        default="comment",
                        max_length=8,
                    ),
                ),
                ("text", models.TextField()),
                (
                    "link",
                    models.URLField(
                        blank=True,
                        help_text="Evidence: an http or https address.",
                        max_length=500,
                        validators=[django.core.validators.URLValidator(("http", "https"))],
                    ),
                ),
                ("written_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("written_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_on", models.DateField()),
                ("until", models.DateField(help_text="The last day.")),
                ("reason", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, help_text="Taken back before its last day.", null=True)),
            ],
            options={
                "ordering": ("-made_at",),
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "milestone",
                    models.CharField(
                        choices=[
                            ("overdue", "Not decided in time"),
                            ("month", "Ends within thirty days"),
                            ("week", "Ends within seven days"),
                            ("ended", "Has ended"),
                        ],
                        max_length=7,
                    ),
                ),
                ("reminded_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-reminded_at",),
            },
        ),
        migrations.RemoveConstraint(
            model_name="channel",
            name="channel_once_for_operators",
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="one_decision_per_person",
        ),
        migrations.RemoveConstraint(
            model_name="proposal",
            name="proposal_names_what_its_kind_needs",
        ),
        migrations.AddField(
            model_name="channel",
            name="person",
            field=models.ForeignKey(
                blank=True,
                help_text="For one person who decides on proposals, in place of a team.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="channels",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="acting_for",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decided_by_others",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="round",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, help_text="Of the proposal, when it was given."
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="decided_state",
            field=models.JSONField(
                blank=True, db_default={}, default=dict, help_text="The facts that it was approved on; empty before."
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="due_on",
            field=models.DateField(
                blank=True, help_text="By when it should be decided; from the next day on it is overdue.", null=True
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="model",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="proposals",
                to="registry.aimodel",
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="plan_author",
            field=models.ForeignKey(
                blank=True,
                help_text="Who wrote the plan revision: they decide on it as little as who proposes it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="round",
            field=models.PositiveSmallIntegerField(db_default=1, default=1, help_text="Counts the edits, from 1."),
        ),
        migrations.AddField(
            model_name="proposal",
            name="route",
            field=models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text="Who was asked when it was submitted, for queues; a decision asks the policy of its moment.",
            ),
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
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("person", None), ("team", None)),
                fields=("transport", "address"),
                name="channel_once_for_operators",
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(
                fields=("person", "transport", "address"), name="channel_once_per_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.CheckConstraint(
                condition=models.Q(("team", None), ("person", None), _connector="OR"),
                name="channel_of_a_team_or_a_person",
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
                    _connector="OR",
                ),
                name="proposal_names_what_its_kind_needs",
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_on__lte", governance.models.days.DaysAfter("granted_at", 90))),
                name="waiver_ends_within_ninety_days",
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="answers",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answer",
                to="governance.comment",
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="asked_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="questions",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="comments", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="proposal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="comments", to="governance.proposal"
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="delegate",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="stands_in", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="delegator",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="delegations", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="ended_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="delegation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decisions",
                to="governance.delegation",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                fields=("proposal", "round", "state_digest", "decider"), name="one_decision_per_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                fields=("proposal", "round", "state_digest", "acting_for"), name="one_decision_per_absent_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("acting_for", None), ("delegation", None)),
                    models.Q(
                        ("acting_for__isnull", False),
                        ("delegation__isnull", False),
                        models.Q(("acting_for", models.F("proposer")), _negated=True),
                        models.Q(("acting_for", models.F("decider")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="nobody_decides_for_the_proposer",
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="proposal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reminders", to="governance.proposal"
            ),
        ),
        migrations.AddField(
            model_name="notice",
            name="reminders",
            field=models.ManyToManyField(
                blank=True,
                help_text="For a letter about proposals that wait and decisions that end: one for all of a window.",
                related_name="notices",
                to="governance.reminder",
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(("delegator", models.F("delegate")), _negated=True),
                name="nobody_stands_in_for_themselves",
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until__gte", models.F("starts_on")),
                    ("until__lte", governance.models.days.DaysAfter("starts_on", 90)),
                ),
                name="delegation_ends_within_ninety_days",
            ),
        ),
        migrations.RunPython(create, drop),
    ]
