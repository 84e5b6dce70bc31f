"""Gateways, and how what they do differs from what was approved."""

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.faults import faults_as_problem
from governance.drifts import read_gateway
from governance.models import Drift, Gateway, GatewayReport
from registry.api import filters
from registry.api.parsers import RawParser, raw_body
from registry.api.people import person_of
from registry.api.serializers import Slug
from registry.api.views import ReadOnly, Writable
from registry.imports.litellm import MAX_BYTES
from registry.models import Environment, System, Team


class GatewaySerializer(serializers.ModelSerializer[Gateway]):
    team = Slug(queryset=Team.objects.all())
    system = Slug(queryset=System.objects.all(), required=False, allow_null=True)
    environment = Slug(queryset=Environment.objects.all(), required=False, allow_null=True)

    class Meta:
        model = Gateway
        fields = ("slug", "name", "team", "system", "environment")


class DriftSerializer(serializers.ModelSerializer[Drift]):
    class Meta:
        model = Drift
        fields = ("rule", "level", "kind", "ref", "message", "fix", "place", "dependency")


class GatewayReportSerializer(serializers.ModelSerializer[GatewayReport]):
    gateway = Slug()
    read_by = Slug(slug_field="username")
    drifts = DriftSerializer(many=True, read_only=True)

    class Meta:
        model = GatewayReport
        fields = ("id", "gateway", "read_at", "read_by", "compared_at", "file_name", "drifts")


class ConfigurationParser(RawParser):
    limit = MAX_BYTES


class ConfigurationQuery(serializers.Serializer[None]):
    name = serializers.CharField(max_length=200, required=False, default="config.yaml")


_BODY = {"application/yaml": OpenApiTypes.BINARY, "application/json": OpenApiTypes.OBJECT}


class Gateways(Writable):
    """LiteLLM proxies whose configuration is held against the approved plans."""

    queryset = Gateway.objects.select_related("team", "system", "environment")
    serializer_class = GatewaySerializer
    lookup_field = "slug"
    filterset_class = filters.filters_of(Gateway, team="team__slug", system="system__slug")
    # Asked about the gateway whose configuration it is.
    action_permissions = {"read_configuration": "governance.change_gateway"}

    @extend_schema(parameters=[ConfigurationQuery], request=_BODY, responses=GatewayReportSerializer)
    @action(
        detail=True,
        methods=["post"],
        url_path="reports",
        parser_classes=[ConfigurationParser],
        filter_backends=[],
        pagination_class=None,
    )
    def read_configuration(self, request: Request, **_kwargs: str) -> Response:
        """Hand in the proxy's configuration (YAML or JSON, at most 1 MiB): the report says how it differs.

        Only names of models and routes are kept; keys, addresses and headers are not.
        """
        form = ConfigurationQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        with faults_as_problem("invalid_configuration"):
            report = read_gateway(
                self.get_object(),
                raw_body(request),
                file_name=form.validated_data["name"],
                person=person_of(request),
                now=timezone.now(),
            )
        return Response(GatewayReportSerializer(report).data)


class GatewayReports(ReadOnly):
    """How gateways differed from the approved plans, newest first."""

    queryset = GatewayReport.objects.select_related("gateway", "read_by").prefetch_related("drifts")
    serializer_class = GatewayReportSerializer
    filterset_class = filters.filters_of(GatewayReport, gateway="gateway__slug")
    ordering = ("-pk",)
