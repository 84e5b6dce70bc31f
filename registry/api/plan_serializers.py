"""Fallback plans, their alternatives and drills as JSON."""

from typing import Any

from rest_framework import serializers

from registry import models
from registry.api.serializers import Key, Slug


class AlternativeSerializer(serializers.ModelSerializer[models.Alternative]):
    served_by = Slug(models.Vendor.objects.standing(), required=False, allow_null=True)
    ref = serializers.CharField(source="offering.external_id", default=None, allow_null=True, read_only=True)

    class Meta:
        model = models.Alternative
        fields = (
            "id",
            "order",
            "kind",
            "offering",
            "ref",
            "served_by",
            "pinned_revision",
            "held_copy_location",
            "held_copy_digest",
            "held_copy_verified_on",
            "description",
            "impact_statement",
        )
        read_only_fields = ("order",)


# How often a plan is drilled, and what a drill of it has to reach.
THRESHOLDS = (
    "drill_every_days",
    "least_score_share",
    "most_latency_ms",
    "most_cost_usd",
    "most_switch_time",
    "most_reindex_time",
)


class PlanRevisionSerializer(serializers.ModelSerializer[models.PlanRevision]):
    alternatives = AlternativeSerializer(many=True)
    created_by = Slug(slug_field="username")

    class Meta:
        model = models.PlanRevision
        fields = (
            "id",
            "number",
            "trigger",
            "switch_procedure",
            "switched_by",
            "rollback",
            "reindex_plan",
            *THRESHOLDS,
            "created_by",
            "created_at",
            "submitted_at",
            "alternatives",
        )
        read_only_fields = ("number", "submitted_at")


class FallbackPlanSerializer(serializers.ModelSerializer[models.FallbackPlan]):
    model = Slug()
    revisions = PlanRevisionSerializer(many=True, read_only=True)

    class Meta:
        model = models.FallbackPlan
        fields = ("id", "dependency", "model", "revisions")
        read_only_fields = ("dependency",)


class DrillSerializer(serializers.ModelSerializer[models.Drill]):
    """A drill with its evidence. `outcome` is computed from what was measured and what the plan asks for."""

    alternative = Key(queryset=models.Alternative.objects.all())
    outcome = serializers.ChoiceField(
        choices=models.Drill.Outcome.choices,
        required=False,
        help_text="Computed. Only “failed” can be declared, for a failure that no number shows.",
    )
    failed_because = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, write_only=True, help_text="What no number shows, in words."
    )
    shortfalls = serializers.ListField(child=serializers.CharField(), read_only=True)
    idempotency_key = serializers.CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="Names one run. Told twice under it, a drill is still one; the header Idempotency-Key says the same.",
    )
    recorded_by = Slug(slug_field="username")

    class Meta:
        model = models.Drill
        fields = (
            "id",
            "alternative",
            "drilled_on",
            "expires_on",
            "outcome",
            "shortfalls",
            "failed_because",
            "suite",
            "primary_score",
            "alternative_score",
            "latency_ms",
            "cost_usd",
            "answered_by",
            "switch_time",
            "reindex_time",
            "run_url",
            "idempotency_key",
            "recorded_by",
            "recorded_at",
        )
        read_only_fields = ("expires_on",)
        # Whether a key is taken is no fault of the request: the drill that stands is the answer.
        validators: tuple[Any, ...] = ()
