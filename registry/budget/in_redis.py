"""Buckets in Redis, which counts without a write to the database for each request.

Redis may lose what it held, so a pause that upstream asked for is kept in the database as well and looked up before
each request; and while Redis is down the database counts.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from registry.budget.bucket import LONGEST_BLOCK, Bucket, blocked
from registry.budget.in_rows import InRows
from registry.budget.state import from_text, to_text

Answer = TypeVar("Answer")

PREFIX = "understudy:budget:"
# Longer than any pause or window, so that nothing that still counts is forgotten.
_EXPIRY = int(LONGEST_BLOCK * 7)

logger = logging.getLogger(__name__)


class InRedis:
    def __init__(self, url: str, rows: InRows) -> None:
        # No retries: they sleep, and the database is there. Any, as the hints of `transaction` know no function with a result.
        self._redis: Any = Redis.from_url(
            url, socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0), decode_responses=True
        )
        self._rows = rows

    def change(self, name: str, step: Callable[[Bucket], tuple[Bucket, Answer]]) -> Answer:
        blocked_until = self._rows.blocked_until(name)
        try:
            bucket, answer = self._compare_and_set(name, lambda bucket: step(blocked(bucket, blocked_until)))
        except RedisError as error:
            logger.warning("Redis cannot be reached, so the database counts the requests of %s: %s", name, error)
            return self._rows.change(name, step)
        if bucket.blocked_until > blocked_until:
            self._rows.change(name, lambda kept: (blocked(kept, bucket.blocked_until), None))
        return answer

    def _compare_and_set(self, name: str, step: Callable[[Bucket], tuple[Bucket, Answer]]) -> tuple[Bucket, Answer]:
        """Redis refuses what rests on a bucket that another worker has changed meanwhile, and we try again.

        So the arithmetic stays in `bucket`, and is not written a second time in Redis's own language.
        """
        key = f"{PREFIX}{name}"

        def attempt(pipe: Any) -> tuple[Bucket, Answer]:
            bucket, answer = step(from_text(pipe.get(key)))
            pipe.multi()
            pipe.set(key, to_text(bucket), ex=_EXPIRY)
            return bucket, answer

        made: tuple[Bucket, Answer] = self._redis.transaction(attempt, key, value_from_callable=True)
        return made
