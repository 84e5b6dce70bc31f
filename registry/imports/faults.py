"""What is wrong with an import file, said so that its author can put it right."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right. `place` is a line of a CSV file or a path in a JSON file; `column` may be empty."""

    place: str
    column: str
    reason: str

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.place, self.column) if part)
        return f"{where}: {self.reason}"


class Refused(Exception):
    """The file cannot be imported; nothing of it was. `faults` holds every reason that was found, at least one."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)
