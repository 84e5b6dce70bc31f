"""What stands ready to replace a model: plans, their revisions, alternatives and drills."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from registry.models.catalog import AIModel, Offering
from registry.models.usage import Dependency, HeldCopy
from registry.models.vendors import Vendor
from registry.readable import can_be_read


class FallbackPlan(models.Model):
    """The plan of one dependency, or the default plan of a model that is copied into its dependencies."""

    dependency = models.OneToOneField(Dependency, models.PROTECT, null=True, blank=True, related_name="fallback_plan")
    model = models.OneToOneField(AIModel, models.PROTECT, null=True, blank=True, related_name="default_plan")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(dependency=None, model__isnull=False)
                | models.Q(dependency__isnull=False, model=None),
                name="plan_of_a_dependency_or_a_model",
            )
        ]

    def __str__(self) -> str:
        return f"Plan for {self.dependency or self.model}"

    @property
    def current_revision(self) -> "PlanRevision | None":
        """The newest submitted revision, which is the one that counts; a draft does not."""
        return self.revisions.exclude(submitted_at=None).order_by("-number").first()


class Thresholds(models.Model):
    """How often a plan is drilled, and what a drill of it has to reach; where one is empty, nothing is asked."""

    drill_every_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Days until a drill has to be repeated; empty: as long as policy lets one count.",
    )
    least_score_share = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.0)],
        help_text="Least score of the alternative as a share of the score of the model in use: 0.95 is 95 %.",
    )
    most_latency_ms = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.0)], help_text="Highest median latency, in milliseconds."
    )
    most_cost_usd = models.DecimalField(
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Highest cost of the drill, in USD.",
    )
    most_switch_time = models.DurationField(
        null=True,
        blank=True,
        validators=[MinValueValidator(timedelta(0))],
        help_text="Longest time from decision to service.",
    )
    most_reindex_time = models.DurationField(
        null=True,
        blank=True,
        validators=[MinValueValidator(timedelta(0))],
        help_text="Longest time to build the index again.",
    )

    class Meta:
        abstract = True


class PlanRevision(Thresholds):
    """One numbered state of a plan. Once submitted it cannot change (a database trigger holds it): edit makes the next."""

    plan = models.ForeignKey(FallbackPlan, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    trigger = models.TextField(help_text="What makes us switch.")
    switch_procedure = models.TextField(help_text="How, step by step; prompt or format changes belong here.")
    switched_by = models.CharField(max_length=120, help_text="Who does it.")
    rollback = models.TextField(blank=True, help_text="How to go back.")
    reindex_plan = models.TextField(blank=True, help_text="How the index is rebuilt, where the dependency has one.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="plan_revisions")
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who made it the revision that counts; empty for those of before this was kept.",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=("plan", "number"), name="plan_revision_number_once")]

    def __str__(self) -> str:
        return f"{self.plan}, revision {self.number}"

    @property
    def is_submitted(self) -> bool:
        return self.submitted_at is not None


class Alternative(HeldCopy):
    """One way out, at its place in the order of a plan revision."""

    class Kind(models.TextChoices):
        OFFERING = "offering", "Another offering"
        RULE_BASED = "rule_based", "Rules instead of a model"
        MANUAL = "manual", "People do it"
        FEATURE_OFF = "feature_off", "The feature is switched off"

    plan_revision = models.ForeignKey(PlanRevision, models.CASCADE, related_name="alternatives")
    order = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    offering = models.ForeignKey(Offering, models.PROTECT, null=True, blank=True, related_name="alternatives")
    served_by = models.ForeignKey(Vendor, models.PROTECT, null=True, blank=True, related_name="served_alternatives")
    pinned_revision = models.CharField(max_length=64, blank=True)
    description = models.TextField(blank=True)
    impact_statement = models.TextField(blank=True, help_text="What users lose; required where no model takes over.")

    class Meta:
        ordering = ("order",)
        constraints = [
            models.UniqueConstraint(fields=("plan_revision", "order"), name="alternative_order_once"),
            models.CheckConstraint(
                condition=models.Q(kind="offering", offering__isnull=False)
                | (~models.Q(kind="offering") & models.Q(offering=None) & ~models.Q(impact_statement="")),
                name="alternative_is_a_model_or_states_its_impact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}. {self.offering or self.get_kind_display()}"

    def clean(self) -> None:
        if self.kind == self.Kind.OFFERING and self.offering_id is None:
            raise ValidationError({"offering": "Choose the offering that takes over."})
        if self.kind != self.Kind.OFFERING and self.offering_id is not None:
            raise ValidationError({"offering": f"{self.get_kind_display()}: there is no offering in that."})
        if self.kind != self.Kind.OFFERING and not can_be_read(self.impact_statement):
            raise ValidationError({"impact_statement": "Say what users lose while no model does this."})


class DrillQuerySet(models.QuerySet["Drill"]):
    def newest_first(self) -> Self:
        """The last day first; of two drills on one day the one that was recorded later."""
        return self.order_by("-drilled_on", "-pk")


class Drill(models.Model):
    """A dated exercise of one alternative, with its evidence. It expires.

    Whether it passed is no opinion: `shortfalls` says in words where it stayed below what its plan asks for, and with
    one of them it has failed.
    """

    class Outcome(models.TextChoices):
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"

    alternative = models.ForeignKey(Alternative, models.PROTECT, related_name="drills")
    drilled_on = models.DateField()
    expires_on = models.DateField()
    outcome = models.CharField(max_length=6, choices=Outcome)
    shortfalls = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        help_text="Why it failed, a sentence each.",
    )
    suite = models.CharField(max_length=200, help_text="What was run.")
    primary_score = models.FloatField(null=True, blank=True)
    alternative_score = models.FloatField(null=True, blank=True)
    latency_ms = models.FloatField(null=True, blank=True, help_text="Median, in milliseconds.")
    cost_usd = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    answered_by = models.CharField(max_length=300, blank=True, help_text="Which model really answered.")
    switch_time = models.DurationField(null=True, blank=True, help_text="Measured, from decision to service.")
    reindex_time = models.DurationField(null=True, blank=True, help_text="Measured, where there is an index.")
    run_url = models.URLField(blank=True, max_length=500)
    idempotency_key = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="Names one run: told twice under it, a drill is still one.",
    )
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="drills")
    recorded_at = models.DateTimeField(auto_now_add=True)

    objects = DrillQuerySet.as_manager()

    class Meta:
        ordering = ("-drilled_on",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_on__gt=models.F("drilled_on")), name="drill_expires_later"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="failed") | models.Q(shortfalls=[]), name="a_drill_that_fell_short_failed"
            ),
            models.UniqueConstraint(
                fields=("alternative", "idempotency_key"),
                condition=~models.Q(idempotency_key=""),
                name="one_drill_per_idempotency_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} drill of {self.drilled_on}"

    @property
    def score_share(self) -> float | None:
        """The alternative's score as a share of the primary's; None where the two cannot be compared."""
        if self.alternative_score is None or self.primary_score is None or self.primary_score <= 0:
            return None
        return self.alternative_score / self.primary_score
