"""What a source is and how it fails."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Protocol

from registry.records import ListingRecord, Parsed


class UpstreamError(Exception):
    """An upstream could not be asked, or its answer cannot be used. Nothing may be concluded from it.

    `is_retryable`: the same request may succeed later. `retry_after`: not before that.
    """

    def __init__(self, reason: str, *, is_retryable: bool = True, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.is_retryable = is_retryable
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Validators:
    """What an earlier answer said about itself, so that an unchanged one need not be sent again."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole answer as bytes, with the address and what tells whether it changed."""

    body: bytes
    url: str
    sha256: str
    validators: Validators = Validators()


class Source(Protocol):
    """One upstream. `fetch` talks, `parse` is pure; a saved document goes through `parse` like a fetched one."""

    slug: ClassVar[str]
    name: ClassVar[str]
    method: ClassVar[str]
    # Whether a document lists everything that the source knows: then a missing row is missing, and a sudden
    # shrink is a fault of the source.
    is_complete: ClassVar[bool]

    def fetch(self, known: Validators, watched: Collection[str]) -> Document | None:
        """The current document, None where it has not changed since `known`; raises `UpstreamError`."""

    def parse(self, body: bytes) -> Parsed:
        """The records of a document; raises `UpstreamError` where it is none."""

    def place(self, record: ListingRecord) -> tuple[str, str]:
        """Host and id of the offering that a record is about, as the register spells hosts."""
