"""`understudy: ignore[UD106] reason` in a comment: a person says that this mention is no use. A reason is needed."""

import re

from understudy.scan.hits import Ignore

MARK = b"understudy: ignore"
# What can be said in the source. Everything else is decided in the register, by two people and for a time.
IGNORABLE = ("UD106",)
_COMMENT = re.compile(
    r"(?P<opening>#|//|/\*|<!--|;|--)[ \t]*understudy: ignore(?:\[(?P<codes>[^\]\n]*)\])?(?P<reason>[^\n]*)"
)
_CLOSING = re.compile(r"(?:\*/|-->|\\n\",?|\",?)\s*$")


def find_ignores(text: str) -> tuple[list[Ignore], list[str]]:
    """The ignores of a file, and for each that cannot count a sentence that begins with its line."""
    ignores: list[Ignore] = []
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        found = _COMMENT.search(line) if "understudy: ignore" in line else None
        if found is None:
            continue
        codes = [code.strip() for code in (found["codes"] or "").split(",")]
        reason = _CLOSING.sub("", found["reason"]).strip(" \t:-–—")
        if unknown := [code for code in codes if code not in IGNORABLE]:
            problems.append(_refusal(number, unknown[0]))
        elif not reason:
            problems.append(f"{number}: understudy: ignore[{codes[0]}] gives no reason. Write why behind the bracket.")
        else:
            is_alone = not line[: found.start()].strip()
            # A comment on a line of its own speaks of the next line.
            ignores += [Ignore(number + is_alone, code, reason) for code in codes]
    return ignores, problems


def _refusal(number: int, code: str) -> str:
    if not code:
        return f"{number}: understudy: ignore names no rule. Write understudy: ignore[UD106] and why."
    return f"{number}: {code} cannot be ignored in the source, only UD106 can. Ask for a waiver in the register."
