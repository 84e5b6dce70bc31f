"""A configuration file as a flat list of entries: the keys that lead to a value, the value, and where it stands."""

from dataclasses import dataclass

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One scalar. Items of a list are counted from 0 in `keys`; `column` is where the value's text begins."""

    keys: Keys
    value: str
    line: int
    column: int

    @property
    def name(self) -> str:
        """The last key that is a word, empty without one."""
        return next((key for key in reversed(self.keys) if isinstance(key, str)), "")
