"""Buckets as rows of the database, for an installation without Redis and for one whose Redis is down."""

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from registry.budget.bucket import Bucket
from registry.budget.state import from_json, to_json
from registry.models import RequestBudget

Answer = TypeVar("Answer")


class InRows:
    def change(self, name: str, step: Callable[[Bucket], tuple[Bucket, Answer]]) -> Answer:
        """PostgreSQL locks the row; SQLite, which begins IMMEDIATE, everything. Neither for longer than this takes."""
        with transaction.atomic():
            RequestBudget.objects.get_or_create(key=name, defaults={"updated_at": timezone.now()})
            row = RequestBudget.objects.select_for_update().get(key=name)
            bucket, answer = step(from_json(row.state))
            row.state, row.updated_at = to_json(bucket), timezone.now()
            row.save(update_fields=["state", "updated_at"])
        return answer

    def blocked_until(self, name: str) -> float:
        """The end of the pause that upstream asked for, 0 if it never did."""
        row = RequestBudget.objects.filter(key=name).first()
        return from_json(row.state).blocked_until if row else 0.0
