"""Cursor pages: stable while rows arrive, and cheap at any depth."""

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Pages(CursorPagination):
    """`next`, `previous`, `results`; `?count=true` adds `count`, because counting is work that few callers need.

    A view names its order in `ordering`; the primary key makes it total.
    """

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "pk"

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> Any:
        self.count = queryset.count() if request.query_params.get("count") == "true" else None
        return super().paginate_queryset(queryset, request, view)

    def get_ordering(self, request: Request, queryset: Any, view: APIView) -> tuple[str, ...]:  # noqa: ARG002 - DRF's signature
        ordering = getattr(view, "ordering", None) or (self.ordering,)
        return tuple(ordering) if "pk" in ordering or "-pk" in ordering else (*ordering, "pk")

    def get_paginated_response(self, data: Any) -> Response:
        response = super().get_paginated_response(data)
        if self.count is not None:
            response.data = {"count": self.count, **response.data}
        return response

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        described["properties"]["count"] = {
            "type": "integer",
            "description": "Only with ?count=true.",
        }
        return described
