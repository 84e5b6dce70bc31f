"""The bars of a part over time, measured for a drawing without a script. Pure."""

from dataclasses import dataclass
from datetime import date

from registry.signal_parts import Name, Part, Point

WIDTH, HEIGHT = 320, 64
_GAP = 4
_COUNTED = {
    Name.PACE: ("releases", ""),
    Name.OPEN_SHARE: ("under an open license", "releases"),
    Name.GATED_SHARE: ("gated", "releases"),
    Name.NEWLY_GATED: ("became gated", ""),
    Name.HOSTED_ONLY: ("offered as a service alone", "models that came in"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """`height` is of what is counted and `whole` of all it is counted among, both from the bottom, in units of the drawing."""

    label: str
    value: int
    of: int
    x: float
    width: float
    height: float
    whole: float

    @property
    def y(self) -> float:
        return round(HEIGHT - self.height, 1)

    @property
    def whole_y(self) -> float:
        return round(HEIGHT - self.whole, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """`counted` and `among` say in words what the two heights are; `among` "" where there is one height alone."""

    bars: tuple[Bar, ...]
    counted: str
    among: str
    highest: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def first(self) -> str:
        return self.bars[0].label

    @property
    def last(self) -> str:
        return self.bars[-1].label


def charted(part: Part) -> Chart | None:
    """None where nothing was ever counted."""
    counted, among = _COUNTED.get(part.name, ("", ""))
    highest = max((point.of if among else point.value for point in part.series), default=0)
    if not highest:
        return None
    step = WIDTH / len(part.series)
    bars = tuple(
        _bar(point, number * step, step - _GAP, highest, is_among=bool(among))
        for number, point in enumerate(part.series)
    )
    return Chart(bars, counted, among, highest)


def _bar(point: Point, x: float, width: float, highest: int, *, is_among: bool) -> Bar:
    height, whole = (round(HEIGHT * count / highest, 1) for count in (point.value, point.of))
    return Bar(
        quarter_name(point.start),
        point.value,
        point.of,
        round(x + _GAP / 2, 1),
        round(width, 1),
        height,
        whole if is_among else 0.0,
    )


def quarter_name(start: date) -> str:
    """“Q2 2026”."""
    return f"Q{(start.month + 2) // 3} {start.year}"
