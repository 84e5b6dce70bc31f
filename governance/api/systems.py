"""Systems with the evidence about them, and their bills of materials."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.boms import BODY, BillParser, BillQuery, BillRenderer, question
from governance.api.checks import CheckAnswerSerializer, unknown_environment
from governance.bom import download as bom_download
from governance.check import UnknownEnvironment, check
from governance.evidence import download
from governance.stored_answer import answer_of
from registry.api import resources
from registry.api.parsers import raw_body
from registry.api.people import asker_of
from registry.exports.cyclonedx import MEDIA_TYPE


class Systems(resources.Systems):
    """The organisation's applications."""

    action_permissions = {
        "evidence": "registry.view_system",
        "bom": "registry.view_system",
        "check_bom": "governance.add_check",
    }

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def evidence(self, request: Request, **_kwargs: str) -> HttpResponse:  # noqa: ARG002 - DRF's signature
        """All that there is to show about the system, as one ZIP that an auditor reads without the product."""
        return download(self.get_object(), now=timezone.now())

    @extend_schema(responses={(200, MEDIA_TYPE): OpenApiTypes.OBJECT})
    @action(
        detail=True,
        methods=["get"],
        filter_backends=[],
        pagination_class=None,
        renderer_classes=[BillRenderer, JSONRenderer],
        parser_classes=[BillParser],
    )
    def bom(self, request: Request, **_kwargs: str) -> HttpResponse:  # noqa: ARG002 - DRF's signature
        """The bill of materials: CycloneDX 1.6 with the system's models, their plans and the verdict."""
        return bom_download(self.get_object(), now=timezone.now())

    @extend_schema(parameters=[BillQuery], request=BODY, responses=CheckAnswerSerializer)
    @bom.mapping.post
    def check_bom(self, request: Request, **_kwargs: str) -> Response:
        """Ask whether the system may ship with the models of a CycloneDX file, JSON or XML, of at most 10 MiB."""
        system, form = self.get_object(), BillQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked = question(system.slug, raw_body(request), form.validated_data)
        try:
            answered = check(asked, asked_by=asker_of(request), now=timezone.now())
        except UnknownEnvironment as error:
            raise unknown_environment(error) from error
        return Response(answer_of(answered))
