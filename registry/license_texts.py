"""Compare two license texts for people. Pure."""

import difflib
from dataclasses import dataclass

# A page shows what changed in a license, it does not print it.
MOST_LINES = 200
# The longest known license has 700. To compare takes the square of it, and texts come from anybody.
MOST_COMPARED = 2000
_CONTEXT = 2


@dataclass(frozen=True, slots=True)
class TextDiff:
    """`lines` as in a unified diff, without file names; `left_out` more are not shown.

    `is_cut`: the texts were too long, and only their beginnings were compared.
    """

    lines: tuple[str, ...]
    left_out: int = 0
    is_cut: bool = False


def text_diff(before: str, after: str, *, most_lines: int = MOST_LINES) -> TextDiff:
    """What `after` says otherwise. Ends of lines, and spaces before them, are no difference."""
    old, new = _lines(before), _lines(after)
    found = list(difflib.unified_diff(old[:MOST_COMPARED], new[:MOST_COMPARED], lineterm="", n=_CONTEXT))[2:]
    is_cut = max(len(old), len(new)) > MOST_COMPARED
    return TextDiff(tuple(found[:most_lines]), max(len(found) - most_lines, 0), is_cut)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]
