"""What sources contradict each other about, in words: who says which, and which one counts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from registry.apply import claims_about
from registry.diff import normalised_license
from registry.effective import Claim, combine
from registry.models import ChangeKind, Source

# The fact that each kind of change is about.
FACT_OF = {
    ChangeKind.RETIREMENT_ANNOUNCED: "retires_on",
    ChangeKind.RETIREMENT_MOVED: "retires_on",
    ChangeKind.RETIREMENT_WITHDRAWN: "retires_on",
    ChangeKind.RETIRED: "retires_on",
    ChangeKind.DEPRECATED: "deprecated_on",
}
DAYS = ("retires_on", "deprecated_on")
_WHAT = {
    "retires_on": "when it retires",
    "deprecated_on": "when it is deprecated",
    "is_retired": "whether it has been shut down",
    "is_deprecated": "whether it is deprecated",
    "is_disabled": "whether it is disabled",
    "gating": "who may fetch it",
    "license": "its license",
    "successor": "what follows it",
    "task": "its task",
    "context_length": "its context length",
    "embedding_dimension": "its embedding dimension",
    "supports_tools": "whether it calls tools",
}
# What a decision may turn on. Prices and revisions are left out: hosts differ in them without anybody being wrong.
MATERIAL = tuple(_WHAT)


@dataclass(frozen=True, slots=True)
class Dispute:
    """What sources say about one fact of one offering, the statement that counts first."""

    fact: str
    statements: tuple[tuple[str, Any], ...]

    @property
    def what(self) -> str:
        """The fact as a clause: “when it retires”."""
        return _WHAT[self.fact]

    @property
    def in_words(self) -> tuple[tuple[str, str], ...]:
        """Each source with what it says."""
        return tuple((source, _in_words(value)) for source, value in self.statements)

    def __str__(self) -> str:
        said = ", ".join(f"{source} says {value}" for source, value in self.in_words)
        return f"Sources disagree on {self.what}: {said}. The register goes by {self.in_words[0][1]}."


Disputes = Mapping[tuple[int, str], Dispute]


def load_disputes(offering_ids: Collection[int], *, now: datetime, facts: Collection[str] = DAYS) -> Disputes:
    """By offering and fact, by four queries at most; nothing is asked where there are no offerings."""
    if not offering_ids:
        return {}
    found = {
        (offering_id, fact): dispute
        for offering_id, claims in claims_about(offering_ids, now=now).items()
        for fact in facts
        if (dispute := find(claims, fact)) is not None
    }
    names = dict(Source.objects.values_list("slug", "name")) if found else {}
    return {key: _named(dispute, names) for key, dispute in found.items()}


def find(claims: Iterable[Claim], fact: str) -> Dispute | None:
    """The dispute among the sources that answer in time, each named by its slug; pure.

    None where they agree, and where a person's correction has settled it. Two spellings of one license agree.
    """
    in_time = [claim for claim in claims if not claim.is_stale and not claim.is_removed]
    effective = combine(in_time).get(fact)
    if effective is None or effective.evidence.corrects:
        return None
    counts = effective.evidence
    against = [claim for claim in effective.disagreeing if not _is_the_same(fact, counts, claim)]
    if not against:
        return None
    said = [(claim.source, getattr(claim.record, fact)) for claim in (counts, *against)]
    return Dispute(fact, tuple(dict.fromkeys(said)))


def _is_the_same(fact: str, one: Claim, other: Claim) -> bool:
    return fact == "license" and normalised_license(one.record) == normalised_license(other.record)


def _named(dispute: Dispute, names: Mapping[str, str]) -> Dispute:
    return Dispute(dispute.fact, tuple((names.get(slug, slug), value) for slug, value in dispute.statements))


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " and ".join(map(str, value)) or "none"
    return value.isoformat() if isinstance(value, date) else str(value)
