"""A Hub that speaks as much of the real one's API as we use: a real HTTP server with an append-only log.

Shapes, headers and error codes follow the Hub as measured: a missing repository is 404 with `X-Error-Code` under a
token and a bare 401 without one, a gated one answers 200, a renamed one redirects with 307.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

TOKEN = "hf_fake"
API = "/api/models"
PAGE = 1000
_BASIC = ("_id", "id")


@dataclass(frozen=True, slots=True)
class Request:
    """A line of the log."""

    path: str
    query: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


def repository(name: str, **fields: Any) -> dict[str, Any]:
    """What the Hub holds about a repository: open, Apache-2.0, with a sha and an `_id` made from its name."""
    digest = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    held: dict[str, Any] = {
        "_id": digest[:24],
        "id": name,
        "author": name.partition("/")[0],
        "sha": digest,
        "gated": False,
        "disabled": False,
        "private": False,
        "createdAt": "2024-07-01T00:00:00.000Z",
        "lastModified": "2025-01-01T00:00:00.000Z",
        "downloads": 100,
        "likes": 3,
        "pipeline_tag": "feature-extraction",
        "tags": ["transformers", "license:apache-2.0"],
        "cardData": {"license": "apache-2.0"},
    }
    return held | fields


class Hub:
    """`repositories` may be changed between requests; `log` holds every request in order."""

    def __init__(self, *names: str) -> None:
        self.repositories: dict[str, dict[str, Any]] = {name: repository(name) for name in names}
        self.renames: dict[str, str] = {}
        self.faults: dict[str, str] = {}
        self.log: list[Request] = []
        self.remaining = 500
        self._release, self._lock = Event(), Lock()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()

    def change(self, name: str, **fields: Any) -> None:
        """Let the repository `name` be otherwise from now on."""
        self.repositories[name] = self.repositories[name] | fields

    def rename(self, old: str, new: str) -> None:
        """As on the Hub: the same `_id` under another name, and the old one redirects."""
        self.repositories[new] = self.repositories.pop(old) | {"id": new, "author": new.partition("/")[0]}
        self.renames[old] = new

    def remove(self, name: str) -> None:
        del self.repositories[name]

    def fail(self, mode: str, *, on: str = "") -> None:
        """From now on requests whose path holds `on` go wrong; `mode` is a key of `FAULTS`."""
        self.faults[on] = mode

    def recover(self) -> None:
        self.faults.clear()

    def seed(self, metadata: Path, *, limit: int) -> None:
        """Take real ids, shas and licenses from the model metadata of the `mteb` package."""
        rows = [row for row in json.loads(metadata.read_text(encoding="utf-8")) if row.get("revision")]
        for row in rows[:limit]:
            license_ = row.get("license")
            base = row.get("adapted_from")
            bases = [base] if isinstance(base, str) else []
            held = repository(row["name"], sha=row["revision"])
            card = {"license": license_, "base_model": bases} if license_ else {"base_model": bases}
            self.repositories[row["name"]] = held | {
                "cardData": card,
                "tags": [f"license:{license_}"] if license_ else [],
            }

    def note(self, request: Request) -> None:
        with self._lock:
            self.log.append(request)
            self.remaining -= 1

    @property
    def asked(self) -> list[str]:
        """The ids that were asked for, in order."""
        return [request.path.removeprefix(f"{API}/") for request in self.log if request.path.startswith(f"{API}/")]

    def wait(self) -> None:
        self._release.wait(30)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up on a bad answer is what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        fault = next((mode for on, mode in self.server.hub.faults.items() if on in self.path), None)
        if fault is not None:
            FAULTS[fault](self)
        elif self._path == API:
            self._list()
        else:
            self._model(self._path.removeprefix(f"{API}/"))

    @property
    def _path(self) -> str:
        return urlsplit(self.path).path

    @property
    def _query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query)

    @property
    def _has_token(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _model(self, name: str) -> None:
        hub = self.server.hub
        by_key = {known.casefold(): known for known in hub.repositories}
        if name in hub.renames and name not in hub.repositories:
            self.answer(307, {}, {"Location": f"{API}/{hub.renames[name]}?{urlsplit(self.path).query}"})
        elif name.casefold() in by_key:
            self.answer(200, self._shown(hub.repositories[by_key[name.casefold()]]))
        elif self._has_token:
            self.answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        else:
            self.answer(401, {"error": "Invalid username or password."})

    def _list(self) -> None:
        hub, query = self.server.hub, self._query
        author = query.get("author", [""])[0]
        rows = [row for row in hub.repositories.values() if not author or row["author"] == author]
        rows.sort(key=lambda row: (row["createdAt"], row["_id"]))
        cursor = query.get("cursor", [""])[0]
        start = int(base64.urlsafe_b64decode(cursor)) if cursor else 0
        size = min(int(query.get("limit", [str(PAGE)])[0]), PAGE)
        headers = {}
        if start + size < len(rows):
            following = base64.urlsafe_b64encode(str(start + size).encode()).decode()
            rest = "&".join(f"{key}={one}" for key, many in query.items() if key != "cursor" for one in many)
            headers["Link"] = f'<{hub.url}{API}?{rest}&cursor={following}>; rel="next"'
        self.answer(200, [self._shown(row) for row in rows[start : start + size]], headers)

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """With `expand` only what was asked for, and the two ids that always come."""
        expand = self._query.get("expand")
        return row if expand is None else {name: row[name] for name in (*_BASIC, *expand) if name in row}

    def answer(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self.answer_raw(status, json.dumps(body).encode(), {"Content-Type": "application/json"} | dict(headers or {}))

    def answer_raw(self, status: int, body: bytes, headers: Mapping[str, str], *, length: int | None = None) -> None:
        self.start(status, headers)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Status, log line and headers, up to where the body's length is said."""
        hub = self.server.hub
        hub.note(Request(self._path, urlsplit(self.path).query, status, dict(self.headers)))
        self.send_response(status)
        limits = {
            "RateLimit": f'"api";r={max(hub.remaining, 0)};t=23',
            "RateLimit-Policy": '"fixed window";"api";q=500;w=300',
        }
        for name, value in (limits | dict(headers)).items():
            if value:
                self.send_header(name, value)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """The log that counts is `Hub.log`."""


