"""Fallback plans and drills: written through the use cases, so that revisions stay immutable and audited."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from governance import drills, plans
from governance.api.refusals import refusals_as_problems
from registry.api import filters
from registry.api import plan_serializers as shapes
from registry.api.people import person_of
from registry.api.serializers import Key
from registry.api.views import ReadOnly
from registry.models import Alternative, Dependency, Drill, FallbackPlan, PlanRevision


class NewRevision(serializers.Serializer[None]):
    """The next revision of a dependency's plan; alternatives stand in the order in which they are tried."""

    dependency = Key(queryset=Dependency.objects.all())
    trigger = serializers.CharField(max_length=4000)
    switch_procedure = serializers.CharField(max_length=20000)
    switched_by = serializers.CharField(max_length=120)
    rollback = serializers.CharField(max_length=20000, required=False, allow_blank=True, default="")
    reindex_plan = serializers.CharField(max_length=20000, required=False, allow_blank=True, default="")
    drill_every_days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True, help_text="As often as policy says, if left out."
    )
    least_score_share = serializers.FloatField(
        min_value=0, required=False, allow_null=True, help_text="0.95: at least 95 % of the score of the model in use."
    )
    most_latency_ms = serializers.FloatField(min_value=0, required=False, allow_null=True)
    most_cost_usd = serializers.DecimalField(
        max_digits=12, decimal_places=4, min_value=0, required=False, allow_null=True
    )
    most_switch_time = serializers.DurationField(min_value=timedelta(0), required=False, allow_null=True)
    most_reindex_time = serializers.DurationField(min_value=timedelta(0), required=False, allow_null=True)
    alternatives = shapes.AlternativeSerializer(many=True, allow_empty=False)
    submit = serializers.BooleanField(default=False, help_text="Submit at once; a submitted revision cannot change.")


class FallbackPlans(ReadOnly):
    """What takes over if a dependency falls away: alternatives in order, in numbered revisions."""

    queryset = FallbackPlan.objects.select_related("model").prefetch_related(
        Prefetch(
            "revisions",
            PlanRevision.objects.select_related("created_by")
            .prefetch_related(Prefetch("alternatives", Alternative.objects.select_related("offering", "served_by")))
            .order_by("-number"),
        )
    )
    serializer_class = shapes.FallbackPlanSerializer
    filterset_class = filters.filters_of(
        FallbackPlan, "dependency", system="dependency__system__slug", model="model__slug"
    )
    action_permissions = {"submit": "registry.change_fallbackplan"}

    @extend_schema(request=NewRevision, responses={201: shapes.FallbackPlanSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Write the next revision of a plan."""
        form = NewRevision(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        dependency, submit = data.pop("dependency"), data.pop("submit")
        if not request.user.has_perm("registry.change_dependency", dependency):
            raise PermissionDenied("Only the team that owns the system writes its plans.")
        # Both or neither: what is refused leaves no draft behind.
        with refusals_as_problems(), transaction.atomic():
            revision = plans.draft_revision(dependency, author=person_of(request), now=timezone.now(), **data)
            if submit:
                plans.submit_revision(revision, actor=person_of(request), now=timezone.now())
        plan = self.get_queryset().get(pk=revision.plan_id)
        return Response(self.get_serializer(plan).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=shapes.FallbackPlanSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, **_kwargs: str) -> Response:
        """Submit the newest draft."""
        plan = self.get_object()
        with refusals_as_problems():
            plans.submit_revision(
                plan.revisions.order_by("-number").first(), actor=person_of(request), now=timezone.now()
            )
        return Response(self.get_serializer(self.get_object()).data)


class Drills(ReadOnly):
    """Dated exercises of a plan, with what was measured."""

    queryset = Drill.objects.select_related("recorded_by")
    serializer_class = shapes.DrillSerializer
    filterset_class = filters.filters_of(
        Drill, "alternative", "outcome", dependency="alternative__plan_revision__plan__dependency"
    )
    ordering = ("-drilled_on", "-pk")

    @extend_schema(
        request=shapes.DrillSerializer,
        responses={
            201: shapes.DrillSerializer,
            200: OpenApiResponse(shapes.DrillSerializer, "It was recorded before under this key."),
        },
    )
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Record a drill of an alternative with its evidence; the numbers decide whether it passed."""
        form = shapes.DrillSerializer(data=_with_key(request))
        form.is_valid(raise_exception=True)
        data, now = form.validated_data, timezone.now()
        alternative = data.pop("alternative")
        if not request.user.has_perm("registry.change_fallbackplan", alternative.plan_revision.plan):
            raise PermissionDenied("Only the team that owns the system records drills of its plans.")
        with refusals_as_problems():
            drill = drills.record_drill(alternative, recorded_by=person_of(request), now=now, **data)
        is_new = drill.recorded_at >= now
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(shapes.DrillSerializer(drill).data, status=code)


def _with_key(request: Request) -> Any:
    """The body, with the key of the header where it names none of its own."""
    key = request.headers.get("Idempotency-Key", "")
    if not key or not isinstance(request.data, Mapping) or request.data.get("idempotency_key"):
        return request.data
    return {**request.data, "idempotency_key": key}
