"""Break-glass: open, close, review."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import break_glass
from governance.api.refusals import refusals_as_problems
from governance.models import BreakGlass
from registry.api import filters
from registry.api.people import person_of
from registry.api.serializers import Slug
from registry.api.views import ReadOnly
from registry.models import Environment, System


class BreakGlassSerializer(serializers.ModelSerializer[BreakGlass]):
    system = Slug()
    environment = Slug()
    opened_by = Slug(slug_field="username")
    closed_by = Slug(slug_field="username")
    reviewed_by = Slug(slug_field="username")
    is_in_force = serializers.SerializerMethodField()

    class Meta:
        model = BreakGlass
        fields = (
            "id",
            "system",
            "environment",
            "reason",
            "opened_by",
            "opened_at",
            "ends_at",
            "is_in_force",
            "closed_at",
            "closed_by",
            "reviewed_at",
            "reviewed_by",
            "verdict",
            "review",
        )

    def get_is_in_force(self, glass: BreakGlass) -> bool:
        return not glass.is_over(timezone.now())


class NewBreakGlass(serializers.Serializer[None]):
    system = Slug(System.objects.all())
    environment = Slug(Environment.objects.all())
    reason = serializers.CharField(max_length=4000)
    hours = serializers.IntegerField(min_value=1, max_value=break_glass.LONGEST_HOURS)


class NewReview(serializers.Serializer[None]):
    verdict = serializers.ChoiceField(choices=BreakGlass.Verdict.choices)
    review = serializers.CharField(max_length=4000)


class BreakGlasses(ReadOnly):
    """Gates that one person opened for some hours, and what another said of it afterwards."""

    queryset = BreakGlass.objects.select_related("system", "environment", "opened_by", "closed_by", "reviewed_by")
    serializer_class = BreakGlassSerializer
    filterset_class = filters.filters_of(BreakGlass, "verdict", system="system__slug", environment="environment__slug")
    ordering = ("-opened_at", "-pk")
    # Who may close or review is asked by the use case, freshly and inside its transaction.
    action_permissions = dict.fromkeys(("close", "review"), "governance.view_breakglass")

    @extend_schema(request=NewBreakGlass, responses={201: BreakGlassSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Let nothing stop a system in an environment for some hours; another person reviews it afterwards."""
        form = NewBreakGlass(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            made = break_glass.open_glass(by=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=BreakGlassSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, **_kwargs: str) -> Response:
        """End it before its time."""
        with refusals_as_problems():
            break_glass.close(self.get_object(), by=person_of(request), now=timezone.now())
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=NewReview, responses=BreakGlassSerializer)
    @action(detail=True, methods=["post"])
    def review(self, request: Request, **_kwargs: str) -> Response:
        """Say, as another person and once it is over, whether it was justified and what came of it."""
        form = NewReview(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            break_glass.review(self.get_object(), by=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(self.get_serializer(self.get_object()).data)
