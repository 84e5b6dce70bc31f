"""Where the Hugging Face Hub posts its webhooks. No person calls it: the shared secret is all there is to log in with."""

import hmac

from django.conf import settings
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api.problems import Problem, too_large
from registry.hints import Malformed, read, take

LARGEST = 64 * 1024


@extend_schema(exclude=True)
class HubWebhook(APIView):
    """Takes a webhook of version 3 as a hint.

    Without a session there is nothing that a forged form could use, so the view asks for no CSRF token (as every
    `APIView`) and for no login.
    """

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        """202 where a namespace will be read soon; 200 with the reason where the message changes nothing.

        A replay is refused by such a 200: whoever sends a message twice because the first answer was lost
        must not take it for a failure and send it again.
        """
        _require_secret(request)
        body = _body_of(request)
        try:
            reason = take(read(body), now=timezone.now())
        except Malformed as error:
            raise Problem(status_code=status.HTTP_400_BAD_REQUEST, code="invalid", detail=str(error)) from error
        if reason:
            return Response({"accepted": False, "reason": reason})
        return Response({"accepted": True}, status=status.HTTP_202_ACCEPTED)


def _require_secret(request: Request) -> None:
    if not settings.HF_WEBHOOK_SECRET:
        raise Http404("No webhook is set up: HF_WEBHOOK_SECRET is not set.")
    given = request.headers.get("X-Webhook-Secret", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), settings.HF_WEBHOOK_SECRET.encode()):
        raise Problem(
            status_code=status.HTTP_401_UNAUTHORIZED,
            code="wrong_secret",
            detail="The header X-Webhook-Secret does not carry the secret of this installation.",
        )


def _body_of(request: Request) -> bytes:
    body: bytes = request._request.read(LARGEST + 1)  # noqa: SLF001 - the stream, before DRF parses it
    if len(body) > LARGEST:
        raise too_large(LARGEST)
    return body
