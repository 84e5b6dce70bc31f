"""What a rule says, before and after it is weighed."""

from dataclasses import dataclass

from governance.rules.facts import WaiverFacts


@dataclass(frozen=True, slots=True)
class Page:
    """Where the fix is done: the kind of row and its id, or no id for the list of them.

    `given` is what a form can be filled in with.
    """

    kind: str
    id: int | None = None
    given: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong, with the shortest way out of it. How heavy it weighs is decided elsewhere.

    `concern` names what an owner's action would be about, where an upstream event is the cause: until that action is
    due, the flaw only warns. `at_most` caps the level. `is_unknown` means that a fact is lacking, not that it is bad.
    """

    rule: str
    message: str
    fix: str
    page: Page | None = None
    concern: str | None = None
    at_most: str | None = None
    is_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A flaw that was weighed: one rule on one ref. A waived one stays, as a note that names its waiver.

    `concern` is the flaw's own.
    """

    rule: str
    level: str
    message: str
    fix: str
    page: Page | None = None
    waiver: WaiverFacts | None = None
    is_unknown: bool = False
    concern: str | None = None
