"""What was asked of the fake Hub, in order; nothing is ever taken out again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

WEIGHTS = "weights asked"


@dataclass(frozen=True, slots=True)
class Request:
    """A line of the log. `note` says what was wrong with asking, "" for nothing."""

    path: str
    query: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    has_token: bool = False
    note: str = ""

    def as_line(self, *, is_early: bool) -> str:
        """JSON, without the headers: those hold the token."""
        line = {"time": self.at.isoformat(), "method": self.method, "path": self.path, "query": self.query}
        judged = {"status": self.status, "token": self.has_token, "early": is_early, "note": self.note}
        return json.dumps(line | judged)


class Log:
    """Every request in memory, and in a file of JSON lines where one is named."""

    def __init__(self, path: Path | None = None) -> None:
        self.requests: list[Request] = []
        self.early: list[Request] = []
        self._lock = Lock()
        # Line by line, so that whoever reads the file while the Hub runs sees whole lines.
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None

    def add(self, request: Request, *, is_early: bool) -> None:
        with self._lock:
            self.requests.append(request)
            if is_early:
                self.early.append(request)
            if self._file:
                self._file.write(f"{request.as_line(is_early=is_early)}\n")

    def close(self) -> None:
        if self._file:
            self._file.close()
