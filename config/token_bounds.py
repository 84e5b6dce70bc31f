"""What a token allows ends with the request that brought it: the thread goes on to another."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from registry.scope import unbound


def end_with_the_request(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """The middleware around each request; `governance.api.authentication` sets the bounds inside."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        with unbound():
            return get_response(request)

    return respond
