"""The limits of the Hub: fixed windows of five minutes for each caller, and who did not wait for one to end.

Numbers and headers follow the Hub's page on rate limits: requests to the API and to files count apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Literal

from tests.fakes.hub.clock import Clock

WINDOW = timedelta(minutes=5)
Bucket = Literal["api", "resolvers"]
ANONYMOUS: Mapping[Bucket, int] = {"api": 500, "resolvers": 3000}
FREE: Mapping[Bucket, int] = {"api": 1000, "resolvers": 5000}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose requests are counted together; `token` is "" for those without one."""

    token: str
    bucket: Bucket


@dataclass(slots=True)
class Window:
    """`used` requests of `limit` until `ends_at`."""

    limit: int
    ends_at: datetime
    used: int = 0

    @property
    def is_exceeded(self) -> bool:
        return self.used > self.limit


class Quota:
    """`limit` stands for all buckets and callers; None for what the real Hub grants.

    Several workers of one caller may have requests on their way while one of them is told to wait: those that come in
    within `in_flight` of real time are not early.
    """

    def __init__(self, clock: Clock, limit: int | None = None) -> None:
        self.limit = limit
        self.in_flight = timedelta(0)
        self._clock, self._lock = clock, Lock()
        self._windows: dict[Caller, Window] = {}
        self._blocked_until: dict[Caller, datetime] = {}
        self._told_at: dict[Caller, float] = {}

    def count(self, caller: Caller) -> bool:
        """Count a request that has just come in. True: it is early, for the caller was told to wait."""
        with self._lock:
            now = self._clock.now()
            self._window(caller, now).used += 1
            is_on_its_way = monotonic() - self._told_at.get(caller, 0) < self.in_flight.total_seconds()
            return now < self._blocked_until.get(caller, now) and not is_on_its_way

    def is_exceeded(self, caller: Caller) -> bool:
        return self._windows[caller].is_exceeded

    def block(self, caller: Caller, wait: timedelta | None = None) -> int:
        """Tell the caller to wait, to the end of the window unless `wait` says otherwise; returns the seconds."""
        now = self._clock.now()
        until = self._windows[caller].ends_at if wait is None else now + wait
        if now >= self._blocked_until.get(caller, now):
            self._told_at[caller] = monotonic()
        self._blocked_until[caller] = max(until, self._blocked_until.get(caller, until))
        return _seconds(until - now)

    def headers(self, caller: Caller) -> dict[str, str]:
        window = self._windows[caller]
        left = max(window.limit - window.used, 0)
        return {
            "RateLimit": f'"{caller.bucket}";r={left};t={_seconds(window.ends_at - self._clock.now())}',
            "RateLimit-Policy": f'"fixed window";"{caller.bucket}";q={window.limit};w={_seconds(WINDOW)}',
        }

    def _window(self, caller: Caller, now: datetime) -> Window:
        window = self._windows.get(caller)
        if window is None or now >= window.ends_at:
            granted = FREE if caller.token else ANONYMOUS
            limit = granted[caller.bucket] if self.limit is None else self.limit
            window = self._windows[caller] = Window(limit, now + WINDOW)
        return window


def _seconds(length: timedelta) -> int:
    """Rounded up: who waits as long as this finds the window over."""
    return max(-(-length // timedelta(seconds=1)), 0)
