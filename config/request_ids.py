"""A name for every request: in the answer's `X-Request-ID`, and in each line of audit that the request leaves."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from governance.doors import Door, through

HEADER = "X-Request-ID"
# A proxy or a pipeline may bring its own; what does not look like one is replaced, not passed on.
_GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_DOORS = (("/api/", Door.API), ("/hooks/", Door.HOOK))


def name_requests(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """The middleware that names each request and opens the door it came through."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        request_id = given if _GIVEN.fullmatch(given) else uuid4().hex
        with through(_door_of(request.path_info), request_id):
            response = get_response(request)
        response.headers[HEADER] = request_id
        return response

    return respond


def _door_of(path: str) -> Door:
    return next((door for prefix, door in _DOORS if path.startswith(prefix)), Door.ADMIN)
