"""A real HTTP server on loopback that answers as a test says and keeps a log of what it was asked."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class FakeServer(ThreadingHTTPServer):
    """Follows `behaviours` in order and repeats the last one; `log` is append-only."""

    daemon_threads = True

    def __init__(self, *behaviours: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviours = behaviours
        self.log: list[Seen] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def behaviour(self, number: int) -> Behaviour:
        return self.behaviours[min(number, len(self.behaviours)) - 1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is part of these tests, not an error of the server."""


class _Handler(BaseHTTPRequestHandler):
    server: FakeServer

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.log.append(Seen(self.command, self.path, self.headers, body))
        self.server.behaviour(len(self.server.log))(self)

    do_GET = do_POST = do_CONNECT = handle_any  # noqa: N815  (names that http.server looks for)

    def log_message(self, *_: Any) -> None:
        """The log is `FakeServer.log`."""


def send(status: int, content_type: str, body: bytes, **headers: str) -> Behaviour:
    """A whole answer; a header `Retry_After` is sent as `Retry-After`."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def answer(document: object) -> Behaviour:
    """A 200 with `document` as JSON."""
    return send(200, "application/json", json.dumps(document).encode())


def problem(status: int, **members: object) -> Behaviour:
    """An RFC 9457 answer."""
    return send(status, "application/problem+json", json.dumps({"status": status, **members}).encode())


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Say nothing until the test is over."""
    handler.server.closing.wait(30)  # type: ignore[attr-defined]


def drip(handler: BaseHTTPRequestHandler) -> None:
    """A body that never stops to come, one byte at a time: no single read ever times out."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.server.closing.wait(0.05):  # type: ignore[attr-defined]
        handler.wfile.write(b" ")


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    handler.close_connection = True


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    """Promise more bytes than are sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"verdict": "pa')


def flood(handler: BaseHTTPRequestHandler) -> None:
    """Valid JSON, far larger than an answer may be."""
    size = 33 * 1024 * 1024
    handler.send_response(200)
    handler.send_header("Content-Length", str(size + 2))
    handler.end_headers()
    handler.wfile.write(b'"' + b"x" * size + b'"')


def tunnel_into(received: list[bytes]) -> Behaviour:
    """Grant a CONNECT, keep the first bytes that come through the tunnel, and close it."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        received.append(handler.connection.recv(1024))

    return behave
