"""Corrections: facts that a person has put right, until when, and why."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import corrections
from governance.api.refusals import refusals_as_problems
from registry.api import filters
from registry.api.people import person_of
from registry.api.serializers import Slug
from registry.api.views import ReadOnly
from registry.correctable import CORRECTABLE
from registry.models import Correction, Offering


class NewCorrection(serializers.Serializer[None]):
    """What is right about a fact, why, where it can be read, and until when that is to count."""

    offering = serializers.PrimaryKeyRelatedField(queryset=Offering.objects.all())
    fact = serializers.ChoiceField(choices=[(fact, one.label) for fact, one in CORRECTABLE.items()])
    value = serializers.JSONField(
        allow_null=True, help_text="As listings spell it; a license by its SPDX id; null: there is none."
    )
    reason = serializers.CharField(max_length=500)
    evidence_url = serializers.URLField(max_length=500)
    ends_on = serializers.DateField(help_text="The last day on which it counts, at most 365 days ahead.")


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    made_by = Slug(slug_field="username")
    lifted_by = Slug(slug_field="username")

    class Meta:
        model = Correction
        fields = (
            "id",
            "offering",
            "fact",
            "value",
            "reason",
            "evidence_url",
            "made_by",
            "made_at",
            "ends_on",
            "lifted_at",
            "lifted_by",
        )


class Corrections(ReadOnly):
    """Facts that a person has put right, above every source and until a day."""

    queryset = Correction.objects.select_related("made_by", "lifted_by")
    serializer_class = CorrectionSerializer
    filterset_class = filters.filters_of(Correction, "offering", "fact", model="offering__model__slug")
    ordering = ("-made_at", "-pk")
    action_permissions = {"lift": "registry.change_correction"}

    @extend_schema(request=NewCorrection, responses={201: CorrectionSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Put a fact right: it counts at once, above every source, until its last day."""
        form = NewCorrection(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            made = corrections.correct(by=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=CorrectionSerializer)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, **_kwargs: str) -> Response:
        """End a correction before its day: what sources say counts again."""
        with refusals_as_problems():
            row = corrections.lift(self.get_object(), by=person_of(request), now=timezone.now())
        return Response(self.get_serializer(row).data)
