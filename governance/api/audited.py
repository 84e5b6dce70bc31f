"""Writes to the register through the API leave a line in the audit chain.

The register's own views know nothing of governance; `audited` wraps them where the addresses are put together.
"""

from typing import Any

from django.db import transaction
from django.db.models import Model
from rest_framework.viewsets import GenericViewSet

from governance import audit
from governance.canonical import JSON
from governance.snapshot import snapshot


def audited(view: type[GenericViewSet[Any]]) -> type[GenericViewSet[Any]]:
    """`view` with an audit entry in the transaction of each create and update."""
    return type(view.__name__, (_Audited, view), {"__doc__": view.__doc__, "__module__": view.__module__})


class _Audited:
    request: Any

    def perform_create(self, serializer: Any) -> None:
        with transaction.atomic():
            super().perform_create(serializer)  # type: ignore[misc]  # the view that this is mixed into
            self._record(serializer.instance, "created", before=None, after=snapshot(serializer.instance))

    def perform_update(self, serializer: Any) -> None:
        before = snapshot(serializer.instance)
        with transaction.atomic():
            super().perform_update(serializer)  # type: ignore[misc]  # the view that this is mixed into
            self._record(serializer.instance, "changed", before=before, after=snapshot(serializer.instance))

    def _record(self, row: Model, verb: str, *, before: dict[str, JSON] | None, after: dict[str, JSON]) -> None:
        tag = f"api:{row._meta.model_name}:{verb}"
        audit.record(tag, row, actor=self.request.user, before=before, after=after)
