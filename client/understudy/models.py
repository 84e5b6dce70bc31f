"""What is asked and what is answered, as values. Nothing here reads a file or opens a socket."""

from dataclasses import dataclass
from enum import StrEnum

# What the server takes.
MAX_MODELS = 2000
MAX_LOCATIONS = 200
MAX_PATH = 1000


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
    """A place in the repository. Line and column count from 1; None where only the file, or the line, is known."""

    path: str
    line: int | None
    column: int | None = None

    def __str__(self) -> str:
        """`path:line`, which terminals and editors turn into a link."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


# Where what stands nowhere is shown in formats that want a place: in the manifest.
NOWHERE = Location("understudy.toml", 1)


@dataclass(frozen=True, slots=True)
class ModelUse:
    """One model that is asked about: a `[[models]]` entry or one found in use, and where it stands."""

    ref: str
    via: str | None
    revision: str | None
    purpose: str | None
    locations: tuple[Location, ...]
    # Whether the manifest states the places itself: then its word counts, whatever a scan sees.
    states_place: bool = False

    def as_json(self, *, most_places: int) -> dict[str, object]:
        """The entry in the shape of the API; what was not stated is left out, never null."""
        places = [{"path": sendable(place.path), "line": place.line} for place in self.locations[:most_places]]
        fields = {
            "ref": _well_formed(self.ref),
            "via": self.via,
            "revision": self.revision,
            "purpose": self.purpose,
            "locations": places,
        }
        return {name: value for name, value in fields.items() if value is not None}


def sendable(path: str) -> str:
    """A path of a repository as the server takes it; a name of a file may be any bytes, and longer."""
    text = _well_formed(path)
    return text if len(text) <= MAX_PATH else f"…{text[1 - MAX_PATH :]}"


def _well_formed(text: str) -> str:
    """`text` without lone surrogates, which JSON can spell and no reader has to take."""
    return text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `understudy.toml` states. A system or environment left out there is None here."""

    system: str | None
    environment: str | None
    models: tuple[ModelUse, ...]
    # False where it says of itself that other manifests name the rest of the system.
    may_be_complete: bool = True


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """One question to the server. `is_complete` where the models are all that the system uses, as far as can be seen."""

    system: str
    environment: str
    models: tuple[ModelUse, ...]
    commit: str | None
    source_url: str | None
    is_complete: bool = False

    def as_json(self, *, most_places: int = MAX_LOCATIONS) -> dict[str, object]:
        """The body of `POST /api/v1/checks/`; what was not stated is left out, never null."""
        fields = {
            "system": self.system,
            "environment": self.environment,
            "models": [use.as_json(most_places=most_places) for use in self.models],
            "complete": True if self.is_complete else None,
            "commit": self.commit,
            "source_url": self.source_url,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a finding of the scan does not count: `baseline`, or `ignored` in the source with the reason given there."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule on one ref. `waived_until` is the end of the waiver in force, None without one.

    `fingerprint` stays the same while lines move; the server's findings are given theirs when they are reported.
    """

    rule: str
    level: Level
    ref: str
    message: str
    fix: str | None
    help_url: str | None
    waived_until: str | None
    locations: tuple[Location, ...]
    suppression: Suppression | None = None
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's answer, and `body`: the very bytes it came in.

    `page_url` is for people; `signed` is the verdict as the server signs it; `environment_class` what the register says
    of the environment. Older servers send none of them.
    """

    url: str
    verdict: Verdict
    facts_as_of: str | None
    policy_version: str | None
    findings: tuple[Finding, ...]
    body: bytes
    page_url: str | None = None
    signed: str | None = None
    environment_class: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What a scan looked at, to be told beside what it found."""

    files: int
    mentions: int
    models: int
    unresolved: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All there is to say about one check. `answer` is None where the server gave none; `trouble` then says why.

    `is_kept`: the verdict is the server's last signed one and not of this moment; `trouble` says that as well.
    """

    system: str
    environment: str
    verdict: Verdict
    models: tuple[ModelUse, ...]
    findings: tuple[Finding, ...]
    answer: Answer | None = None
    looked: Looked | None = None
    trouble: str | None = None
    is_kept: bool = False

    def at(self, level: Level) -> tuple[Finding, ...]:
        """The findings of one level, in the order in which they came."""
        return tuple(finding for finding in self.findings if finding.level is level)
