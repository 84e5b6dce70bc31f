"""How the API describes itself: a line for each operation that tells it from the others in the list of all."""

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """An operation with a docstring of its own is summed up by the beginning of it; a plain one by its verb."""

    def get_summary(self) -> str | None:
        view: Any = self.view
        operation = getattr(view, "action", None) or self.method.lower()
        if said := getattr(view, operation).__doc__:
            return re.split(r"[.:;](?:\s|$)", " ".join(said.split()), maxsplit=1)[0]
        row = view.queryset.model._meta
        return {
            "list": f"List {row.verbose_name_plural}",
            "retrieve": f"Read one {row.verbose_name}",
            "create": f"Add one {row.verbose_name}",
            "partial_update": f"Change one {row.verbose_name}",
        }.get(operation)
