"""What the model of `test_proposal_machine` knows of proposals, approvals and delegations."""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass
class Vote:
    """Who gave it, in whose place, and by which delegation."""

    by: int
    place: int
    absence: int | None
    version: tuple[int, int]


@dataclass
class Asked:
    """What the model knows of a proposal."""

    proposer: int
    offering: int
    decide_by: datetime
    state: str = "submitted"
    round: int = 1
    votes: list[Vote] = field(default_factory=list)  # approvals of this round
    seen: dict[int, tuple[str, tuple[int, int]]] = field(default_factory=dict)  # by person: digest, version and round


@dataclass
class Absence:
    """What the model knows of a delegation."""

    delegator: int
    delegate: int
    until: date
    is_over: bool = False
