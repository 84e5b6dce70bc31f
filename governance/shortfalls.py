"""Whether a drill reached what its plan asks for: computed from what was measured, with the reasons in words. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from governance.rules.english import span
from registry.models import Alternative, Drill
from registry.models.fallback import Thresholds

# Only what answers has a score, a latency and a cost of its own; people who take over have none.
_ANSWERING = (Alternative.Kind.OFFERING, Alternative.Kind.RULE_BASED)

# Shares are quotients of floats: 0.76 of 0.8 is 95 %, whatever the last digit says.
_ROUNDING = 1e-9
Number = TypeVar("Number", float, Decimal, timedelta)


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that the plan asks for: the fields of a drill that show it, and the sentence where it is not reached."""

    fields: tuple[str, ...]
    limit: str
    shortfall: str | None


def missing(drill: Drill, thresholds: Thresholds, *, means_reindexing: bool) -> Iterator[tuple[str, str]]:
    """The fields without which nobody can say whether the drill passed, each with the sentence that asks for it."""
    if drill.alternative.kind == Alternative.Kind.OFFERING and not drill.answered_by:
        yield (
            "answered_by",
            "say which model answered, as its answers name it: a gateway may have answered with another",
        )
    if means_reindexing and drill.reindex_time is None:
        yield "reindex_time", "this dependency has an index: say how long re-indexing took"
    for asked in _asked(drill, thresholds, means_reindexing=means_reindexing):
        for field in asked.fields:
            if getattr(drill, field) is None:
                yield field, f"the plan allows {asked.limit}: say what was measured"


def shortfalls(
    drill: Drill, thresholds: Thresholds, *, means_reindexing: bool, by_another: bool, reported: str = ""
) -> list[str]:
    """Why the drill failed, a sentence each; none for one that passed.

    `by_another` says that another model answered, `reported` what somebody saw fail that no number shows.
    """
    found = [reported] if reported else []
    if by_another:
        found.append(f"{drill.answered_by} answered, and not {drill.alternative.offering}.")
    asked = _asked(drill, thresholds, means_reindexing=means_reindexing)
    return found + [one.shortfall for one in asked if one.shortfall is not None]


def _asked(drill: Drill, thresholds: Thresholds, *, means_reindexing: bool) -> Iterator[Asked]:
    if drill.alternative.kind in _ANSWERING:
        if thresholds.least_score_share is not None:
            yield _score(drill, thresholds.least_score_share)
        yield from _most(drill.latency_ms, thresholds.most_latency_ms, "latency_ms", "Its median latency was", _ms)
        yield from _most(drill.cost_usd, thresholds.most_cost_usd, "cost_usd", "It cost", _usd)
    yield from _most(drill.switch_time, thresholds.most_switch_time, "switch_time", "The switch took", span)
    if means_reindexing:
        most = thresholds.most_reindex_time
        yield from _most(drill.reindex_time, most, "reindex_time", "Re-indexing took", span)


def _score(drill: Drill, least: float) -> Asked:
    limit = f"at least {percent(least)} of the score of the model in use"
    fields = ("primary_score", "alternative_score")
    if drill.primary_score is None or drill.alternative_score is None:
        return Asked(fields, limit, f"The plan asks for {limit}, and the scores were not measured.")
    if drill.score_share is None:
        nothing = f"A score of {drill.primary_score:g} of the model in use is none to compare with"
        return Asked(fields, limit, f"{nothing}; the plan asks for at least {percent(least)} of it.")
    if drill.score_share >= least - _ROUNDING:
        return Asked(fields, limit, None)
    return Asked(
        fields,
        limit,
        f"It scored {drill.alternative_score:g} against {drill.primary_score:g}, {_apart(drill.score_share, least, percent)}; "
        f"the plan asks for {limit}.",
    )


def _most(
    measured: Number | None, most: Number | None, field: str, begin: str, said: Callable[[Number], str]
) -> Iterator[Asked]:
    if most is None:
        return
    limit = f"at most {said(most)}"
    if measured is None:
        yield Asked((field,), limit, f"The plan allows {limit}, and nobody measured it ({field}).")
    elif measured > most:
        yield Asked((field,), limit, f"{begin} {_apart(measured, most, said)}; the plan allows {limit}.")
    else:
        yield Asked((field,), limit, None)


def _apart(measured: Number, most: Number, said: Callable[[Number], str]) -> str:
    """The measured value in words, exactly where rounding would make it look like the limit."""
    return said(measured) if said(measured) != said(most) else str(measured)


def limits(thresholds: Thresholds) -> dict[str, str]:
    """What a drill has to reach, in words, by the field that shows it."""
    asked = {
        "alternative_score": _said(
            thresholds.least_score_share, percent, "at least {} of the score of the model in use"
        ),
        "latency_ms": _said(thresholds.most_latency_ms, _ms),
        "cost_usd": _said(thresholds.most_cost_usd, _usd),
        "switch_time": _said(thresholds.most_switch_time, span),
        "reindex_time": _said(thresholds.most_reindex_time, span),
    }
    return {name: text for name, text in asked.items() if text}


def _said(limit: Number | None, said: Callable[[Number], str], text: str = "at most {}") -> str:
    return "" if limit is None else text.format(said(limit))


def percent(share: float) -> str:
    """`95 %`, `97.2 %`; as exact as one says it."""
    return f"{share * 100:.3g} %"


def _ms(latency: float) -> str:
    return f"{latency:g} ms"


def _usd(cost: Decimal) -> str:
    return f"{cost.normalize():f} USD"
