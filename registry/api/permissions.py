"""Who may do what through the API: the same permissions as in the web admin."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

_ACTIONS = {"GET": "view", "HEAD": "view", "OPTIONS": "view", "POST": "add", "PUT": "change", "PATCH": "change"}


class ModelPermission(BasePermission):
    """Asks for `app.action_model`, with the object where there is one.

    A view names another permission for an extra action in `action_permissions`: {"decide": "governance.decide_proposal"}.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated) and request.user.has_perm(_name(request, view))

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return request.user.has_perm(_name(request, view), obj)


def _name(request: Request, view: Any) -> str:
    named: dict[str, str] = getattr(view, "action_permissions", {})
    if view.action in named:
        return named[view.action]
    meta = view.queryset.model._meta
    return f"{meta.app_label}.{_ACTIONS.get(request.method or '', 'delete')}_{meta.model_name}"
