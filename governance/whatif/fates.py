"""What becomes of one dependency when something is lost. Pure; `docs/how-to/what-if.md` states the definitions.

The plan is judged by `governance.rules.plan.plan_state`, as the gate judges it, on the plan without what is lost and as
of the day of the loss.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from governance.rules.catalogue import NOTE
from governance.rules.english import listed
from governance.rules.facts import AlternativeFacts, DependencyFacts
from governance.rules.plan import Place, Standing, plan_state
from governance.whatif.question import NOT_HELPED_BY_A_COPY, Exposed, Scene, Way

# With these flaws an alternative would still run: less than was asked for, or hanging on the same vendors.
SOFT = frozenset({"UD402", "UD403", "UD406"})


class Outcome(StrEnum):
    STOPS = "stops"
    DEGRADES = "degrades"
    SURVIVES = "survives"


class Reason(StrEnum):
    """Why, by a word that stays the same in exports."""

    UNTOUCHED = "untouched"
    COPY = "held_copy"
    PLAN = "plan"
    UNDRILLED = "undrilled"
    SLOW = "too_slow"
    NO_MODEL = "no_model"
    DEPENDENT = "not_independent"
    LACKING = "lacks_capability"
    SAME_HOST = "same_host"
    NO_PLAN = "no_plan"
    ALL_LOST = "alternatives_lost"
    FLAWED = "plan_does_not_hold"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a dependency. `by` is the alternative that it leans on, `ready_in_days` its measured switch.

    `plan_holds` is the gate's word on the plan without what is lost, `standings` why; what degrades may have one that holds.
    """

    exposed: Exposed
    ways: tuple[Way, ...]
    outcome: Outcome
    reason: Reason
    text: str
    by: AlternativeFacts | None = None
    ready_in_days: float | None = None
    plan_holds: bool = False
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class _Option:
    """An alternative that would take over, and what is wrong with leaning on it, the worst first."""

    alternative: AlternativeFacts
    holds: bool
    problems: tuple[tuple[Reason, str], ...]

    @property
    def rank(self) -> tuple[bool, bool, int, int]:
        """What is in order comes first, then what the gate calls a plan that holds."""
        return len(self.problems) > 0, not self.holds, len(self.problems), self.alternative.order


def judge(exposed: Exposed, scene: Scene) -> Fate:
    """The fate of a dependency. One that the loss does not get to survives untouched, whatever its plan."""
    remaining = without_the_lost(exposed, scene)
    state = plan_state(Place(exposed.system, remaining, scene.policy, scene.gone_on, scene.known))
    ways = ways_of(exposed, scene)
    options = [option for standing in state.standings if (option := _option(standing, scene))]
    best = min(options, key=lambda option: option.rank, default=None)
    outcome, reason, text = _verdict(exposed, ways, best, state.nearest)
    return Fate(
        exposed=exposed,
        ways=ways,
        outcome=outcome,
        reason=reason,
        text=text,
        by=best.alternative if best else None,
        ready_in_days=best.alternative.switch_time_days if best else None,
        plan_holds=state.holds,
        standings=state.standings,
    )


def ways_of(exposed: Exposed, scene: Scene) -> tuple[Way, ...]:
    dependency = exposed.dependency
    return scene.lost.ways(dependency.offering, dependency.pinned_revision, dependency.host)


def without_the_lost(exposed: Exposed, scene: Scene) -> DependencyFacts:
    """The dependency with a plan of those alternatives alone that the loss leaves."""
    plan = exposed.dependency.plan
    if plan is None:
        return exposed.dependency
    left = tuple(one for one in plan.alternatives if not _is_lost(one, scene))
    if len(left) == len(plan.alternatives):
        return exposed.dependency
    return replace(exposed.dependency, plan=replace(plan, alternatives=left))


def _is_lost(alternative: AlternativeFacts, scene: Scene) -> bool:
    offering = alternative.offering
    return offering is not None and scene.is_lost(offering, alternative.pinned_revision, alternative.host)


