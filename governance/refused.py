"""What a use case of governance does not do, and why: the one exception that its callers turn into an answer."""

from collections.abc import Mapping
from typing import Any, Never

from django.core.exceptions import ValidationError

from registry.readable import can_be_read

LONGEST_TEXT = 20_000


class Refused(Exception):
    """Nothing was changed. `code` is stable, the text is for the person, `extra` what a program needs to go on.

    Codes: `invalid` (with `field`), `not_allowed`, `own_proposal`, `own_team`, `state_changed` (with both states),
    `already_decided`, `closed`, `duplicate` (with the other `proposal`); of break-glass `own_act` and `review_first`.
    """

    def __init__(self, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.extra = extra


def invalid(field: str, message: str) -> Refused:
    return Refused("invalid", message, field=field)


def written(field: str, text: str) -> str:
    """`text` without the space around it; refused where nothing that one sees, too much or a NUL is left."""
    stripped = text.strip()
    if not can_be_read(stripped):
        raise invalid(field, f"{field} is empty: others have to understand it.")
    if len(stripped) > LONGEST_TEXT or "\x00" in stripped:
        raise invalid(field, f"{field} is longer than {LONGEST_TEXT} characters or contains a NUL.")
    return stripped


def refuse_nul(values: Mapping[str, object], *, where: str = "") -> None:
    """PostgreSQL stores no NUL in a text, and nobody types one: refuse it with the field's name."""
    for name, value in values.items():
        if isinstance(value, str) and "\x00" in value:
            raise invalid(f"{where}{name}", f"{where}{name} contains a NUL.")


def refuse(error: ValidationError, *, where: str = "") -> Never:
    """Turn what a model's `clean` found into a refusal that names the first field."""
    messages: dict[str, list[str]] = getattr(error, "message_dict", {"": error.messages})
    field, texts = next(iter(messages.items()))
    name = f"{where}{field}".rstrip(".")
    raise Refused("invalid", f"{name}: {texts[0]}" if name else texts[0], field=name) from error
