"""What is asked and what is answered, as values. Nothing here reads a file or opens a socket."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The server's answer as a whole."""

    PASS = "pass"  # noqa: S105  (a verdict, not a password)
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """How much one finding weighs, heaviest first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the repository. `line` counts from 1; None where only the file is known."""

    path: str
    line: int | None

    def __str__(self) -> str:
        """`path:line`, which terminals and editors turn into a link."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class ModelUse:
    """One `[[models]]` entry: a model as the repository refers to it, and where it does so."""

    ref: str
    via: str | None
    revision: str | None
    purpose: str | None
    location: Location

    def as_json(self) -> dict[str, object]:
        """The entry in the shape of the API; what was not stated is left out, never null."""
        place = {"path": self.location.path, "line": self.location.line}
        fields = {
            "ref": self.ref,
            "via": self.via,
            "revision": self.revision,
            "purpose": self.purpose,
            "locations": [place],
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `understudy.toml` states. A system or environment left out there is None here."""

    system: str | None
    environment: str | None
    models: tuple[ModelUse, ...]


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """One question to the server."""

    system: str
    environment: str
    models: tuple[ModelUse, ...]
    commit: str | None
    source_url: str | None

    def as_json(self) -> dict[str, object]:
        """The body of `POST /api/v1/checks/`; what was not stated is left out, never null."""
        fields = {
            "system": self.system,
            "environment": self.environment,
            "models": [use.as_json() for use in self.models],
            "commit": self.commit,
            "source_url": self.source_url,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule on one ref. `waived_until` is the end of the waiver in force, None without one."""

    rule: str
    level: Level
    ref: str
    message: str
    fix: str | None
    help_url: str | None
    waived_until: str | None
    locations: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer, and `body`: the very bytes it came in."""

    url: str
    verdict: Verdict
    facts_as_of: str | None
    policy_version: str | None
    findings: tuple[Finding, ...]
    body: bytes

    def at(self, level: Level) -> tuple[Finding, ...]:
        """The findings of one level, in the server's order."""
        return tuple(finding for finding in self.findings if finding.level is level)
