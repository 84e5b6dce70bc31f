"""Generated releases of vendors, and the history that they make. Every draw comes from a seed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from registry.history import History, Quarter, Read, see
from registry.releases import by_quarter

BEGINNING = date(2023, 1, 1)


@dataclass(frozen=True, slots=True)
class Release:
    on: date
    is_open: bool = True
    is_gated: bool = False


def quarters_of(releases: Iterable[Release]) -> tuple[Quarter, ...]:
    """As a listing counts them."""
    rows = [
        (datetime.combine(one.on, time(12), UTC), ("apache-2.0",) if one.is_open else ("other",), one.is_gated)
        for one in releases
    ]
    return tuple(Quarter.from_line(line) for line in by_quarter(rows))


def history(releases: Iterable[Release], *, as_of: date) -> History:
    """Of one namespace, whose listing shows on `as_of` what was released until then."""
    read = Read(as_of, quarters_of(one for one in releases if one.on <= as_of))
    return History(see(["acme"], {"acme": read}, [], foreign=(), today=as_of))


def steady(
    seed: int,
    *,
    a_year: float,
    until: date,
    since: date = BEGINNING,
    open_share: float = 1.0,
    gated_share: float = 0.0,
) -> list[Release]:
    """Releases at random days, `a_year` on average."""
    random = Random(seed)  # noqa: S311  # no secret
    found, day = [], since + timedelta(days=random.expovariate(a_year / 365))
    while day < until:
        found.append(Release(day, random.random() < open_share, random.random() < gated_share))
        day += timedelta(days=max(random.expovariate(a_year / 365), 0.01))
    return found


def stopping(seed: int, *, a_year: float, on: date) -> list[Release]:
    """Steady until it stops."""
    return steady(seed, a_year=a_year, until=on)


def closing(seed: int, *, a_year: float, on: date, until: date) -> list[Release]:
    """Goes on releasing, but from that day on mostly gated and under licenses of its own."""
    open_ = steady(seed, a_year=a_year, until=on, open_share=0.95, gated_share=0.05)
    return open_ + steady(-1 - seed, a_year=a_year, since=on, until=until, open_share=0.2, gated_share=0.7)
