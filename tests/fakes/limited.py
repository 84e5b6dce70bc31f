"""A server with fixed windows that judges its callers: who came while he was told to wait, and how full windows got."""

import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from threading import Lock, Thread
from typing import Any

# A request that comes so soon after a refusal was on its way when it was sent.
IN_FLIGHT = 0.5


@dataclass(slots=True)
class Limited:
    """`limit` requests in each window of `seconds`, which it advertises or not.

    `pauses` are yet to be asked for: after how many requests, and for how many seconds.
    """

    limit: int
    seconds: float
    advertises: bool = True
    pauses: list[tuple[int, float]] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    early: list[float] = field(default_factory=list)
    refused: int = 0
    _used: int = 0
    _ends_at: float = 0.0
    _told_at: float = 0.0
    _blocked_until: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    @property
    def fullest(self) -> int:
        """The most requests in any window, wherever it begins."""
        return max((bisect_left(self.seen, at + self.seconds) - n for n, at in enumerate(self.seen)), default=0)

    def answer(self, now: float) -> tuple[int, dict[str, str]]:
        """Count a request that came at `now`; the status and the headers for it."""
        with self._lock:
            self._count(now)
            if now < self._blocked_until:
                self.early += [now] if now > self._told_at + IN_FLIGHT else []
                return self._refuse(now)
            if self._wants_a_pause(now):
                self._told_at = now
                return self._refuse(now)
            return 200, self._headers(now)

    def _count(self, now: float) -> None:
        self.seen.append(now)
        if now >= self._ends_at:
            self._ends_at, self._used = now + self.seconds, 0
        self._used += 1

    def _wants_a_pause(self, now: float) -> bool:
        if self.pauses and len(self.seen) >= self.pauses[0][0]:
            self._blocked_until = now + self.pauses.pop(0)[1]
        elif self._used > self.limit:
            self._blocked_until = self._ends_at
        return self._blocked_until > now

    def _refuse(self, now: float) -> tuple[int, dict[str, str]]:
        self.refused += 1
        return 429, {"Retry-After": str(ceil(self._blocked_until - now))}

    def _headers(self, now: float) -> dict[str, str]:
        if not self.advertises:
            return {}
        left = max(self.limit - self._used, 0)
        return {
            "RateLimit": f'"api";r={left};t={ceil(self._ends_at - now)}',
            "RateLimit-Policy": f'"fixed window";"api";q={self.limit};w={self.seconds:g}',
        }


def handler_of(limited: Limited) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers = limited.answer(time.monotonic())
            body = b"{}"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Quiet."""

    return Handler


@contextmanager
def serving(limited: Limited) -> Iterator[str]:
    """Its address, while it runs in a thread of the test."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(limited))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
