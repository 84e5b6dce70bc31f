"""A register of one namespace without a database: what the next reading of it is given."""

from dataclasses import dataclass, field

from registry.records import ListingRecord, overlay
from registry.upstream import Lack
from registry.upstream.base import Kept, Part, PartAnswer
from registry.upstream.huggingface import HuggingFace


@dataclass
class Reader:
    """Reads a namespace again and again and believes all it is told."""

    watched: list[str]
    held: set[str] = field(default_factory=set)
    known: dict[str, ListingRecord] = field(default_factory=dict)
    content_sha256: str = ""
    page_count: int = 0

    def __call__(self) -> PartAnswer:
        answer = HuggingFace().read(self.part)
        for record in answer.parsed.records:
            is_partial = record.external_id in answer.parsed.partial
            before = self.known.get(record.external_id)
            self.known[record.external_id] = overlay(record, before) if is_partial else record
        self.content_sha256, self.page_count = answer.content_sha256, answer.page_count
        return answer

    @property
    def part(self) -> Part:
        kept = [Kept(name, self.known.get(name), name in self.held) for name in self.watched]
        (name,) = {HuggingFace().part_of(one) for one in self.watched}
        return Part(name, kept, self.content_sha256, self.page_count)


def reader(*watched: str, page_count: int = 0) -> Reader:
    return Reader(list(watched), page_count=page_count)


def read(*watched: str) -> PartAnswer:
    """What is read of a namespace that is read for the first time."""
    return reader(*watched)()


def read_alone(*watched: str) -> PartAnswer:
    """As `read`, one by one, as in a namespace of which little is watched."""
    return reader(*watched, page_count=1000)()


def found(answer: PartAnswer) -> dict[str, ListingRecord]:
    return {record.external_id: record for record in answer.parsed.records}


def lacking(answer: PartAnswer) -> dict[str, Lack]:
    return {one.external_id: one.lack for one in answer.parsed.unanswered}
