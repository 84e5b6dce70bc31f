"""What people report of a model: the changes that it was told as, and what counts instead of it."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from governance.reports import report_change
from registry.api import filters
from registry.api.people import person_of
from registry.api.serializers import ChangeSerializer
from registry.api.views import ReadOnly
from registry.models import Change, Offering
from registry.reportable import FACTS, REPORTABLE


class NewReport(serializers.Serializer[None]):
    """What changed about an offering, with its source. Each kind asks for its own facts."""

    offering = serializers.PrimaryKeyRelatedField(queryset=Offering.objects.all())
    kind = serializers.ChoiceField(choices=[(kind, one.label) for kind, one in REPORTABLE.items()])
    summary = serializers.CharField(max_length=300)
    source_url = serializers.URLField(max_length=500)
    retires_on = serializers.DateField(required=False)
    deprecated_on = serializers.DateField(required=False)
    gating = serializers.ChoiceField(choices=["auto", "manual"], required=False)
    license = serializers.CharField(max_length=255, required=False, help_text="Its SPDX id.")
    renamed_to = serializers.CharField(max_length=300, required=False)
    successor = serializers.CharField(max_length=300, required=False)
    input_price = serializers.DecimalField(max_digits=14, decimal_places=6, required=False)
    output_price = serializers.DecimalField(max_digits=14, decimal_places=6, required=False)


class OtherwiseSerializer(serializers.Serializer[Any]):
    fact = serializers.CharField()
    source: Any = serializers.CharField(help_text="Who says otherwise and counts before a person's word.")
    value = serializers.JSONField(help_text="What counts.")


class ReportSerializer(serializers.Serializer[Any]):
    """No change: it was known. `otherwise`: what counts instead of what was reported."""

    changes = ChangeSerializer(many=True)
    otherwise = OtherwiseSerializer(many=True)


class Reports(ReadOnly):
    """Changes that people reported."""

    queryset = (
        Change.objects.in_force()
        .filter(origin=Change.Origin.PERSON)
        .select_related("listing__source", "model", "vendor")
    )
    serializer_class = ChangeSerializer
    filterset_class = filters.ChangeFilter
    ordering = ("-detected_at", "-pk")
    action_permissions = {"create": "registry.report_offering"}

    @extend_schema(request=NewReport, responses={201: ReportSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Report what changed about an offering: who uses it is told, and it counts where no source knows better."""
        form = NewReport(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        self.check_object_permissions(request, given["offering"])
        facts = {name: given[name] for name in FACTS if name in given}
        found = report_change(
            given["offering"],
            kind=given["kind"],
            facts=facts,
            summary=given["summary"],
            source_url=given["source_url"],
            reported_by=person_of(request),
            now=timezone.now(),
        )
        return Response(ReportSerializer(found).data, status=status.HTTP_201_CREATED)
