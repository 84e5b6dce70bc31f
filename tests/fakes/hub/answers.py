"""How the fake Hub speaks HTTP, whatever it says: status, headers, body, and a line in the log."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.hub.holdings import Holdings
from tests.fakes.hub.log import Request
from tests.fakes.hub.pages import API
from tests.fakes.hub.quota import Bucket, Caller

_BEARER = "Bearer "


class Answers(BaseHTTPRequestHandler):
    """One request after the other on a connection that stays open."""

    protocol_version = "HTTP/1.1"
    # Or every answer that goes out in two pieces waits 40 ms for the kernel's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    hub: Holdings
    note: str
    is_early: bool

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        self.place, self.query = unquote(asked.path), parse_qs(asked.query)
        self.respond(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def respond(self, body: bytes) -> None:
        """Answer the request that came with `body`."""
        raise NotImplementedError

    def begin(self) -> None:
        """Count the request before anything is answered."""
        self.note = ""
        self.is_early = self.hub.quota.count(self.caller)

    def proceed(self) -> None:
        """Answer as a Hub on which nothing goes wrong."""
        raise NotImplementedError

    def missing(self) -> None:
        """The Hub tells only callers it knows what is missing from what is private."""
        if self.has_token:
            self.answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        else:
            self.answer(401, {"error": "Invalid username or password."})

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix(_BEARER)

    @property
    def has_token(self) -> bool:
        return self.token in self.hub.tokens

    @property
    def caller(self) -> Caller:
        bucket: Bucket = "api" if self.place.startswith("/api/") and "/resolve" not in self.place else "resolvers"
        return Caller(self.token if self.has_token else "", bucket)

    @property
    def author(self) -> str:
        """The namespace that the request is about."""
        name = self.place.removeprefix("/api/resolve-cache/models/").removeprefix(f"{API}/").lstrip("/")
        return self.query.get("author", [""])[0] if self.place == API else name.partition("/")[0]

    def answer(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self.answer_raw(status, json.dumps(body).encode(), {"Content-Type": "application/json"} | dict(headers or {}))

    def answer_raw(self, status: int, body: bytes, headers: Mapping[str, str], *, length: int | None = None) -> None:
        self.start(status, headers)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Status, log line and headers, up to where the body's length is said. A header "" is left out."""
        self._log(status)
        self.send_response(status)
        for name, value in (self.hub.quota.headers(self.caller) | dict(headers)).items():
            if value:
                self.send_header(name, value)

    def _log(self, status: int) -> None:
        request = Request(
            path=self.place,
            query=urlsplit(self.path).query,
            status=status,
            headers=dict(self.headers),
            method=self.command,
            at=self.hub.clock.now(),
            has_token=self.has_token,
            note=self.note,
        )
        self.hub.requests.add(request, is_early=self.is_early)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """The log that counts is the Hub's."""
