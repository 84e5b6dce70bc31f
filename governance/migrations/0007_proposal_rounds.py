"""Edits make rounds; people of legal, and who stands in for whom; talk and reminders; waivers end within ninety days.

The guards of proposals and decisions are set anew, because SQLite drops a table's triggers when Django rebuilds it, and
refuses to rename a table that another table's trigger names. A later migration that alters one of the two tables begins
with `drop` and ends with `create` of the newest guards.
"""

from importlib import import_module
from typing import Any

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import governance.models.days

_first = import_module("governance.migrations.0003_guards")
Guard = _first.Guard

TABLES = ("governance_decision", "governance_proposal")
FORMER = tuple(guard for guard in _first.GUARDS if guard.table in TABLES)
TERMS = ("reason", "until", "compensating_measure", "state_digest")
PINNED = (*(column for column in _first.PINNED if column not in TERMS), "model_id", "plan_author_id")
REPLACED = ("proposal_is_pinned", "proposal_is_approved_by_somebody")
GUARDS = (
    *(guard for guard in FORMER if guard.name not in REPLACED),
    Guard(
        "proposal_is_pinned",
        "governance_proposal",
        "UPDATE",
        "what a proposal is about, and who made it, is never changed",
        " OR ".join(f"NEW.{column} {{differs}} OLD.{column}" for column in PINNED),
    ),
    Guard(
        "proposal_terms_need_a_round",
        "governance_proposal",
        "UPDATE",
        "what a proposal is about is edited in a new round",
        "NEW.round = OLD.round AND (" + " OR ".join(f"NEW.{name} {{differs}} OLD.{name}" for name in TERMS) + ")",
    ),
    Guard(
        "proposal_rounds_follow",
        "governance_proposal",
        "UPDATE",
        "a round follows the last, and only while the proposal is open",
        "NEW.round <> OLD.round AND"
        " (NEW.round <> OLD.round + 1 OR OLD.state <> 'submitted' OR NEW.state <> 'submitted')",
    ),
    Guard(
        "proposal_is_approved_by_somebody",
        "governance_proposal",
        "UPDATE",
        "a proposal becomes approved by a decision",
        "NEW.state = 'approved' AND OLD.state <> 'approved' AND NOT EXISTS ("
        "SELECT 1 FROM governance_decision WHERE proposal_id = NEW.id AND round = NEW.round AND verdict = 'approve')",
    ),
    Guard(
        "decision_is_of_this_round",
        "governance_decision",
        "INSERT",
        "a decision is on the present round of its proposal",
        "NEW.round {differs} (SELECT round FROM governance_proposal WHERE id = NEW.proposal_id)",
    ),
    Guard(
        "decision_never_by_the_author",
        "governance_decision",
        "INSERT",
        "nobody decides on a plan that they wrote",
        "(SELECT plan_author_id FROM governance_proposal WHERE id = NEW.proposal_id)"
        " IN (NEW.decider_id, NEW.acting_for_id)",
    ),
    Guard(
        "decision_stands_in_by_delegation",
        "governance_decision",
        "INSERT",
        "somebody stands in for another by a delegation",
        "NEW.acting_for_id IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM governance_delegation WHERE id = NEW.delegation_id AND ended_at IS NULL"
        " AND delegator_id = NEW.acting_for_id AND delegate_id = NEW.decider_id)",
    ),
    Guard(
        "decision_once_for_each_person",
        "governance_decision",
        "INSERT",
        "nobody decides twice, once themselves and once by somebody else",
        "EXISTS (SELECT 1 FROM governance_decision d WHERE d.proposal_id = NEW.proposal_id AND d.round = NEW.round"
        " AND d.state_digest = NEW.state_digest AND (d.decider_id = NEW.acting_for_id OR d.acting_for_id = NEW.decider_id))",
    ),
    Guard(
        "delegation_is_pinned",
        "governance_delegation",
        "UPDATE",
        "a delegation is taken back, and not changed",
        " OR ".join(
            f"NEW.{column} {{differs}} OLD.{column}"
            for column in ("delegator_id", "delegate_id", "starts_on", "until", "reason", "made_at")
        )
        + " OR OLD.ended_at IS NOT NULL",
    ),
)


def _create(guards: tuple[Any, ...], schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    for guard in guards:
        for statement in {"sqlite": _first.sqlite, "postgresql": _first.postgresql}[vendor](guard):
            schema_editor.execute(statement, None)


def _drop(guards: tuple[Any, ...], schema_editor: BaseDatabaseSchemaEditor) -> None:
    for guard in guards:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {guard.name}", None)
        else:
            schema_editor.execute(f"DROP FUNCTION {guard.name}() CASCADE", None)


def drop_former(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _drop(FORMER, schema_editor)


def create_former(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _create(FORMER, schema_editor)


def create(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _create(GUARDS, schema_editor)


def drop(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _drop(GUARDS, schema_editor)


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
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answers", None), ("asked_of", None), ("kind", "comment")),
                    models.Q(("answers", None), ("asked_of__isnull", False), ("kind", "question")),
                    models.Q(("answers__isnull", False), ("asked_of", None), ("kind", "answer")),
                    _connector="OR",
                ),
                name="a_question_asks_somebody_and_an_answer_answers",
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("link", ""), ("link__startswith", "http://"), ("link__startswith", "https://"), _connector="OR"
                ),
                name="comment_links_to_a_page",
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
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(fields=("proposal", "milestone"), name="reminded_once_per_milestone"),
        ),
        migrations.RunPython(create, drop),
    ]
