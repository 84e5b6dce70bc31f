"""Reads `.gitignore` files, for where git itself is not there (https://git-scm.com/docs/gitignore)."""

import re
from dataclasses import dataclass
from pathlib import Path

# Each star multiplies what a match may try; nobody means more.
MOST_STARS = 8


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: what it matches, whether it lets in again, whether it means folders only."""

    matches: re.Pattern[str]
    lets_in: bool
    is_for_folders: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The lines of one file, which speak of what is below `base`."""

    base: str
    patterns: tuple[Pattern, ...]

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether `path` is ignored; None if no line speaks of it. The last line that does counts."""
        below = path[len(self.base) :]
        for pattern in reversed(self.patterns):
            if (is_folder or not pattern.is_for_folders) and pattern.matches.fullmatch(below):
                return not pattern.lets_in
        return None


def read_rules(path: Path, base: str) -> Rules:
    """The rules of the file at `path`; one that cannot be read has none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    return parse_rules(text, base)


def parse_rules(text: str, base: str = "") -> Rules:
    """The rules of a file's `text`; `base` is empty or ends with a slash."""
    patterns = (_pattern(line) for line in text.splitlines() if line.strip() and line[0] != "#")
    return Rules(base, tuple(pattern for pattern in patterns if pattern))


def _pattern(line: str) -> Pattern | None:
    line = re.sub(r"(?<!\\)[ \t]+$", "", line)
    lets_in = line.startswith("!")
    line = line[1:] if lets_in else line
    is_for_folders = line.endswith("/")
    line = line.rstrip("/")
    if not line or line.count("*") > MOST_STARS:
        return None
    is_anchored = "/" in line
    expression = _expression(line.lstrip("/"))
    return Pattern(re.compile(expression if is_anchored else f"(?:.*/)?{expression}"), lets_in, is_for_folders)


def _expression(glob: str) -> str:
    """The glob as a regular expression."""
    parts: list[str] = []
    for piece in re.findall(r"\*\*/|/\*\*$|\*+|\?|\[[^\]]*\]|\\.|.", glob):
        if piece == "**/":
            parts.append("(?:.*/)?")
        elif piece == "/**":
            parts.append("/.*")
        elif piece[0] == "*":
            parts.append("[^/]*")
        elif piece == "?":
            parts.append("[^/]")
        elif piece[0] == "[" and piece != "[]" and piece[1:]:
            parts.append(("[^" + piece[2:] if piece[1] == "!" else piece).replace("\\", "\\\\"))
        else:
            parts.append(re.escape(piece[-1]))
    return "".join(parts)
