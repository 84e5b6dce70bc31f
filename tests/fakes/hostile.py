"""A server that answers one byte a second, without end, packed beyond all measure, or by leading in a circle.

`/good` answers as it should. Everything else answers in the `mode` of the moment; when each path was asked is kept.
"""

import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Self

MIB = 1024 * 1024
# So that what reads without a limit fills the memory of a machine in minutes, and not in seconds.
SECONDS_PER_MIB = 0.05


class Hostile:
    """`asked` is when each request came, in seconds since 1970, by its path; `open` how many are being answered."""

    def __init__(self, document: bytes) -> None:
        self.document, self.mode = document, ""
        self.asked: list[tuple[str, float]] = []
        self.open = 0
        self._lock = Lock()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def first_asked(self, path: str, *, since: float) -> float | None:
        """Seconds from `since` to the first request for `path` after it; None while there was none."""
        return next((at - since for asked, at in list(self.asked) if asked == path and at >= since), None)

    def answer(self, handler: "_Handler") -> None:
        with self._lock:
            self.asked.append((handler.path, time.time()))
            self.open += 1
        try:
            # Callers that hang up are what this is about.
            with suppress(OSError):
                _good(handler) if handler.path == "/good" else MODES[self.mode](handler)
        finally:
            with self._lock:
                self.open -= 1

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hostile: Hostile

    def do_GET(self) -> None:
        self.close_connection = True
        self.hostile.answer(self)

    def begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Quiet."""


def _handler_of(hostile: Hostile) -> type[_Handler]:
    return type("Handler", (_Handler,), {"hostile": hostile})


def _good(handler: _Handler) -> None:
    document = handler.hostile.document
    handler.begin(200, Content_Length=str(len(document)))
    handler.wfile.write(document)


def _drip(handler: _Handler) -> None:
    handler.begin(200, Content_Length="1000000")
    while True:
        handler.wfile.write(b" ")
        time.sleep(1)


def _endless(handler: _Handler) -> None:
    handler.begin(200, Transfer_Encoding="chunked")
    while True:
        handler.wfile.write(b"100000\r\n" + b" " * MIB + b"\r\n")
        time.sleep(SECONDS_PER_MIB)


def _bomb(handler: _Handler) -> None:
    handler.begin(200, Content_Encoding="gzip", Content_Length=str(len(_BOMB)))
    handler.wfile.write(_BOMB)


def _made(gibibytes: int) -> bytes:
    """A gzip that unpacks to so much: the same blocks again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    head = packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * 16 * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (64 * gibibytes)


_BOMB = _made(2)

MODES: dict[str, Callable[[_Handler], None]] = {
    "drip": _drip,
    "endless": _endless,
    "bomb": _bomb,
    "loop": lambda handler: handler.begin(302, Location=handler.path, Content_Length="0"),
}
