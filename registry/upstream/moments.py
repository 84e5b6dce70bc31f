"""Read a moment, as APIs write it, as the day in UTC that it falls on. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from registry.upstream.reading import BadField, NoNumber, day, printable, text

# What programs write for a moment that they do not know.
EPOCH = date(1970, 1, 1)
_LENGTH_OF_DAY = len("2026-01-31")


def day_of(entry: Mapping[str, Any], name: str) -> date | None:
    """The day of a date, of an RFC 3339 moment, or of unix seconds; None for the epoch, which stands for unknown."""
    value = entry.get(name)
    if isinstance(value, NoNumber):
        raise BadField(f"“{name}” is {printable(value)}, not a moment")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return _known(_of_seconds(name, value))
    return _known(_of_text(entry, name))


def _known(found: date | None) -> date | None:
    return None if found == EPOCH else found


def _of_seconds(name: str, seconds: int | Decimal) -> date:
    try:
        return datetime.fromtimestamp(float(seconds), tz=UTC).date()
    except (ArithmeticError, ValueError, OSError) as error:
        raise BadField(f"“{name}” is {printable(seconds)}, which is no moment in unix seconds") from error


def _of_text(entry: Mapping[str, Any], name: str) -> date | None:
    value = text(entry, name)
    if value is None or len(value) <= _LENGTH_OF_DAY:
        return day(entry, name)
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()
    except (ValueError, OverflowError) as error:
        raise BadField(f"“{name}” is {printable(value)}, not a moment like 2026-01-31T00:00:00Z") from error
