"""What people have put right about a model, and what the person who looks may say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from governance.permissions import can_correct, can_report
from registry.correctable import CORRECTABLE
from registry.models import AIModel, Correction, Offering, User


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction in force, with the name of its fact as people say it."""

    row: Correction
    label: str


@dataclass(frozen=True, slots=True)
class Word:
    corrected: Sequence[Corrected]
    offerings: Sequence[Offering]
    can_correct: bool
    can_report: bool

    @property
    def by_fact(self) -> dict[str, Corrected]:
        return {one.row.fact: one for one in self.corrected}


def load(model: AIModel, offerings: Sequence[Offering], *, person: User, today: date) -> Word:
    """In two queries and what the rights cost; whoever may report or correct one offering of a model may do so of all of them."""
    standing = Correction.objects.in_force(today).filter(offering__model=model).select_related("offering", "made_by")
    return Word(
        corrected=[Corrected(row, CORRECTABLE[row.fact].label) for row in standing],
        offerings=offerings,
        can_correct=bool(offerings) and can_correct(person, offerings[0]),
        can_report=bool(offerings) and can_report(person, offerings[0]),
    )
