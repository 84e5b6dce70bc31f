"""Pipelines, and the exchange of their CI's identity for a token (the names are those of RFC 8693)."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance import pace, pipelines
from governance.api.refusals import refusals_as_problems
from governance.identity import LONGEST, NotBelieved
from governance.models import Pipeline
from registry.api import filters
from registry.api.people import person_of
from registry.api.problems import Problem
from registry.api.serializers import Slug
from registry.api.views import ReadOnly
from registry.models import System
from registry.upstream.base import UpstreamError

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
TOKEN_TYPES = ("urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token")
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name of RFC 8693, no secret
# Nobody has to be known to knock here, and each knock costs a signature.
A_MINUTE_FROM_ONE_ADDRESS = 600


class PipelineSerializer(serializers.ModelSerializer[Pipeline]):
    system = Slug()
    made_by = Slug(slug_field="username")
    agreed_by = Slug(slug_field="username")
    ended_by = Slug(slug_field="username")
    claims = serializers.DictField(child=serializers.CharField())
    environments = serializers.ListField(child=serializers.CharField())
    refs = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Pipeline
        fields = (
            "id",
            "system",
            "provider",
            "issuer",
            "audience",
            "claims",
            "environments",
            "refs",
            "made_by",
            "made_at",
            "agreed_by",
            "agreed_at",
            "ended_by",
            "ended_at",
            "last_used_at",
        )


class _Texts(serializers.ListField):
    child = serializers.CharField(max_length=300)


class NewPipeline(serializers.Serializer[None]):
    system = Slug(System.objects.all())
    provider = serializers.ChoiceField(choices=Pipeline.Provider.choices)
    issuer = serializers.CharField(
        max_length=200, required=False, help_text="Left out: that of github.com or gitlab.com."
    )
    audience = serializers.CharField(max_length=200, required=False, help_text="Left out: this server's own address.")
    claims = serializers.DictField(
        child=serializers.CharField(max_length=300),
        help_text="Word for word. GitHub: repository_id and repository_owner_id; GitLab: project_id and namespace_id; "
        "others: sub.",
    )
    environments = _Texts(required=False, default=list, max_length=20)
    refs = _Texts(required=False, default=list, max_length=20, help_text="As in refs/heads/main or refs/tags/v*.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs.setdefault("issuer", pipelines.ISSUERS.get(attrs["provider"], ""))
        attrs.setdefault("audience", settings.BASE_URL)
        return attrs


class Pipelines(ReadOnly):
    """Pipelines that may ask the gate about a system by the identity their CI gives them."""

    queryset = Pipeline.objects.select_related("system", "made_by", "agreed_by", "ended_by")
    serializer_class = PipelineSerializer
    filterset_class = filters.filters_of(Pipeline, "provider", system="system__slug")
    ordering = ("-pk",)
    # Who may agree or end is asked by the use case, freshly and inside its transaction.
    action_permissions = dict.fromkeys(("agree", "end"), "governance.view_pipeline")

    @extend_schema(request=NewPipeline, responses={201: PipelineSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Ask that a pipeline be trusted; it is once another person agrees."""
        form = NewPipeline(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        system = given.pop("system")
        with refusals_as_problems():
            row = pipelines.name(system, pipelines.Named(**given), by=person_of(request), now=timezone.now())
        return Response(PipelineSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=PipelineSerializer)
    @action(detail=True, methods=["post"])
    def agree(self, request: Request, **_kwargs: str) -> Response:
        """Let it in from now on; for a reviewer or an administrator who did not name it."""
        with refusals_as_problems():
            row = pipelines.agree(self.get_object(), by=person_of(request), now=timezone.now())
        return Response(PipelineSerializer(row).data)

    @extend_schema(request=None, responses=PipelineSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, **_kwargs: str) -> Response:
        """Trust it no more; tokens that it holds end with it."""
        with refusals_as_problems():
            row = pipelines.end(self.get_object(), by=person_of(request), now=timezone.now())
        return Response(PipelineSerializer(row).data)


class IdentityToExchange(serializers.Serializer[None]):
    grant_type = serializers.ChoiceField(choices=[(GRANT, "token exchange")])
    subject_token = serializers.CharField(max_length=LONGEST, help_text="The identity that the CI signed: a JWT.")
    subject_token_type = serializers.ChoiceField(choices=[(one, one.rpartition(":")[2]) for one in TOKEN_TYPES])
    scope = serializers.RegexField(r"^system:[-a-zA-Z0-9_]{1,50}\Z", help_text="As in system:product-search.")


class ExchangedToken(serializers.Serializer[Any]):
    access_token = serializers.CharField(help_text="Asks the gate about the one system, for 15 minutes.")
    issued_token_type = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    scope = serializers.CharField()


class ExchangeIdentity(APIView):
    """Where pipelines come without a secret."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        request=IdentityToExchange,
        responses={
            200: ExchangedToken,
            403: OpenApiResponse(description="The identity is not taken; `reason` says why."),
            429: OpenApiResponse(description="Too many from this address."),
            503: OpenApiResponse(description="The issuer's keys cannot be had now."),
        },
        operation_id="ci_token_create",
    )
    def post(self, request: Request) -> Response:
        """Exchange the identity of a CI job for a token of 15 minutes that asks the gate about one system."""
        now = timezone.now()
        address = pace.address_of(request.META, proxies=settings.PROXIES)
        if wait := pace.wait_for(f"ci:{address}", limit=A_MINUTE_FROM_ONE_ADDRESS, now=now):
            raise Throttled(wait)
        form = IdentityToExchange(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        try:
            _, text = pipelines.exchange(given["subject_token"], system=given["scope"].removeprefix("system:"), now=now)
        except NotBelieved as error:
            raise Problem(
                status_code=status.HTTP_403_FORBIDDEN,
                code="identity_refused",
                detail=str(error),
                reason=error.reason,
            ) from error
        except UpstreamError as error:
            raise Problem(
                status_code=status.HTTP_503_SERVICE_UNAVAILABLE, code="issuer_unreachable", detail=str(error)
            ) from error
        answer = Response(
            {
                "access_token": text,
                "issued_token_type": ACCESS_TOKEN,
                "token_type": "Bearer",
                "expires_in": int(pipelines.LIFETIME.total_seconds()),
                "scope": given["scope"],
            }
        )
        answer["Cache-Control"] = "no-store"
        return answer