def _verdict(
    exposed: Exposed, ways: tuple[Way, ...], best: _Option | None, nearest: Standing | None
) -> tuple[Outcome, Reason, str]:
    dependency = exposed.dependency
    if not ways:
        return Outcome.SURVIVES, Reason.UNTOUCHED, "The loss does not get to it."
    if dependency.has_verified_copy and NOT_HELPED_BY_A_COPY.isdisjoint(ways):
        return Outcome.SURVIVES, Reason.COPY, _copy(best)
    if best is None:
        return (Outcome.STOPS, *_why_it_stops(dependency, nearest))
    if not best.problems:
        return (
            Outcome.SURVIVES,
            Reason.PLAN,
            f"{best.alternative} takes over, {_ready(best.alternative.switch_time_days)}.",
        )
    texts = [text for _, text in best.problems]
    return Outcome.DEGRADES, best.problems[0][0], f"{best.alternative} would take over, but {listed(texts)}."


def _copy(best: _Option | None) -> str:
    then = f"{best.alternative} stands ready after that" if best else "nothing stands ready after that"
    return f"Our own verified copy keeps running, without updates: continuity, not independence; {then}."


def _why_it_stops(dependency: DependencyFacts, nearest: Standing | None) -> tuple[Reason, str]:
    alternatives = dependency.plan.alternatives if dependency.plan else ()
    if not alternatives:
        return Reason.NO_PLAN, "No submitted plan names an alternative."
    if nearest is None:
        whole = "The alternative is" if len(alternatives) == 1 else "All alternatives are"
        return Reason.ALL_LOST, f"{whole} lost with it: {listed(map(str, alternatives))}."
    message = nearest.flaws[0].message
    return Reason.FLAWED, message[:1].upper() + message[1:] if message.startswith(("the ", "whether ")) else message


def _option(standing: Standing, scene: Scene) -> _Option | None:
    """None where the alternative could not take over at all."""
    if not {flaw.rule for flaw in standing.flaws} <= SOFT:
        return None
    return _Option(standing.alternative, standing.holds, tuple(_problems(standing, scene)))


def _problems(standing: Standing, scene: Scene) -> Iterator[tuple[Reason, str]]:
    yield from lasting_problems(standing)
    yield from _untried(standing.alternative, scene)


def lasting_problems(standing: Standing) -> Iterator[tuple[Reason, str]]:
    """What is wrong with leaning on an alternative that would run, however well it is drilled."""
    alternative = standing.alternative
    if not alternative.is_model:
        yield Reason.NO_MODEL, f"no model does it then: {alternative.impact_statement.rstrip('.')}"
    for flaw in standing.flaws:
        if flaw.rule == "UD406":
            yield Reason.LACKING, f"it {flaw.message.removeprefix(f'{alternative} ').rstrip('.')}"
    if any(flaw.rule in {"UD402", "UD403"} for flaw in standing.flaws):
        yield Reason.DEPENDENT, "it is not shown to be independent: this loss passes it by, the next may not"
    for aside in standing.asides:
        if aside.rule == "UD407" and aside.at_most != NOTE:
            yield Reason.SAME_HOST, aside.message.rstrip(".")


def _untried(alternative: AlternativeFacts, scene: Scene) -> Iterator[tuple[Reason, str]]:
    drill, switch_days = alternative.drill, alternative.switch_time_days
    if drill is None:
        yield Reason.UNDRILLED, "the switch was never drilled"
    elif not drill.has_passed:
        yield Reason.UNDRILLED, "the last drill failed"
    elif not drill.counts(scene.gone_on):
        yield Reason.UNDRILLED, f"the last drill has expired by then ({drill.expires_on})"
    elif switch_days is None:
        yield Reason.UNDRILLED, "no drill has measured how long the switch takes"
    elif switch_days > scene.notice_days:
        late = days_in_words(switch_days - scene.notice_days)
        yield Reason.SLOW, f"the switch was measured at {days_in_words(switch_days)}: {late} without it"


def _ready(switch_days: float | None) -> str:
    return f"ready in {days_in_words(switch_days)} as measured" if switch_days is not None else "ready"


def days_in_words(days: float) -> str:
    """`3 hours`, `1 day`, `2.5 days`; what is under an hour in minutes."""
    hours = days * 24
    if hours < 1:
        return _counted(max(round(hours * 60), 1), "minute")
    if hours < 48:  # noqa: PLR2004 - two days
        return _counted(round(hours), "hour")
    return _counted(round(days, 1), "day")


def _counted(number: float, word: str) -> str:
    shown = f"{number:g}"
    return f"{shown} {word}" if shown == "1" else f"{shown} {word}s"
