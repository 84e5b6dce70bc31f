"""Reading JSON that nobody promised anything about."""

import json
import math
from typing import Any

from registry.upstream.base import UpstreamError

_EXCERPT = 300


def load(body: bytes) -> Any:
    """The value of a JSON document; raises `UpstreamError` that says what came instead."""
    if body.lstrip()[:1] == b"<":
        raise UpstreamError("The answer is HTML, not JSON")
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UpstreamError(f"The answer is not UTF-8: {error}") from error
    except RecursionError as error:
        raise UpstreamError("The answer is nested too deeply") from error
    except ValueError as error:
        raise UpstreamError(f"The answer is not whole JSON: {error}") from error


def excerpt(value: Any) -> str:
    """The beginning of `value` for a person to recognise it by, safe for any database."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text[:_EXCERPT]


def checked_text(value: Any, field: str, *, limit: int = 300) -> str | None:
    """`value` as text that a database can hold, None where it is absent; raises `ValueError` that names the field."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"{field} is a {type(value).__name__}, not text")
    if "\x00" in value:
        raise ValueError(f"{field} has a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{field} is not valid Unicode") from None
    if len(value) > limit:
        raise ValueError(f"{field} has {len(value)} characters; at most {limit} make sense")
    return value


def checked_number(value: Any, field: str) -> float | None:
    """`value` as a finite number that is not negative, None where it is absent or empty text."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{field} is a {type(value).__name__}, not a number")
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{field} is {value[:40]!r}, not a number") from None  # type: ignore[index]  # only text fails
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{field} is {number}, which no price or size can be")
    return number
