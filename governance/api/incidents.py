"""What is wrong with sources, and the decision on what is held back."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import incidents
from governance.api.refusals import refusals_as_problems
from registry.api import filters
from registry.api.people import person_of
from registry.api.serializers import Slug
from registry.api.views import ReadOnly
from registry.health import with_held_counts
from registry.models import Incident


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    source = Slug()
    decided_by = Slug(slug_field="username")
    fact_count = serializers.IntegerField(read_only=True, help_text="Statements that are held back with it.")
    change_count = serializers.IntegerField(read_only=True, help_text="Changes that are, or were, held back with it.")

    class Meta:
        model = Incident
        fields = (
            "id",
            "source",
            "kind",
            "opened_at",
            "closed_at",
            "reason",
            "affected_count",
            "fact_count",
            "change_count",
            "verdict",
            "decided_by",
            "decided_at",
            "note",
        )


class Release(serializers.Serializer[None]):
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class Dismiss(serializers.Serializer[None]):
    note = serializers.CharField(max_length=300)


class Incidents(ReadOnly):
    """What is wrong with a source: it is silent, empty, or states a mass change, which is held back."""

    queryset = with_held_counts(Incident.objects.select_related("source", "decided_by"))
    serializer_class = IncidentSerializer
    filterset_class = filters.filters_of(Incident, "kind", "verdict", source="source__slug")
    ordering = ("-opened_at", "-pk")
    action_permissions = dict.fromkeys(("release", "dismiss"), "registry.change_incident")

    @extend_schema(request=Release, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, **_kwargs: str) -> Response:
        """What is held back is true: it counts from now on."""
        return self._end(request, Release, incidents.release)

    @extend_schema(request=Dismiss, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, **_kwargs: str) -> Response:
        """What is held back is wrong, and the note says why: what was known before stands."""
        return self._end(request, Dismiss, incidents.dismiss)

    def _end(self, request: Request, form_of: Any, act: Any) -> Response:
        form = form_of(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            act(self.get_object(), by=person_of(request), note=form.validated_data["note"], now=timezone.now())
        return Response(self.get_serializer(self.get_object()).data)
