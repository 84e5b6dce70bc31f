"""What drills measured over time, drawn as bars without a script. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from governance.rules.english import span
from governance.shortfalls import percent
from registry.models import Drill

WIDTH, HEIGHT = 320, 64
_GAP = 4
_WIDEST = 40.0
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One drill: its height from the bottom in units of the drawing, and what it says in words."""

    label: str
    words: str
    has_passed: bool
    x: float
    width: float
    height: float

    @property
    def y(self) -> float:
        return round(HEIGHT - self.height, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    label: str
    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT


def charts(drills: Sequence[Drill]) -> list[Chart]:
    """Scores and times, oldest first; a chart only where at least two drills measured it."""
    drawn = (
        _chart("score", "Score, of the model in use", drills, lambda one: one.score_share, percent),
        _chart("switch", "Time to switch", drills, _seconds, lambda seconds: span(timedelta(seconds=seconds))),
    )
    return [chart for chart in drawn if len(chart.bars) >= FEWEST]


def _seconds(drill: Drill) -> float | None:
    return drill.switch_time.total_seconds() if drill.switch_time is not None else None


def _chart(
    name: str,
    label: str,
    drills: Sequence[Drill],
    value_of: Callable[[Drill], float | None],
    said: Callable[[float], str],
) -> Chart:
    measured = [(drill, value) for drill in drills if (value := value_of(drill)) is not None]
    highest = max((value for _, value in measured), default=0) or 1
    step = min(WIDTH / max(len(measured), 1), _WIDEST)
    return Chart(
        name,
        label,
        tuple(
            Bar(
                label=f"{drill.drilled_on:%-d %b %Y}",
                words=said(value),
                has_passed=drill.outcome == Drill.Outcome.PASSED,
                x=round(number * step + _GAP / 2, 1),
                width=round(step - _GAP, 1),
                height=round(max(HEIGHT * value / highest, 1), 1),
            )
            for number, (drill, value) in enumerate(measured)
        ),
    )
