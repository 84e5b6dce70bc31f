"""`POST /checks/`: the question of a pipeline, and its stored answer."""

from typing import Any, cast
from uuid import UUID

from django.utils import timezone
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import models
from governance.answer import Location
from governance.api.authentication import name_of_asker
from governance.api.check_diff import DiffSerializer, diff_of
from governance.api.check_pages import CheckPages
from governance.canonical import sha256_of
from governance.check import (
    MAX_MODELS,
    CheckRequest,
    RequestedModel,
    UnknownEnvironment,
    UnknownSystem,
    check,
    unknown_system,
)
from governance.idempotency import KEPT, LEASE, BadKey, KeyInUse, KeyReused, answer_once, read_key
from governance.stored_answer import answer_of
from governance.why import earlier_than, why
from registry.api import filters
from registry.api.people import asker_of
from registry.api.problems import Problem
from registry.api.views import ReadOnly
from registry.models import Environment
from registry.scope import reaches_system

# Seconds: longer than nearly every answer takes.
_ASK_AGAIN_AFTER = 1


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

    def to_internal_value(self, data: Any) -> Any:
        # Before each of them is read: what is too much should cost nothing, and say how much it is.
        models_ = data.get("models") if isinstance(data, dict) else None
        if isinstance(models_, list) and len(models_) > MAX_MODELS:
            said = f"{len(models_)} models; at most {MAX_MODELS} fit into one check. Ask in parts."
            raise serializers.ValidationError({"models": [said]})
        return super().to_internal_value(data)


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


class StaleSourceSerializer(serializers.Serializer[None]):
    """A source whose silence the answer suffers from: facts of it are older than two of its intervals."""

    slug = serializers.SlugField()
    name = serializers.CharField()
    silent_since = serializers.DateTimeField(help_text="When it last answered about a model in question.")
    last_success_at = serializers.DateTimeField(allow_null=True, help_text="Its last good poll, as it was then.")


class CheckAnswerSerializer(serializers.Serializer[None]):
    """A failing verdict is still a 200: the question was answered."""

    id = serializers.UUIDField()
    url = serializers.URLField()
    page_url = serializers.URLField(help_text="The same to be read by people, with what moved since the answer before.")
    verdict = serializers.ChoiceField(choices=models.Check.Verdict.choices)
    checked_at = serializers.DateTimeField()
    facts_as_of = serializers.DateTimeField(allow_null=True)
    stale_sources = StaleSourceSerializer(many=True)
    policy_version = serializers.IntegerField()
    environment_class = serializers.ChoiceField(
        choices=Environment.Class.choices,
        allow_null=True,
        help_text="As it was then, for who has to know whether an unknown verdict closes. null: not written down then.",
    )
    findings = FindingSerializer(many=True)
    digest = serializers.CharField(help_text="sha256 of what decides: system, environment, and models without places.")
    signed = serializers.CharField(
        allow_null=True,
        help_text="The verdict as a JSON Web Signature (EdDSA; keys at `/api/v1/keys/`), for who keeps it. null: not signed.",
    )


_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 printable ASCII characters, such as a UUID. The same key with the same body gives the same "
    f"stored answer for {KEPT.total_seconds() / 3600:g} hours.",
)
_IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)


