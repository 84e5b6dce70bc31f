"""Read hostile JSON: a document as a whole, then one field of one record at a time. Pure."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from registry.records import ListingRecord, Reject
from registry.upstream.base import Parsed, UpstreamError

# The columns of Listing.external_id and of facts that are stored elsewhere, too.
LONGEST_ID = 300
LONGEST_TEXT = 500
_LONGEST_EXCERPT = 300
_LONGEST_NUMBER = 40
# Per token. Per million that fills the price columns of Offering: 14 digits, 6 of them after the point.
_HIGHEST_PRICE = Decimal(100)
_HIGHEST_LENGTH = 2**31 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
# Made once: `isinstance` of a union builds it anew for each of hundreds of thousands of fields.
_NUMBERS = (int, str, Decimal)
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


class BadField(ValueError):
    """A field of a record that cannot be taken; the text names the field and what is wrong with it."""


class NoNumber(str):
    """A literal that JSON's grammar or our columns have no number for: NaN, Infinity, 400 digits."""

    __slots__ = ()


class Repeated(dict[str, Any]):
    """An object that names keys twice, so that nobody can say which value is meant."""

    twice: frozenset[str] = frozenset()


def read_json(raw: bytes) -> Any:
    """The document. Raises `UpstreamError` if it is empty, a web page, cut off, nested too deeply or no JSON."""
    if not raw.strip():
        raise UpstreamError("The document is empty.", retryable=True)
    if raw.lstrip()[:1] == b"<":
        raise UpstreamError("The document is a web page, not JSON.", retryable=True)
    try:
        return json.loads(
            raw.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_constant=NoNumber,
            parse_float=_number,
            parse_int=_whole_number,
        )
    except RecursionError as error:
        raise UpstreamError("The document is nested too deeply to be read.", retryable=True) from error
    except ValueError as error:
        raise UpstreamError(f"The document is no JSON or was cut off: {error}.", retryable=True) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) == len(pairs):
        return built
    counts = Counter(key for key, _ in pairs)
    repeated = Repeated(built)
    repeated.twice = frozenset(key for key, count in counts.items() if count > 1)
    return repeated


def _number(text: str) -> Decimal | NoNumber:
    # Decimal keeps 1e-05 as it was written, where a float would not.
    try:
        return Decimal(text) if len(text) <= _LONGEST_NUMBER else NoNumber(text)
    except InvalidOperation:
        return NoNumber(text)


def _whole_number(text: str) -> int | NoNumber:
    return int(text) if len(text) <= _LONGEST_NUMBER else NoNumber(text)


def one_object(entry: Any) -> Mapping[str, Any]:
    """`entry`, if it is an object that names each of its fields once."""
    if not isinstance(entry, dict):
        raise BadField(f"the record is {printable(entry)}, not an object")
    if isinstance(entry, Repeated):
        raise BadField(f"“{printable(min(entry.twice))}” is stated twice")
    return entry


def text(entry: Mapping[str, Any], name: str, *, longest: int = LONGEST_TEXT) -> str | None:
    """A text without what no database takes; blank counts as not stated."""
    value = entry.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or isinstance(value, NoNumber):
        _refuse(name, value, "a text")
    return checked(name, value, longest=longest).strip() or None


def checked(name: str, value: str, *, longest: int = LONGEST_TEXT) -> str:
    """`value` itself, or `BadField` if it holds a NUL, a lone surrogate, or too much."""
    if "\x00" in value:
        raise BadField(f"“{name}” holds a NUL character")
    if not value.isascii() and _SURROGATE.search(value):
        raise BadField(f"“{name}” holds half of a character (a lone surrogate)")
    if len(value) > longest:
        raise BadField(f"“{name}” is {len(value)} characters long; {longest} are taken")
    return value


def external_id(value: Any) -> str:
    """The id of a record; every source needs one that can be stored and shown."""
    if not isinstance(value, str) or not value.strip():
        raise BadField("the record has no id")
    checked("id", value, longest=LONGEST_ID)
    if not value.isprintable():
        raise BadField("the id holds characters that cannot be seen")
    return value


def texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """A list of texts; one text alone counts as a list of one."""
    value = entry.get(name)
    if value is None:
        return None
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        _refuse(name, value, "a text or a list of texts")
    return tuple(stripped for item in items if (stripped := checked(name, item).strip()))


def flag(entry: Mapping[str, Any], name: str) -> bool | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, bool):
        _refuse(name, value, "true or false")
    return value


def whole(entry: Mapping[str, Any], name: str) -> int | None:
    """A whole number that is not negative; `2000000.0` and `"2000000"` are taken, too."""
    stated = entry.get(name)
    if type(stated) is int and 0 <= stated <= _HIGHEST_LENGTH:
        return stated
    value = _decimal(entry, name)
    if value is None:
        return None
    if value < 0 or value > _HIGHEST_LENGTH or value != value.to_integral_value():
        _refuse(name, stated, f"a whole number from 0 to {_HIGHEST_LENGTH}")
    return int(value)


def price_per_million(entry: Mapping[str, Any], name: str) -> Decimal | None:
    """USD per million tokens, from a field in USD per token."""
    value = _decimal(entry, name)
    if value is None:
        return None
    # The bound comes before the product: an exponent of millions must not be written out.
    _check_price(entry, name, value, highest=_HIGHEST_PRICE, unit="token")
    return (value * 1_000_000).normalize()


def usd_per_million(entry: Mapping[str, Any], name: str) -> Decimal | None:
    """USD per million tokens, from a field in just that."""
    value = _decimal(entry, name)
    if value is None:
        return None
    _check_price(entry, name, value, highest=_HIGHEST_PRICE * 1_000_000, unit="million tokens")
    return value.normalize()


def _check_price(entry: Mapping[str, Any], name: str, value: Decimal, *, highest: Decimal, unit: str) -> None:
    if value < 0 or value >= highest or (value and value.adjusted() < -_LONGEST_NUMBER):
        _refuse(name, entry.get(name), f"a price in USD per {unit}")


def _decimal(entry: Mapping[str, Any], name: str) -> Decimal | None:
    value = entry.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        _refuse(name, value, "a number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        _refuse(name, value, "a number")
    if not number.is_finite():
        _refuse(name, value, "a number")
    return number


def day(entry: Mapping[str, Any], name: str) -> date | None:
    """A day as year-month-day, whatever the zeros: `2025-1-6` is the sixth of January."""
    value = text(entry, name)
    if value is None:
        return None
    match = _DAY.fullmatch(value)
    if match is None:
        _refuse(name, value, "a day like 2026-01-31")
    try:
        return date(*map(int, match.groups()))
    except ValueError as error:
        raise BadField(f"“{name}” is {printable(value)}, which is no day of the calendar") from error


def sorted_out(read: Iterable[ListingRecord | Reject]) -> Parsed:
    """What was read of a list, the bad apart. Of two rows with the same id neither is taken: who knows which counts."""
    found = list(read)
    counts = Counter(one.external_id for one in found if isinstance(one, ListingRecord))
    twice = [name for name, count in counts.items() if count > 1]
    return Parsed(
        records=[one for one in found if isinstance(one, ListingRecord) and counts[one.external_id] == 1],
        rejects=[
            *(one for one in found if isinstance(one, Reject)),
            *(Reject(name, "the id is in the document twice") for name in twice),
        ],
    )


def rejected(identity: Any, entry: Any, reason: object) -> Reject:
    """The bad record in words that any database and any page can take."""
    return Reject(printable(identity, longest=LONGEST_ID - 1), str(reason), excerpt(entry))


def excerpt(value: Any) -> str:
    """The beginning of a record as ASCII, with everything odd escaped."""
    try:
        written = json.dumps(value, default=str, ensure_ascii=True)
    except (RecursionError, ValueError):
        written = "nested too deeply to be shown"
    return written[:_LONGEST_EXCERPT]


def printable(value: object, *, longest: int = 80) -> str:
    """`value` in a message: cut, and with everything that cannot be seen escaped."""
    words = str(value)
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in words[:longest])
    return shown if len(words) <= longest else f"{shown}…"


def _refuse(name: str, value: object, wanted: str) -> NoReturn:
    raise BadField(f"“{name}” is {printable(value)}, not {wanted}")
