"""The bases of every resource."""

from typing import Any

from django.db import transaction
from django.http import Http404
from rest_framework import mixins, viewsets

from registry import scope
from registry.api.pages import Pages
from registry.api.permissions import ModelPermission


class ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """A resource one can list and read."""

    permission_classes = (ModelPermission,)
    pagination_class = Pages
    ordering: tuple[str, ...] = ("pk",)

    def get_queryset(self) -> Any:
        """The rows within the bounds of the token in use: what lies beyond is as absent as what never was."""
        return scope.narrow(super().get_queryset())

    def get_object(self) -> Any:
        """The row that the address names; a NUL, which PostgreSQL refuses to look for, names none."""
        if any("\x00" in part for part in self.kwargs.values()):
            raise Http404
        return super().get_object()


class Writable(mixins.CreateModelMixin, mixins.UpdateModelMixin, ReadOnly):
    """A resource one can also create and change (PATCH). Nothing in the register is deleted through the API."""

    http_method_names = ("get", "post", "patch", "head", "options")

    def perform_create(self, serializer: Any) -> None:
        # The object's own rules count for a new row as well: a member of one team adds nothing to another's.
        # They can be asked only once the row stands, so a refusal takes it back.
        with transaction.atomic():
            serializer.save()
            self.check_object_permissions(self.request, serializer.instance)

    def perform_update(self, serializer: Any) -> None:
        # Handing a row to another team is judged by where it was and by where it goes.
        with transaction.atomic():
            serializer.save()
            self.check_object_permissions(self.request, serializer.instance)