def _status(status: int, headers: Mapping[str, str] | None = None) -> Any:
    return lambda handler: handler.answer(status, {"error": f"fault {status}"}, headers)


def _hang(handler: _Handler) -> None:
    handler.start(200, {})
    handler.server.hub.wait()


def _drip(handler: _Handler) -> None:
    handler.start(200, {})
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not handler.server.hub._release.wait(0.05):  # noqa: SLF001 - same module
        handler.wfile.write(b" ")
        handler.wfile.flush()


def _endless(handler: _Handler) -> None:
    handler.start(200, {"Content-Type": "application/json"})
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


def _html(handler: _Handler) -> None:
    handler.answer_raw(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})


def _truncated(handler: _Handler) -> None:
    handler.answer_raw(200, b'{"id": "a/b", "sha": "12', {}, length=4000)
    handler.close_connection = True


def _loop(handler: _Handler) -> None:
    handler.answer(307, {}, {"Location": handler.path})


def _bomb(handler: _Handler) -> None:
    handler.answer_raw(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})


FAULTS: dict[str, Any] = {
    "401": _status(401),
    "403": _status(403),
    "bad token": _status(401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
    "gated": _status(403, {"X-Error-Code": "GatedRepo"}),
    "disabled": _status(403, {"X-Error-Message": "Access to this resource is disabled."}),
    "plain 404": _status(404),
    "429": _status(429, {"RateLimit": '"api";r=0;t=170', "Retry-After": "170"}),
    "429 without headers": _status(429, {"RateLimit": "", "RateLimit-Policy": ""}),
    "500": _status(500),
    "503": _status(503),
    "hang": _hang,
    "drip": _drip,
    "endless": _endless,
    "html": _html,
    "empty": lambda handler: handler.answer_raw(200, b"", {}),
    "truncated": _truncated,
    "not json": lambda handler: handler.answer_raw(200, b"{oops", {}),
    "list": lambda handler: handler.answer(200, [1, 2]),
    "loop": _loop,
    "other host": lambda handler: handler.answer(307, {}, {"Location": "http://localhost:9/api/models/a/b"}),
    "weights": lambda handler: handler.answer(307, {}, {"Location": "/a/b/resolve/main/model.safetensors"}),
    "bomb": _bomb,
}
