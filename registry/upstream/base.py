"""The shape of a source, and the one exception that crosses its boundary."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Protocol

from registry.records import ListingRecord, Reject


class UpstreamError(Exception):
    """Upstream could not be asked or understood, so nothing is known; it never means that a model is gone.

    `retryable` is False where only a person can help (a wrong address or token). `retry_after` is how long upstream
    asked us to wait.
    """

    def __init__(self, message: str, *, retryable: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after


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


class Source(Protocol):
    """One upstream. `fetch` is its only way to the network; `parse` is pure."""

    slug: str
    # True: a document lists all there is, so what it leaves out is missing upstream.
    is_complete: bool
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
