"""What people write to say what happened and where it can be read: checked once, for every form that asks for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

LONGEST_ADDRESS = 500
_has_valid_url = URLValidator(schemes=["https", "http"])


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
