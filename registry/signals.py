"""What a vendor's behaviour over time suggests: going quiet, closing up. Pure; these are not Django's signals.

Each part stands for itself, with its numbers, its days and the threshold that they are held against; there is no score.
A part that crosses its threshold is proposed to a person, who looks and decides. Too little history, or a history that
was not read to its end, gives no value and crosses nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from registry.history import History, Quarter, Seen, filled, quarter_start, quarters_before, summed, total, written
from registry.signal_parts import Name, Part, Point, are, counted, in_months

# 365.25 days, by twelve.
_DAYS_A_MONTH = 30.4375
# Of fewer releases nobody can tell a rhythm, and a single one moves a share by more than chance would.
ENOUGH_RELEASES = 8
# Two pauses. A single wave of releases has no rhythm at all.
ENOUGH_QUARTERS = 3
# What is judged: the last four whole quarters with the one that runs, so that every season is in it and the unfinished
# quarter can only speak for the vendor.
RECENT_QUARTERS = 4
# Against the year before, which is as long.
PACE_QUARTERS = 4
# Against the two years before, because a share needs more releases than a count.
SHARE_QUARTERS = 8
# How far back a vendor's rhythm is read: what it did when it began is not how it works now.
RHYTHM_QUARTERS = 12
MONTHS_OF_A_HABIT = 12
# Below these a single repository or model is a share already.
ENOUGH_WATCHED = 4
ENOUGH_GATED = 2
ENOUGH_MODELS = 3
# The charts reach back four years.
CHART_QUARTERS = 15


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a part has to pass to be proposed; docs/explanation/vendor-signals.md shows what they do to real histories."""

    # Twice the longest pause of the last three years is no habit of this vendor any more.
    silence_in_pauses: float = 2.0
    # For one that releases monthly half a year without is a season, and no signal.
    silence_in_months: float = 6.0
    # Of one that has released for less than a year nobody knows its seasons.
    silence_of_the_young_in_months: float = 12.0
    # Two years are a generation or more of models, whatever a vendor once allowed itself.
    silence_at_most_in_months: float = 24.0
    # Half the pace is what a change of generations looks like; a quarter of it is not.
    pace: float = 0.25
    # Of eight releases a share wanders by a quarter by chance alone.
    open_share_fall: float = 0.4
    gated_share_rise: float = 0.4
    newly_gated: float = 0.25
    hosted_only_rise: float = 0.5


def judge(history: History, *, today: date, by: Thresholds | None = None) -> tuple[Part, ...]:
    """Every part, in the order in which they are shown. Releases are judged by the day to which they are known."""
    limits = by or Thresholds()
    by_releases = [_judge_releases(history, name, look, limits) for name, look in _OF_RELEASES.items()]
    return (*by_releases, _newly_gated(history, today, limits), _hosted_only(history, today, limits), _moves(history))


def _judge_releases(
    history: History, name: Name, look: Callable[[Seen, date, Thresholds], Part], by: Thresholds
) -> Part:
    if history.seen.unseen or history.seen.as_of is None:
        return Part(name, f"Not enough to say. {history.seen.unseen}")
    return look(history.seen, history.seen.as_of, by)


def _silence(seen: Seen, as_of: date, by: Thresholds) -> Part:
    released = seen.released
    first, last = (released[0].start, released[-1].last_on) if released else (as_of, None)
    if last is None or _is_too_little(released) or len(released) < ENOUGH_QUARTERS:
        where = f" in {counted(len(released), 'quarter')}"
        return Part(Name.SILENCE, _too_little(released, where, f" in {ENOUGH_QUARTERS} quarters"))
    months = max(0.0, _months(last, as_of))
    longest = _longest_pause(released, last)
    threshold = _longest_silence(longest, _months(first, last), by)
    return Part(
        Name.SILENCE,
        f"{_since_the_last(months)} {written(last)}. The longest pause in the three years before it was "
        f"{in_months(longest)}.",
        value=round(months, 1),
        threshold=round(threshold, 1),
        is_crossed=months > threshold,
        numbers={"months": round(months, 1), "longest_pause": round(longest, 1)},
        dates={"last_on": last, "as_of": as_of},
        since=last,
    )


