"""What people write to say what happened and where it can be read: checked once, for every form that asks for it."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

LONGEST_ADDRESS = 500
_has_valid_url = URLValidator(schemes=["https", "http"])
# Letters, numbers, punctuation and symbols can be seen; of them only these fillers and the empty Braille cell cannot.
_SEEN = frozenset("LNPS")
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def can_be_read(text: str) -> bool:
    """Whether anything is left of `text` for the eye: not so of spaces and of signs that have no width."""
    return any(unicodedata.category(sign)[0] in _SEEN and sign not in _FILLERS for sign in text)


def checked_sentence(text: str, *, longest: int) -> str:
    """`text` in one line; raises `ValidationError` where nothing, too much or something unprintable is left."""
    words = " ".join(text.split())
    if not words:
        raise ValidationError("Say in a sentence what happened.")
    if len(words) > longest:
        raise ValidationError(f"At most {longest} characters, not {len(words)}.")
    if not words.isprintable():
        raise ValidationError("Only printable characters.")
    return words


def checked_address(text: str) -> str:
    """`text`, if it is an http(s) address that fits its column; else raises `ValidationError`."""
    try:
        _has_valid_url(text)
    except ValidationError:
        text = ""
    if not text or len(text) > LONGEST_ADDRESS:
        raise ValidationError("Name the page where this can be read, as an http:// or https:// address.")
    return text


@contextmanager
def noting(problems: dict[str, list[str]], field: str) -> Iterator[None]:
    """Note what is refused within at `field` and go on, so that a person is told of all of it at once."""
    try:
        yield
    except ValidationError as error:
        problems[field] = error.messages
