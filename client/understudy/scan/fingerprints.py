"""A name for a finding that outlives edits above it: from what is named, where, and in which line of text."""

import hashlib
from collections import Counter
from collections.abc import Sequence

LENGTH = 32


def of_mentions(path: str, mentions: Sequence[tuple[str, str]]) -> list[str]:
    """One fingerprint for each (what, line of text) of a file, in order; the same twice is told apart by its count."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for what, line in mentions:
        text = " ".join(line.split())
        found.append(fingerprint(path, what, text, str(seen[what, text])))
        seen[what, text] += 1
    return found


def fingerprint(*parts: str) -> str:
    """The first LENGTH hexadecimal digits of the SHA-256 of the parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]
