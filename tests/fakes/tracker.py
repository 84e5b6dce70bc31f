"""A tracker that speaks as much of Jira's REST v3 as we use: a real HTTP server with an append-only log.

It judges nothing: duplicates are found in `created` and `comments`. Its search lags behind like the real one's.
"""

import json
import re
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

TOKEN_HEADER = "Basic dW5kZXJzdHVkeTp0b2tlbg=="  # understudy:token
_JQL = re.compile(r'^project = "(\w+)" AND labels = "([\w-]+)"')
_ISSUE = re.compile(r"^/rest/api/3/issue/([A-Z]+-\d+)$")
_COMMENT = re.compile(r"^/rest/api/3/issue/([A-Z]+-\d+)/comment$")


@dataclass
class Fault:
    """What goes wrong once, at the next request for which `when` holds. `after`: the request is processed first."""

    mode: str  # hang, reset, or a status
    when: Callable[[str, str], bool]
    after: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Issue:
    key: str
    fields: dict[str, Any]
    created: float
    comments: list[dict[str, Any]] = field(default_factory=list)


class Tracker:
    """`log` is every request in order, with what was processed; `reached` is set when a hang was reached."""

    def __init__(
        self, *, projects: tuple[str, ...] = ("OPS",), search_lag: float = 0.0, has_due_date: bool = True
    ) -> None:
        self.projects, self.search_lag, self.has_due_date = projects, search_lag, has_due_date
        self.log: list[tuple[str, str, str]] = []
        self.issues: dict[str, Issue] = {}
        self.faults: list[Fault] = []
        self.reached, self._release = Event(), Event()
        self._lock = Lock()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def fail(self, mode: str, *, on: str, after: bool = False, headers: dict[str, str] | None = None) -> None:
        """Let the next request of the kind `on` (search, create, update, comments, comment, any) go wrong."""
        self.faults.append(Fault(mode, _REQUESTS[on], after, headers or {}))

    def release(self) -> None:
        """Let go of whatever hangs; the answers go nowhere any more."""
        self._release.set()
        self._release, self.reached = Event(), Event()

    @property
    def labels(self) -> list[str]:
        """The label of every ticket that was ever created, in order: one twice is a duplicate."""
        return [issue.fields["labels"][1] for issue in self.issues.values()]

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.when(method, path):
                    self.faults.remove(fault)
                    return fault
        return None

    def hang(self) -> None:
        release = self._release
        self.reached.set()
        release.wait(60)

    def process(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            status, answer = self._answer(method, path, body)
            self.log.append((method, path, str(status)))
        return status, answer

    def _answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if (method, path) == ("POST", "/rest/api/3/search/jql"):
            return self._search(body)
        if (method, path) == ("POST", "/rest/api/3/issue"):
            return self._create(body["fields"])
        found = _ISSUE.match(path) or _COMMENT.match(path)
        if found is None or found[1] not in self.issues:
            return 404, {
                "errorMessages": ["Issue does not exist or you do not have permission to see it."],
                "errors": {},
            }
        issue = self.issues[found[1]]
        if _ISSUE.match(path):
            return self._update(issue, body["fields"])
        if method == "POST":
            issue.comments.append(body)
            return 201, {"id": str(len(issue.comments))}
        return 200, {"comments": issue.comments[::-1], "total": len(issue.comments)}

    def _search(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        found = _JQL.match(body["jql"])
        if found is None:
            return 400, {"errorMessages": [f"Error in the JQL Query: {body['jql']}"], "errors": {}}
        shown = monotonic() - self.search_lag
        issues = [
            {"id": "1", "key": issue.key, "fields": {name: issue.fields.get(name) for name in body.get("fields", [])}}
            for issue in self.issues.values()
            if issue.fields["project"]["key"] == found[1]
            and found[2] in issue.fields["labels"]
            and issue.created <= shown
        ]
        return 200, {"issues": issues[: body.get("maxResults", 50)], "isLast": True}

    def _create(self, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        project = fields["project"]["key"]
        if project not in self.projects:
            return 400, {"errorMessages": [], "errors": {"project": "valid project is required"}}
        if problem := self._no_due_date(fields):
            return problem
        key = f"{project}-{len(self.issues) + 1}"
        self.issues[key] = Issue(key, fields, monotonic())
        return 201, {"id": str(10_000 + len(self.issues)), "key": key, "self": f"{self.url}/rest/api/3/issue/{key}"}

    def _update(self, issue: Issue, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if problem := self._no_due_date(fields):
            return problem
        issue.fields |= fields
        return 204, {}

    def _no_due_date(self, fields: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        if self.has_due_date or "duedate" not in fields:
            return None
        message = "Field 'duedate' cannot be set. It is not on the appropriate screen, or unknown."
        return 400, {"errorMessages": [], "errors": {"duedate": message}}


_REQUESTS: dict[str, Callable[[str, str], bool]] = {
    "any": lambda _method, _path: True,
    "search": lambda _method, path: path.endswith("/search/jql"),
    "create": lambda method, path: method == "POST" and path.endswith("/issue"),
    "update": lambda method, _path: method == "PUT",
    "comments": lambda method, path: method == "GET" and path.endswith("/comment"),
    "comment": lambda method, path: method == "POST" and path.endswith("/comment"),
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, tracker: Tracker) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tracker = tracker

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is what the tests are about, and no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_GET  # noqa: N815 - the base class names it so
    do_PUT = do_GET  # noqa: N815 - the same

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """The tracker's own log is the one that counts."""

    def _serve(self) -> None:
        tracker, path = self.server.tracker, urlsplit(self.path).path
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        fault = tracker.take_fault(self.command, path)
        if fault is not None and not fault.after:
            self._go_wrong(fault)
            return
        if self.headers.get("Authorization") != TOKEN_HEADER:
            self._send(401, {"errorMessages": ["You are not authenticated."], "errors": {}})
            return
        status, answer = tracker.process(self.command, path, body)
        if fault is not None:
            self._go_wrong(fault)
            return
        self._send(status, answer)

    def _go_wrong(self, fault: Fault) -> None:
        self.close_connection = True
        if fault.mode == "hang":
            self.server.tracker.hang()
        elif fault.mode == "reset":
            # Closing with a linger of zero sends RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(int(fault.mode), {"errorMessages": ["A fault of the test."], "errors": {}}, fault.headers)

    def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = b"" if status == 204 else json.dumps(answer).encode()
        with suppress(OSError):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