class Checks(mixins.CreateModelMixin, ReadOnly):
    """What pipelines asked, and what was answered: an answer stays the same for ever."""

    queryset = models.Check.objects.select_related("system", "environment").prefetch_related("findings")
    serializer_class = CheckAnswerSerializer
    filterset_class = filters.filters_of(
        models.Check, "verdict", system="system__slug", environment="environment__slug"
    )
    ordering = ("-checked_at",)
    pagination_class = CheckPages

    @extend_schema(
        request=CheckRequestSerializer,
        parameters=[_IDEMPOTENCY_KEY],
        responses={
            200: CheckAnswerSerializer,
            404: OpenApiResponse(description="The system is not in the register (`unknown_system`)."),
            409: OpenApiResponse(
                description="The key is in use (`idempotency_key_in_use`): ask again after `Retry-After` seconds."
            ),
            413: OpenApiResponse(description="The body is too large (`too_large`)."),
            422: OpenApiResponse(
                description="The environment is not in the register (`unknown_environment`), or the key came with "
                "another body before (`idempotency_key_reused`)."
            ),
        },
    )
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Ask whether a system may ship with these models. Always 200 when the question could be answered."""
        form = CheckRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            return _answered(request, _question(form.validated_data))
        except UnknownSystem as error:
            raise Problem(status_code=status.HTTP_404_NOT_FOUND, code="unknown_system", detail=str(error)) from error
        except UnknownEnvironment as error:
            raise unknown_environment(error) from error

    @extend_schema(
        parameters=[_IF_NONE_MATCH],
        responses={200: CheckAnswerSerializer, 304: OpenApiResponse(description="You have it already.")},
    )
    def retrieve(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """A stored answer, with an ETag: it stays the same for ever."""
        answer = answer_of(self.get_object())
        etag = f'"{sha256_of(answer)[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        response = Response(answer, headers=headers)
        # Without a body for who has it already; that one is Django's own and passes as it is.
        return cast("Response", get_conditional_response(request._request, etag=etag, response=response))  # noqa: SLF001 - DRF's own name for it

    @extend_schema(
        parameters=[
            OpenApiParameter("against", UUID, description="An earlier check of the same system and environment.")
        ],
        responses=DiffSerializer,
    )
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def diff(self, request: Request, **_kwargs: str) -> Response:
        """Why red since yesterday? What moved since the last answer before it that found something else.

        Where none ever did, since the one right before it.
        """
        row = self.get_object()
        return Response(diff_of(why(row, against=_against(row, request.query_params.get("against", "")))))

    @extend_schema(responses=CheckAnswerSerializer(many=True))
    def list(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        """List checks, the newest first. A page holds fewer than were asked for where they are long; `next` leads on."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([answer_of(row) for row in page or []])


def unknown_environment(error: UnknownEnvironment) -> Problem:
    return Problem(status_code=status.HTTP_422_UNPROCESSABLE_ENTITY, code="unknown_environment", detail=str(error))


def _against(row: models.Check, wanted: str) -> models.Check | None:
    """The earlier check that was asked for; None where none was."""
    if not wanted:
        return None
    try:
        return earlier_than(row).get(pk=UUID(wanted))
    except (ValueError, models.Check.DoesNotExist):
        detail = "It is no earlier check of the same system and environment."
        raise serializers.ValidationError({"against": [detail]}) from None


def _answered(request: Request, question: CheckRequest) -> Response:
    """The answer; a question under a key that was answered before gets what it got then."""
    person, now, header = asker_of(request), timezone.now(), request.headers.get("Idempotency-Key")
    if header is None:
        return Response(answer_of(check(question, asked_by=person, now=now)))
    try:
        claim = models.IdempotencyKey(
            asker=name_of_asker(request), key=read_key(header), digest=sha256_of(request.data)
        )
        found, is_old = answer_once(claim, lambda row: check(question, asked_by=person, now=now, key=row), now=now)
    except BadKey as error:
        raise Problem(status_code=status.HTTP_400_BAD_REQUEST, code="bad_idempotency_key", detail=str(error)) from error
    except KeyReused as error:
        raise Problem(
            status_code=status.HTTP_422_UNPROCESSABLE_ENTITY,
            code="idempotency_key_reused",
            detail="This Idempotency-Key came with another body before. Take a new key for a new question.",
        ) from error
    except KeyInUse as error:
        raise Problem(
            status_code=status.HTTP_409_CONFLICT,
            code="idempotency_key_in_use",
            wait=_ASK_AGAIN_AFTER,
            detail="A request with this Idempotency-Key is being answered. Ask again in a second; a request that died "
            f"gives its key back after {LEASE.total_seconds():g} seconds.",
        ) from error
    # The key is the person's, and another token of theirs may be bound to another system.
    if is_old and not reaches_system(found.system_id):
        raise unknown_system(question.system)
    return Response(answer_of(found), headers={"Idempotency-Replayed": "true"} if is_old else None)


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
