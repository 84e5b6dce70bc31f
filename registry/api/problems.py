"""Errors as RFC 9457 problem details with a stable `code`."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.defaults import page_not_found
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler


class Problem(exceptions.APIException):
    """An error with its own status and code; `extra` is put beside the standard members.

    `wait` in seconds becomes the header Retry-After.
    """

    def __init__(self, *, status_code: int, code: str, detail: str, wait: int | None = None, **extra: Any) -> None:
        super().__init__(detail, code)
        self.status_code = status_code
        self.code = code
        self.wait = wait
        self.extra = extra


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: what DRF or Django refuse becomes problem details; None lets the error be a 500."""
    if isinstance(error, ValidationError):
        error = exceptions.ValidationError(_messages(error))
    if isinstance(error, RequestDataTooBig):
        error = too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = {
        "type": "about:blank",
        "title": HTTPStatus(response.status_code).phrase,
        "status": response.status_code,
        "code": _code(error),
        "detail": _detail(error, response.data),
        **(error.extra if isinstance(error, Problem) else {}),
    }
    if isinstance(error, exceptions.ValidationError):
        response.data["errors"] = list(_field_errors(error.detail))
    response.content_type = "application/problem+json"
    return response


def no_such_address(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's answer to an address that leads nowhere, which no view of DRF sees: of the API, a problem as well."""
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    document = {
        "type": "about:blank",
        "title": HTTPStatus.NOT_FOUND.phrase,
        "status": HTTPStatus.NOT_FOUND.value,
        "code": "not_found",
        "detail": f"There is no {request.path}. /api/v1/docs/ lists what there is.",
    }
    return JsonResponse(document, status=HTTPStatus.NOT_FOUND, content_type="application/problem+json")


def _messages(error: ValidationError) -> Any:
    return error.message_dict if hasattr(error, "error_dict") else error.messages


def _code(error: Exception) -> str:
    if isinstance(error, Problem):
        return error.code
    if isinstance(error, exceptions.ValidationError):
        return "invalid"
    if isinstance(error, Http404):
        return "not_found"
    if isinstance(error, PermissionDenied):
        return "permission_denied"
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
        return codes if isinstance(codes, str) else error.default_code
    return "error"


def _detail(error: Exception, data: Any) -> str:
    if isinstance(error, exceptions.ValidationError):
        first = next(iter(_field_errors(error.detail)), {"field": "", "message": "The request is not valid."})
        return f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return str(data.get("detail", "")) if isinstance(data, dict) else str(data)


def _field_errors(detail: Any, path: str = "") -> Any:
    """Each message with the path of its field, as `models[2].ref`."""
    if isinstance(detail, dict):
        for field, inner in detail.items():
            inner_path = f"{path}[{field}]" if isinstance(field, int) else f"{path}.{field}".strip(".")
            yield from _field_errors(inner, "" if field == "non_field_errors" and not path else inner_path)
    elif isinstance(detail, list) and any(isinstance(inner, dict | list) for inner in detail):
        for index, inner in enumerate(detail):
            yield from _field_errors(inner, f"{path}[{index}]")
    elif isinstance(detail, list):
        for message in detail:
            yield {"field": path, "message": str(message)}
    else:
        yield {"field": path, "message": str(detail)}


def too_large(limit: int) -> Problem:
    return Problem(
        status_code=status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
        code="too_large",
        detail=f"The body is larger than {limit:,} bytes; split the request.",
    )


def beyond_token() -> Problem:
    """What a token refuses that is bound to a system or a team."""
    return Problem(
        status_code=status.HTTP_403_FORBIDDEN,
        code="beyond_token",
        detail="This token is bound to one system or team, and this is no matter of it. Use one without a scope.",
    )