def _longest_silence(longest_pause: float, age: float, by: Thresholds) -> float:
    """In months: what is still a habit of a vendor that has released for `age` months."""
    least = by.silence_in_months if age >= MONTHS_OF_A_HABIT else by.silence_of_the_young_in_months
    return min(max(least, by.silence_in_pauses * longest_pause), by.silence_at_most_in_months)


def _since_the_last(months: float) -> str:
    if months < 1:
        return "The last release with weights was on"
    return f"No release with weights for {in_months(months)}; the last one was on"


def _longest_pause(released: Iterable[Quarter], last: date) -> float:
    """In months, from the last release of a quarter to that of the next: as long as it really was, or longer."""
    start = quarters_before(quarter_start(last), RHYTHM_QUARTERS)
    days = sorted(quarter.last_on for quarter in released if quarter.last_on and quarter.start >= start)
    return max((_months(one, other) for one, other in pairwise(days)), default=0.0)


def _pace(seen: Seen, as_of: date, by: Thresholds) -> Part:
    since, recent, before = _compared(seen, as_of, PACE_QUARTERS)
    series = _series(seen, as_of, lambda one: one.released)
    if _is_too_little([before]):
        return Part(Name.PACE, _too_little([before], f" in the twelve months before {written(since)}"), series=series)
    value = recent.released / before.released
    return Part(
        Name.PACE,
        f"{counted(recent.released, 'release')} with weights since {written(since)}, after {before.released} in the twelve "
        "months before.",
        value=round(value, 3),
        threshold=by.pace,
        is_crossed=value < by.pace,
        numbers={"recent": recent.released, "before": before.released},
        dates={"since": since, "as_of": as_of},
        series=series,
    )


@dataclass(frozen=True, slots=True)
class _Share:
    """Which of the releases are counted, and by how much their share may move down (`way` -1) or up (1)."""

    name: Name
    count: Callable[[Quarter], int]
    words: str
    way: int
    turn: float


def _open_share(seen: Seen, as_of: date, by: Thresholds) -> Part:
    words = "under an open license"
    return _share(seen, as_of, _Share(Name.OPEN_SHARE, lambda one: one.open, words, -1, by.open_share_fall))


def _gated_share(seen: Seen, as_of: date, by: Thresholds) -> Part:
    return _share(seen, as_of, _Share(Name.GATED_SHARE, lambda one: one.gated, "gated", 1, by.gated_share_rise))


def _share(seen: Seen, as_of: date, one: _Share) -> Part:
    """A share of the new releases, against that of those before."""
    since, recent, before = _compared(seen, as_of, SHARE_QUARTERS)
    series = _series(seen, as_of, one.count)
    if _is_too_little([recent]) or _is_too_little([before]):
        where = f" since {written(since)} and {before.released} in the two years before"
        return Part(one.name, _too_little([recent], where, " each"), series=series)
    new, old = one.count(recent), one.count(before)
    now, former = new / recent.released, old / before.released
    threshold = round(former + one.way * one.turn, 3)
    return Part(
        one.name,
        f"Of {counted(recent.released, 'release')} since {written(since)}, {new} {are(new)} {one.words} ({now:.0%}); "
        f"of the {before.released} in the two years before, {old} ({former:.0%}).",
        value=round(now, 3),
        threshold=threshold if 0 <= threshold <= 1 else None,
        is_crossed=one.way * (round(now, 3) - threshold) >= 0,
        numbers={"recent": new, "recent_of": recent.released, "before": old, "before_of": before.released},
        dates={"since": since, "as_of": as_of},
        series=series,
    )


def _newly_gated(history: History, today: date, by: Thresholds) -> Part:
    since = _a_year_before(today)
    gates = [gate.on for gate in history.gates if since < gate.on <= today]
    watched = counted(history.watched_count, "repository")
    if history.watched_count < ENOUGH_WATCHED:
        why = f"Not enough to say: {watched} on the Hub in use, {ENOUGH_WATCHED} needed."
        return Part(Name.NEWLY_GATED, why)
    value = round(len(gates) / history.watched_count, 3)
    last = f", the last on {written(max(gates))}" if gates else ""
    return Part(
        Name.NEWLY_GATED,
        f"{len(gates)} of {watched} in use became gated since {written(since)}{last}.",
        value=value,
        threshold=by.newly_gated,
        is_crossed=len(gates) >= ENOUGH_GATED and value >= by.newly_gated,
        numbers={"gated": len(gates), "of": history.watched_count},
        dates={"since": since} | ({"last_on": max(gates)} if gates else {}),
        series=_days_by_quarter([gate.on for gate in history.gates], [], today),
    )


