"""The facts that a person can put right, and how each is written. A license is looked up; nothing is ever written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from registry import licenses
from registry.models import LicenseName
from registry.records import plain

_HIGHEST_PRICE = Decimal(100_000_000)
_FINEST_PRICE = Decimal("0.000001")
_LARGEST_NUMBER = 2**31 - 1
_LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Correctable:
    """A fact that an offering or its model shows. `read` gives a value as records spell it; `columns` is where it stands.

    `may_be_none`: a person can say that there is none. `is_of_model`: all offerings of a model share it.
    """

    label: str
    read: Callable[[Any], Any]
    columns: tuple[str, ...] = ()
    may_be_none: bool = False
    is_of_model: bool = False


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValidationError("Write the day as YYYY-MM-DD.") from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValidationError("Say true or false.")
    return value


def _gating(value: Any) -> str:
    if value not in ("open", "auto", "manual"):
        raise ValidationError("Choose one of open, auto and manual.")
    return str(value)


def _price(value: Any) -> str:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        price = Decimal("NaN")
    is_fit = price.is_finite() and 0 <= price < _HIGHEST_PRICE and price == price.quantize(_FINEST_PRICE)
    if isinstance(value, bool) or not is_fit:
        raise ValidationError("Write the price in USD per million tokens, such as 0.25, with at most six decimals.")
    return plain(price)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST_NUMBER:
        raise ValidationError("Write a whole number above 0.")
    return value


def _license(value: Any) -> list[str]:
    found = licenses.find(value) if isinstance(value, str) and value.strip() else None
    if found is None:
        raise ValidationError("Name a license of the register by its SPDX id; enter one that is missing there first.")
    hub_name = found.hub_names.filter(field=LicenseName.Field.LICENSE).first()
    return [hub_name.text if hub_name else found.spdx_id]


def named(value: Any) -> str:
    """How a place spells another model; raises `ValidationError`."""
    words = value.strip() if isinstance(value, str) else ""
    if not words or len(words) > _LONGEST_NAME or not words.isprintable():
        raise ValidationError(f"Write its name as its place spells it, at most {_LONGEST_NAME} characters.")
    return words


CORRECTABLE: Mapping[str, Correctable] = {
    "retires_on": Correctable("Day of retirement", _day, ("retires_on", "status"), may_be_none=True),
    "is_retired": Correctable("Shut down already", _flag, ("status",)),
    "deprecated_on": Correctable("Deprecated since", _day, ("deprecated_on", "status"), may_be_none=True),
    "is_deprecated": Correctable("Deprecated", _flag, ("status",)),
    "is_disabled": Correctable("Disabled", _flag, ("status",)),
    "gating": Correctable("Gating", _gating, ("gating",)),
    "license": Correctable("License", _license),
    "successor": Correctable("Successor", named, may_be_none=True),
    "input_price": Correctable("Input price", _price, ("input_price",), may_be_none=True),
    "output_price": Correctable("Output price", _price, ("output_price",), may_be_none=True),
    "context_length": Correctable("Context length", _whole, ("context_length",), is_of_model=True),
    "embedding_dimension": Correctable("Embedding dimension", _whole, ("embedding_dimension",), is_of_model=True),
    "supports_tools": Correctable("Tool calls", _flag, ("supports_tools",), is_of_model=True),
}


def stated(fact: str, value: Any) -> Any:
    """What a person writes of `fact`, as records spell it; raises `ValidationError`. None: there is none."""
    one = CORRECTABLE[fact]
    if value is not None:
        return one.read(value)
    if not one.may_be_none:
        raise ValidationError("Say what is right: that there is none cannot be said of this fact.")
    return None
