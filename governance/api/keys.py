"""The public keys by which a signed verdict is verified."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.signing import published_keys


class KeySerializer(serializers.Serializer[Any]):
    kty = serializers.CharField()
    crv = serializers.CharField()
    x = serializers.CharField(
        help_text="The public key, 32 bytes as base64url. A client is given it by its configuration."
    )
    kid = serializers.CharField()
    use = serializers.CharField()
    alg = serializers.CharField()


class KeySetSerializer(serializers.Serializer[Any]):
    keys = KeySerializer(many=True)


class Keys(APIView):
    """Public by their nature: whoever verifies a verdict needs no account."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses=KeySetSerializer, auth=[])
    def get(self, _request: Request) -> Response:
        """The public keys of signed verdicts as a JSON Web Key Set (RFC 7517, RFC 8037); the one that signs comes first."""
        return Response({"keys": published_keys()}, headers={"Cache-Control": "public, max-age=300"})
