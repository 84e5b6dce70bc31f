"""Whether a text says anything to who reads it. Pure."""

import unicodedata

# Letters, numbers, punctuation and symbols can be seen; of them only these fillers and the empty Braille cell cannot.
_SEEN = frozenset("LNPS")
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def can_be_read(text: str) -> bool:
    """Whether anything is left of `text` for the eye: not so of spaces and of signs that have no width."""
    return any(unicodedata.category(sign)[0] in _SEEN and sign not in _FILLERS for sign in text)
