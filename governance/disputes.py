"""Days that two sources contradict each other about, in words: who says which, and which one counts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from registry.apply import claims_about
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
_WHAT = {"retires_on": "retires", "deprecated_on": "is deprecated"}


@dataclass(frozen=True, slots=True)
class Dispute:
    """What sources say about one day of one offering, the statement that counts first."""

    fact: str
    statements: tuple[tuple[str, date], ...]

    def __str__(self) -> str:
        said = ", ".join(f"{source} says {day}" for source, day in self.statements)
        return f"Sources disagree on when it {_WHAT[self.fact]}: {said}. The register goes by {self.statements[0][1]}."


Disputes = Mapping[tuple[int, str], Dispute]


def load_disputes(offering_ids: Collection[int], *, now: datetime) -> Disputes:
    """By offering and fact, by four queries at most; nothing is asked where there are no offerings."""
    if not offering_ids:
        return {}
    found = {
        (offering_id, fact): dispute
        for offering_id, claims in claims_about(offering_ids, now=now).items()
        for fact in _WHAT
        if (dispute := find(claims, fact)) is not None
    }
    names = dict(Source.objects.values_list("slug", "name")) if found else {}
    return {key: _named(dispute, names) for key, dispute in found.items()}


def find(claims: Iterable[Claim], fact: str) -> Dispute | None:
    """The dispute among the sources that answer in time, each named by its slug; pure.

    None where they agree, and where a person's correction has settled it.
    """
    in_time = [claim for claim in claims if not claim.is_stale and not claim.is_removed]
    effective = combine(in_time).get(fact)
    if effective is None or effective.evidence.corrects or not effective.disagreeing:
        return None
    said = [(claim.source, getattr(claim.record, fact)) for claim in (effective.evidence, *effective.disagreeing)]
    return Dispute(fact, tuple(dict.fromkeys(said)))


def _named(dispute: Dispute, names: Mapping[str, str]) -> Dispute:
    return Dispute(dispute.fact, tuple((names.get(slug, slug), day) for slug, day in dispute.statements))
