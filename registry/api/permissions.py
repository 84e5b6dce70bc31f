"""Who may do what through the API: the same permissions as in the web admin."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from registry import scope
from registry.api.problems import beyond_token

_ACTIONS = {"GET": "view", "HEAD": "view", "OPTIONS": "view", "POST": "add", "PUT": "change", "PATCH": "change"}


class ModelPermission(BasePermission):
    """Asks for `app.action_model`, with the object where there is one.

    A view names another permission for an extra action in `action_permissions`: {"decide": "governance.decide_proposal"}.
    A token that is bound to a system or a team is held to what belongs to it, whatever its person may do; a view that
    tells of all teams at once says so by `is_of_everybody`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        _hold_to_scope(request, view)
        return bool(request.user.is_authenticated) and request.user.has_perm(_name(request, view))

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return scope.reaches(obj) and request.user.has_perm(_name(request, view), obj)


def _hold_to_scope(request: Request, view: Any) -> None:
    inside, model = scope.bounds(), view.queryset.model
    if inside is None or not inside.is_scoped:
        return
    has_way = model in scope.WAYS or (request.method in SAFE_METHODS and model in scope.SHARED)
    if getattr(view, "is_of_everybody", False) or not has_way:
        raise beyond_token()


def _name(request: Request, view: Any) -> str:
    named: dict[str, str] = getattr(view, "action_permissions", {})
    if view.action in named:
        return named[view.action]
    meta = view.queryset.model._meta
    return f"{meta.app_label}.{_ACTIONS.get(request.method or '', 'delete')}_{meta.model_name}"
