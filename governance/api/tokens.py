"""Tokens for the API: shown once, kept as a hash, valid for 90 days."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance import tokens
from registry.api.people import person_of


class NewToken(serializers.Serializer[Any]):
    token = serializers.CharField(
        read_only=True, help_text="Send it as `Authorization: Token …`. It is shown only now."
    )
    expires_at = serializers.DateTimeField(read_only=True)


class Tokens(APIView):
    """Exchange a user name and password, or a session, for a token that acts as that person."""

    authentication_classes = (BasicAuthentication, SessionAuthentication)

    @extend_schema(request=None, responses={201: NewToken}, operation_id="tokens_create")
    def post(self, request: Request) -> Response:
        """Exchange a user name and password, or a session, for a token that acts as that person."""
        row, token = tokens.make(person_of(request), by=person_of(request))
        return Response({"token": token, "expires_at": row.expiry}, status=status.HTTP_201_CREATED)
