"""`GET /systems/{slug}/badge.svg`: the last verdict as a picture."""

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from governance.badge import Badge, opens
from governance.canonical import sha256_of
from governance.models import Check
from registry.models import Environment, System
from registry.scope import reaches_system

DEFAULT_ENVIRONMENT = "production"


class SVGRenderer(JSONRenderer):
    """Lets a page ask for a picture. The view draws it by itself, so what is left to render is a problem, which is JSON."""

    media_type = "image/svg+xml"
    format = "svg"


class SystemBadge(APIView):
    """For whoever may see systems, and for who was given the link with its key, which shows this one badge alone."""

    permission_classes = (AllowAny,)
    renderer_classes = (SVGRenderer, *APIView.renderer_classes)

    @extend_schema(
        operation_id="systems_badge",
        parameters=[
            OpenApiParameter("environment", str, description=f"By slug; {DEFAULT_ENVIRONMENT} where it is left out."),
            OpenApiParameter(
                "key", str, description="In place of a token; the page of the gate shows the link with it."
            ),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
        ],
        responses={
            (200, "image/svg+xml"): OpenApiTypes.STR,
            304: OpenApiResponse(description="You have it already."),
            401: OpenApiResponse(description="Neither a token nor the key of this badge."),
            404: OpenApiResponse(description="There is no such system or environment."),
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """The verdict of the last check of a system in an environment, as an SVG with a text for who cannot see it."""
        environment = request.query_params.get("environment", DEFAULT_ENVIRONMENT)
        if not opens(request.query_params.get("key", ""), slug, environment):
            _require_person(request)
            _require_reach(slug)
        svg = _badge(slug, environment).as_svg()
        etag = f'"{sha256_of(svg)[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, max-age=60", "Vary": "Authorization, Cookie"}
        response = HttpResponse(svg, content_type="image/svg+xml; charset=utf-8", headers=headers)
        kept: HttpResponseBase | None = get_conditional_response(request._request, etag=etag, response=response)  # noqa: SLF001 - DRF's own name for it
        return kept or response


def _require_person(request: Request) -> None:
    if not request.user.is_authenticated:
        raise NotAuthenticated
    if not (request.user.has_perm("registry.view_system") and request.user.has_perm("governance.view_check")):
        raise PermissionDenied


def _require_reach(slug: str) -> None:
    """To a token that is bound to another system this one is absent."""
    system = System.objects.filter(slug=slug).first()
    if system is None or not reaches_system(system.pk):
        raise Http404


def _badge(slug: str, environment: str) -> Badge:
    if "\x00" in environment or not System.objects.filter(slug=slug).exists():
        raise Http404
    if not Environment.objects.filter(slug=environment).exists():
        raise Http404
    last = Check.objects.filter(system__slug=slug, environment__slug=environment).order_by("-checked_at").first()
    verdict, day = (str(last.verdict), last.checked_at.date()) if last else ("", None)
    return Badge(system=slug, environment=environment, verdict=verdict, checked_on=day)
