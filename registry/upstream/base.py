"""The shape of a source, and the one exception that crosses its boundary."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Protocol, TypeAlias, runtime_checkable

from registry.records import JSON, ListingRecord, Reject


class UpstreamError(Exception):
    """Upstream could not be asked or understood, so nothing is known; it never means that a model is gone.

    `retryable` is False where only a person can help (a wrong address or token). `retry_after` is how long upstream
    asked us to wait.
    """

    def __init__(self, message: str, *, retryable: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after


class Blocked(UpstreamError):
    """Nothing was sent: the budget of a source is spent, or upstream asked for a pause. `retry_after` says how long."""

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message, retryable=True, retry_after=retry_after)


class Lack(StrEnum):
    """Why there is no record for an id that was asked for."""

    # Upstream itself says, to a caller whom it knows, that there is no such model. One such answer removes nothing.
    NOT_FOUND = "not_found"
    # Anything else. The model keeps what was known of it.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An id that was asked for and gave no record."""

    external_id: str
    lack: Lack
    reason: str


@dataclass(frozen=True)
class Document:
    """A raw answer. `url` is where it can be read again."""

    raw: bytes
    url: str
    etag: str = ""
    last_modified: str = ""

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """What the caller has already, so that a source can ask for less."""

    etag: str = ""
    last_modified: str = ""
    # Ids in use at the source's host, the longest unconfirmed first.
    watched: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a document says. `partial` names the records that state one fact and hide the rest."""

    records: Sequence[ListingRecord]
    rejects: Sequence[Reject] = ()
    unanswered: Sequence[Unanswered] = ()
    partial: Collection[str] = field(default=frozenset())
    # By their sha256: the license texts that records name in `license_text` and that may be new.
    texts: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """One upstream. `fetch` is its only way to the network; `parse` is pure."""

    slug: str
    # True: a document lists all there is, so what it leaves out is missing upstream.
    is_complete: bool
    # True: what the source does not list any more does not run any more, as with a vendor's own list of its models.
    # False: it says nothing, as with a feed that people keep.
    absence_means_gone: bool
    # The host whose offerings are asked for one by one; "" for a source that answers with all it has.
    watched_host: str

    def fetch(self, known: Known) -> Document | None:
        """The present answer; None says that it is what `known` describes. Raises `UpstreamError`."""

    def parse(self, raw: bytes) -> Parsed:
        """The records of a document, the bad ones set aside. Raises `UpstreamError` where nothing can be read."""

    def names_of(self, host: str, host_id: str) -> Sequence[str]:
        """Under which ids this source could list what `host` calls `host_id`; empty if it never does."""

    def page_of(self, external_id: str) -> str:
        """Where a person can look at the record; "" for the document itself."""


Releases: TypeAlias = list[JSON]


@dataclass(frozen=True, slots=True)
class Kept:
    """What the register knows of one watched id: enough to see whether there is anything to read.

    `before` None: never answered. `is_held`: a license is awaiting its second read, so its details are read again.
    """

    external_id: str
    before: ListingRecord | None
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A section that is to be read: a namespace of the Hub with the ids in use in it, as they were last known.

    `content_sha256` is the digest of the last answer, "" if it must be read whole; `page_count` the pages that its
    listing had, 0 where unknown.
    """

    name: str
    watched: Sequence[Kept]
    content_sha256: str = ""
    page_count: int = 0


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """What a section said.

    `document` is the evidence: its url, and the raw bytes that were read. `parsed` holds the records of what is new or
    may have changed, and who gave no answer (`Lack.NOT_FOUND`: a definite negative; `Lack.UNKNOWN`: nothing is known).
    `unchanged` are the watched ids that are there exactly as known. `content_sha256` stands for all of it, and is equal
    to the digest of `Part` if nothing at all moved. `releases` is None where the section was not listed.
    """

    document: Document
    parsed: Parsed
    unchanged: Collection[str]
    content_sha256: str
    row_count: int
    page_count: int
    request_count: int
    releases: Releases | None = None
    # What the planner chose and why, as a line of the run's log; "" for nothing worth saying.
    note: str = ""
    # Why some were not even asked about; the section is due again at once. None: all were.
    cut_by: UpstreamError | None = None


@runtime_checkable
class Sweeper(Protocol):
    """A source that is read section by section, with a budget, over as many rounds as that takes."""

    slug: str
    is_complete: bool
    absence_means_gone: bool
    watched_host: str

    def parse(self, raw: bytes) -> Parsed: ...

    def names_of(self, host: str, host_id: str) -> Sequence[str]: ...

    def page_of(self, external_id: str) -> str: ...

    def part_of(self, external_id: str) -> str:
        """The section that an id belongs to."""

    def plan(self, parts: Sequence[Part]) -> str:
        """How the round will be made and what it will cost, in a sentence for the run's log."""

    def read(self, part: Part) -> PartAnswer:
        """Ask about one section. Raises `Blocked` where nothing may be sent now, `UpstreamError` for no answer."""

    def is_alive(self) -> bool:
        """Whether upstream shows a repository that is known to be there, for a round that has seen none."""
