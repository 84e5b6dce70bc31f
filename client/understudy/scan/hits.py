"""What a scan finds, as values."""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Certainty(StrEnum):
    """How sure a hit is a model in use, surest first."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"

    def weakened(self, other: "Certainty") -> "Certainty":
        """The less sure of the two."""
        return max(self, other, key=ORDER.index)


ORDER = tuple(Certainty)


@dataclass(frozen=True, slots=True)
class Hit:
    """One mention of a model. Lines and columns count from 1.

    `ref` is None where the name could not be worked out; `wording` then is the expression. `variable` is what would
    have to be known: `scan.deployments` looks for it in the other files. `can_pin`: a revision could be stated.
    """

    ref: str | None
    line: int
    column: int
    how: str
    certainty: Certainty
    wording: str = ""
    revision: str | None = None
    can_pin: bool = False
    variable: str | None = None

    def moved(self, *, lines: int, columns: int = 0) -> "Hit":
        """The same hit in the text that this text was cut out of; columns shift on its first line."""
        column = self.column + (columns if self.line == 1 else 0)
        return replace(self, line=self.line + lines, column=column)


@dataclass(frozen=True, slots=True)
class Definition:
    """A variable that a file of a deployment gives a value."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What one file names and defines. `problem`: why it could not be read as what it claims to be."""

    hits: tuple[Hit, ...] = ()
    definitions: tuple[Definition, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """`understudy: ignore[UD106] reason` at one line."""

    line: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Use:
    """A hit in its file. `fingerprint` stays the same when lines above it come or go."""

    path: str
    hit: Hit
    fingerprint: str
    ignored: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not looked at, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """All that was found below a folder. A file that could not be read is in `skipped`, never left out silently."""

    uses: tuple[Use, ...]
    unresolved: tuple[Use, ...]
    files: int
    size: int = 0
    skipped: tuple[Skipped, ...] = ()
    bad_ignores: tuple[str, ...] = field(default=())

    def at_least(self, certainty: Certainty) -> tuple[Use, ...]:
        """The uses that are at least so sure and not ignored."""
        wanted = ORDER[: ORDER.index(certainty) + 1]
        return tuple(use for use in self.uses if use.hit.certainty in wanted and use.ignored is None)
