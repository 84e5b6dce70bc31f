"""What a run has heard, section by section, beside what was known: the values that `registry.learn` works on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from registry.absence import MAX_GONE, Absence
from registry.believe import PRESENCE, Holds
from registry.records import JSON
from registry.upstream import Parsed


@dataclass(frozen=True, slots=True)
class Row:
    """A listing as it stands. `facts` None: a row that no completed poll has filled."""

    listing_id: int
    offering_id: int | None = None
    current_id: int | None = None
    facts: JSON | None = None
    section_id: int | None = None
    absence: Absence | None = None
    is_removed: bool = False
    holds: Holds = field(default_factory=dict)

    @property
    def is_missing(self) -> bool:
        return self.absence is not None

    @property
    def is_held_absent(self) -> bool:
        return PRESENCE in self.holds


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where an answer can be read again, and the digest of its bytes."""

    url: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What one section of a source said. `group` is what a wave of absences is counted by, "" for the row's host."""

    section_id: int
    evidence: Evidence
    parsed: Parsed
    rows: Mapping[str, Row]
    unchanged: Collection[str] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Size:
    """How to read what is not there, and how large the source is."""

    is_complete: bool
    absence_means_gone: bool
    known: int
    # Absent since a while and not confirmed yet, in sections that did not answer this time.
    pending_elsewhere: int = 0
    accept_absence: bool = False
    # False: nothing that is known to be there was seen in this round, so nobody can be said to be gone.
    is_alive: bool = True
    # More than this share of it gone at once is held back until a person has looked.
    most_gone: float = MAX_GONE
