"""Pages of answers: as many as were asked for, and fewer where they are long."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from governance.models import Check, Finding
from registry.api.pages import Pages

# An answer about 2,000 models has some 5,000 findings and 6 MB; fifty of them at once would cost gigabytes.
MOST_FINDINGS = 5_000


class CheckPages(Pages):
    """A page holds at most MOST_FINDINGS findings, but always one answer; `next` leads to the rest."""

    _fits: int | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> Any:
        self._fits = None
        bare = queryset.select_related(None).prefetch_related(None).only("checked_at")
        # By DRF's own cursor and not by `Pages`, which would count.
        rows: list[Check] = CursorPagination.paginate_queryset(self, bare, request, view) or []
        keys = [row.pk for row in rows]
        # Backwards, the nearest to the cursor is the last.
        self._fits = _how_many_fit(keys[::-1] if self.cursor is not None and self.cursor.reverse else keys)
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int | None:
        asked = super().get_page_size(request)
        return asked if asked is None or self._fits is None else min(asked, self._fits)


def _how_many_fit(keys: Sequence[Any]) -> int:
    """How many of the answers, from the first on, a page can hold."""
    counts = dict(Finding.objects.filter(check_run__in=keys).values_list("check_run").annotate(count=Count("pk")))
    total = 0
    for number, key in enumerate(keys):
        total += counts.get(key, 0)
        if total > MOST_FINDINGS:
            return max(number, 1)
    return max(len(keys), 1)
