"""A NUL in an address is refused before anything asks the database with it: PostgreSQL takes none in a text."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBadRequest
from django.http.response import HttpResponseBase


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """The middleware for our pages and the admin's lists. The API says by itself which field is wrong."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        is_ours = not request.path_info.startswith("/api/")
        if is_ours and ("\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")):
            return HttpResponseBadRequest("The address contains a NUL.", content_type="text/plain")
        return get_response(request)

    return respond
