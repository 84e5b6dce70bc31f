"""`POST /checks/`: the question of a pipeline, and its stored answer."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from governance import models
from governance.answer import Location
from governance.check import (
    MAX_MODELS,
    CheckRequest,
    RequestedModel,
    UnknownEnvironment,
    UnknownSystem,
    answer_of,
    check,
)
from registry.api import filters
from registry.api.people import asker_of
from registry.api.problems import Problem
from registry.api.views import ReadOnly


class RawText(serializers.CharField):
    """Text as it came, control characters included: what is wrong with a ref is a finding and not an error."""

    default_validators: list[Any] = []

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, allow_blank=True, **kwargs)
        self.validators = [v for v in self.validators if type(v).__name__ != "ProhibitNullCharactersValidator"]


class LocationSerializer(serializers.Serializer[None]):
    path = serializers.CharField(max_length=1000)
    line = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)


class RequestedModelSerializer(serializers.Serializer[None]):
    ref = RawText(help_text="A purl, a Hub id, provider/model or a name that the system uses.")
    via = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    revision = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    purpose = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    locations = LocationSerializer(many=True, required=False, default=list)


class CheckRequestSerializer(serializers.Serializer[None]):
    system = serializers.CharField(max_length=100)
    environment = serializers.CharField(max_length=100)
    models = serializers.ListField(child=RequestedModelSerializer(), allow_empty=False, max_length=MAX_MODELS)
    complete = serializers.BooleanField(
        required=False,
        default=False,
        help_text="The list names every model that the system uses there: what it declares beyond them is told (UD107).",
    )
    commit = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    source_url = serializers.URLField(max_length=500, required=False, allow_blank=True, default="")


class WaiverNote(serializers.Serializer[None]):
    until = serializers.DateField()
    reason = serializers.CharField()
    proposal = serializers.CharField()


class FindingSerializer(serializers.Serializer[None]):
    rule = serializers.CharField()
    level = serializers.ChoiceField(choices=models.Level.choices)
    ref = serializers.CharField()
    message = serializers.CharField()
    fix = serializers.CharField()
    help_url = serializers.URLField()
    waiver = WaiverNote(allow_null=True)
    locations = LocationSerializer(many=True)


class CheckAnswerSerializer(serializers.Serializer[None]):
    """A failing verdict is still a 200: the question was answered."""

    id = serializers.UUIDField()
    url = serializers.URLField()
    verdict = serializers.ChoiceField(choices=models.Check.Verdict.choices)
    checked_at = serializers.DateTimeField()
    facts_as_of = serializers.DateTimeField(allow_null=True)
    policy_version = serializers.IntegerField()
    findings = FindingSerializer(many=True)


class Checks(mixins.CreateModelMixin, ReadOnly):
    """What pipelines asked, and what was answered: an answer stays the same for ever."""

    queryset = models.Check.objects.select_related("system", "environment").prefetch_related("findings")
    serializer_class = CheckAnswerSerializer
    filterset_class = filters.filters_of(
        models.Check, "verdict", system="system__slug", environment="environment__slug"
    )
    ordering = ("-checked_at",)

    @extend_schema(
        request=CheckRequestSerializer,
        responses={
            200: CheckAnswerSerializer,
            404: OpenApiResponse(description="The system is not in the register."),
            422: OpenApiResponse(description="The environment is not in the register."),
        },
    )
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Ask whether a system may ship with these models. Always 200 when the question could be answered."""
        form = CheckRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            answered = check(_question(form.validated_data), asked_by=asker_of(request), now=timezone.now())
        except UnknownSystem as error:
            raise Problem(status_code=status.HTTP_404_NOT_FOUND, code="unknown_system", detail=str(error)) from error
        except UnknownEnvironment as error:
            raise Problem(
                status_code=status.HTTP_422_UNPROCESSABLE_ENTITY, code="unknown_environment", detail=str(error)
            ) from error
        return Response(answer_of(answered))

    @extend_schema(responses=CheckAnswerSerializer)
    def retrieve(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(answer_of(self.get_object()))

    @extend_schema(responses=CheckAnswerSerializer(many=True))
    def list(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([answer_of(row) for row in page or []])


def _question(data: dict[str, Any]) -> CheckRequest:
    return CheckRequest(
        system=data["system"],
        environment=data["environment"],
        is_complete=data["complete"],
        commit=data["commit"],
        source_url=data["source_url"],
        models=tuple(
            RequestedModel(
                ref=wanted["ref"],
                via=wanted["via"] or None,
                revision=wanted["revision"] or None,
                purpose=wanted["purpose"] or None,
                locations=tuple(Location(path=at["path"], line=at["line"]) for at in wanted["locations"]),
            )
            for wanted in data["models"]
        ),
    )
