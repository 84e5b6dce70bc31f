"""Makes text from elsewhere harmless to show, and decides whether colours may be used."""

import os
import unicodedata
from typing import TextIO

TOKEN_VARIABLE = "UNDERSTUDY_TOKEN"  # noqa: S105  (the name of a variable)
BREAKS = str.maketrans(dict.fromkeys("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029", " "))
# Controls, invisible and direction-changing characters, lone surrogates.
UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
# Shorter than any real token: replacing such a text would only garble the output.
SHORTEST_SECRET = 8


def neutralise(text: str) -> str:
    """One line that moves no cursor, hides nothing and commands no CI runner.

    Line breaks become spaces, other controls a visible escape. `##[` and `##vso[` are commands to
    some runners wherever they stand in a line.
    """
    return "".join(_visible(char) for char in text.translate(BREAKS)).replace("##", "# #")


def redact(text: str, secret: str) -> str:
    """`text` without `secret`, should a server or a library have repeated it."""
    return text.replace(secret, "***") if len(secret) >= SHORTEST_SECRET else text


def wants_colour(stream: TextIO) -> bool:
    """True only for a person at a terminal who did not set NO_COLOR (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _visible(char: str) -> str:
    if unicodedata.category(char) in UNSAFE_CATEGORIES:
        return char.encode("unicode_escape").decode("ascii")
    return char
