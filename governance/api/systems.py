"""Systems with the evidence about them."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from governance.evidence import download
from registry.api import resources


class Systems(resources.Systems):
    """The organisation's applications."""

    action_permissions = {"evidence": "registry.view_system"}

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def evidence(self, request: Request, **_kwargs: str) -> HttpResponse:  # noqa: ARG002 - DRF's signature
        """All that there is to show about the system, as one ZIP that an auditor reads without the product."""
        return download(self.get_object(), now=timezone.now())