def _hosted_only(history: History, today: date, by: Thresholds) -> Part:
    since = _a_year_before(today)
    recent = [model.is_hosted_only for model in history.models if model.on > since]
    before = [model.is_hosted_only for model in history.models if model.on <= since]
    if min(len(recent), len(before)) < ENOUGH_MODELS:
        came = f"{counted(len(recent), 'model')} came into the register since {written(since)} and {len(before)} before"
        return Part(Name.HOSTED_ONLY, f"Not enough to say: {came}; {ENOUGH_MODELS} each needed.")
    now, former = sum(recent) / len(recent), sum(before) / len(before)
    threshold = round(former + by.hosted_only_rise, 3)
    return Part(
        Name.HOSTED_ONLY,
        f"Of {counted(len(recent), 'model')} that came into the register since {written(since)}, {sum(recent)} "
        f"{are(sum(recent))} offered as a service alone ({now:.0%}); of {len(before)} before, {sum(before)} ({former:.0%}).",
        value=round(now, 3),
        threshold=threshold if threshold <= 1 else None,
        is_crossed=round(now, 3) >= threshold,
        numbers={"recent": sum(recent), "recent_of": len(recent), "before": sum(before), "before_of": len(before)},
        dates={"since": since},
        series=_days_by_quarter(
            [model.on for model in history.models if model.is_hosted_only],
            [model.on for model in history.models if not model.is_hosted_only],
            today,
        ),
    )


def _moves(history: History) -> Part:
    """Shown, and never crossed: another name or namespace is no end of anything."""
    moves = sorted(history.moves, key=lambda move: move.on)
    said = "; ".join(
        f"{move.former} → {move.present} on {written(move.on)} ({move.moved_count} of {move.watched_count} in use)"
        for move in moves
    )
    return Part(
        Name.MOVES,
        f"{said}. A move is no sign of an end." if moves else "Nothing of it that is in use has moved.",
        value=len(moves),
        dates={f"{move.former} → {move.present}": move.on for move in moves},
    )


_OF_RELEASES: dict[Name, Callable[[Seen, date, Thresholds], Part]] = {
    Name.SILENCE: _silence,
    Name.PACE: _pace,
    Name.OPEN_SHARE: _open_share,
    Name.GATED_SHARE: _gated_share,
}


def _compared(seen: Seen, as_of: date, quarters: int) -> tuple[date, Quarter, Quarter]:
    """The first day of what is recent, its releases, and those of so many quarters before."""
    since = quarters_before(quarter_start(as_of), RECENT_QUARTERS)
    before = total(seen.released, since=quarters_before(since, quarters), before=since)
    return since, total(seen.released, since=since), before


def _is_too_little(quarters: Iterable[Quarter]) -> bool:
    return total(quarters).released < ENOUGH_RELEASES


def _too_little(quarters: Iterable[Quarter], where: str, needed: str = "") -> str:
    released = counted(total(quarters).released, "release")
    return f"Not enough to say: {released}{where}; at least {ENOUGH_RELEASES}{needed} are needed."


def _series(seen: Seen, as_of: date, count: Callable[[Quarter], int]) -> tuple[Point, ...]:
    first = quarters_before(quarter_start(as_of), CHART_QUARTERS)
    return tuple(Point(one.start, count(one), one.released) for one in filled(seen.released, first, as_of))


def _days_by_quarter(days: Iterable[date], others: Iterable[date], today: date) -> tuple[Point, ...]:
    """How many of `days` fall in each quarter, of how many together with the `others`."""
    first = quarters_before(quarter_start(today), CHART_QUARTERS)
    counts = [Quarter(quarter_start(day), released=1, open=1) for day in days]
    counts += [Quarter(quarter_start(day), released=1) for day in others]
    return tuple(Point(one.start, one.open, one.released) for one in filled(summed(counts), first, today))


def _months(earlier: date, later: date) -> float:
    return (later - earlier).days / _DAYS_A_MONTH


def _a_year_before(day: date) -> date:
    return date(day.year - 1, day.month, min(day.day, 28))
