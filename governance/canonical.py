"""One spelling for a value, so that its hash means the value and not the way it was written down."""

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.duration import duration_iso_string

JSON = None | bool | int | str | list["JSON"] | dict[str, "JSON"]

# PostgreSQL's jsonb takes neither; a line about hostile input must still be written.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def plain(value: object) -> JSON:
    """`value` as JSON that every database gives back exactly; raises TypeError for what has no such form.

    Numbers with a fraction become text, because databases and languages print them differently; days, moments and
    durations become ISO 8601 (moments in UTC); sets become sorted lists.
    """
    match value:
        case dict():
            return {_text(str(key)): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted((plain(item) for item in value), key=canonical)
        case list() | tuple():
            return [plain(item) for item in value]
        case None | bool() | int():
            return value
    return _text(_spelt(value))


def _spelt(value: object) -> str:
    match value:
        case str() | float() | Decimal() | UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case timedelta():
            return duration_iso_string(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def _text(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def canonical(value: JSON) -> bytes:
    """Sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_of(value: object) -> str:
    """The hexadecimal hash of the one spelling of `value`."""
    return hashlib.sha256(canonical(plain(value))).hexdigest()
