"""Where buckets are kept so that all workers share them, and which place an installation uses."""

from collections.abc import Callable
from functools import cache
from typing import Protocol, TypeVar

from django.conf import settings

from registry.budget.bucket import Bucket
from registry.budget.in_redis import InRedis
from registry.budget.in_rows import InRows

Answer = TypeVar("Answer")


class Store(Protocol):
    def change(self, name: str, step: Callable[[Bucket], tuple[Bucket, Answer]]) -> Answer:
        """Put the bucket that `step` makes in the place of its own, as if no other worker were there.

        Returns what `step` answers. It may be called more than once; a bucket that nobody has changed is a new one.
        """


def chosen() -> Store:
    """Redis where there is one, with the database beside it; else the database alone."""
    return _store(settings.REDIS_URL)


@cache
def _store(redis_url: str) -> Store:
    return InRedis(redis_url, InRows()) if redis_url else InRows()
