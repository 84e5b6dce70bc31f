"""Who asks by a token: `Authorization: Bearer ustd_…`, or `Token` in the place of `Bearer`."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from governance import tokens
from governance.models import Pipeline, Token
from governance.pace import wait_for
from registry import scope
from registry.api.people import person_of
from registry.models import User

_KEYWORDS = {"bearer", "token"}
_CHECKS = "checks-"
# A question by a list of models, and by a bill of materials.
_QUESTIONS = {"checks-list", "systems-bom"}


class Machine:
    """A pipeline that asks: no person, no role, and no right but to ask the gate about its system."""

    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False
    pk = id = None

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def __str__(self) -> str:
        return str(self.pipeline)

    def has_perm(self, permission: str, _row: object = None) -> bool:
        return permission in {"governance.add_check", "governance.view_check"}


def name_of_asker(request: Request) -> str:
    """Who asks, as text that is no other's: `person:3`, `pipeline:7`."""
    if isinstance(request.user, Machine):
        return f"pipeline:{request.user.pipeline.pk}"
    return f"person:{person_of(request).pk}"


class TokenAuthentication(BaseAuthentication):
    """Lets in whoever holds a token that is alive, and holds the request to the token's kind and scope."""

    def authenticate(self, request: Request) -> tuple[User | Machine, Token] | None:
        keyword, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if keyword.lower() not in _KEYWORDS:
            return None
        now = timezone.now()
        token = tokens.find(text.strip(), now=now)
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked, or its owner's account is off.")
        _refuse_beyond_kind(token, request)
        # By whose it is, not by token: to make more of them buys nothing.
        if wait := wait_for(f"api:{token.person_id}:{token.pipeline_id}", limit=settings.API_LIMIT, now=now):
            raise Throttled(wait)
        scope.enter(token.bounds)
        if token.person is not None:
            return token.person, token
        assert token.pipeline is not None  # noqa: S101 - a constraint of the table
        return Machine(token.pipeline), token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return 'Bearer realm="understudy"'


def _refuse_beyond_kind(token: Token, request: Request) -> None:
    """By address and method alone, before any view is asked: what is not named here is refused."""
    address = getattr(request.resolver_match, "url_name", None) or ""
    reads = request.method in SAFE_METHODS and (address.startswith(_CHECKS) or address == "badge")
    asks_the_gate = reads or (request.method == "POST" and address in _QUESTIONS)
    match token.kind:
        case Token.Kind.WRITE:
            is_allowed = True
        case Token.Kind.READ:
            is_allowed = request.method in SAFE_METHODS or asks_the_gate
        case _:
            is_allowed = asks_the_gate
    if not is_allowed:
        message = f"This token is of the kind “{token.get_kind_display()}”, which does not do that."
        raise PermissionDenied(message, "token_kind")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library declares no types here
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:  # noqa: ARG002 - its signature
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ustd_", "description": "A token of Understudy."}
