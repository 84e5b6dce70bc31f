"""What stands ready behind a dependency, in a clause that an impact can carry."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from governance.plan_states import plan_states
from governance.rules.facts import AlternativeFacts
from governance.rules.plan import PlanState


@dataclass(frozen=True, slots=True)
class Fallback:
    """Whether a plan holds, and in words what stands ready or what the nearest lacks."""

    holds: bool = False
    words: str = ""


def fallbacks_of(dependency_ids: Collection[int], *, now: datetime) -> dict[int, Fallback]:
    """For each dependency what stands ready: the gate's own judgement."""
    if not dependency_ids:
        return {}
    return {pk: in_words(state) for pk, state in plan_states(dependency_ids, now=now).items()}


def in_words(state: PlanState) -> Fallback:
    """E.g. `approved alternative b/y (huggingface)`, or `no alternative that holds; b/y (huggingface) is not approved`."""
    if state.holding is not None:
        return Fallback(holds=True, words=_holding(state.holding))
    if state.nearest is None:
        return Fallback(words="none yet")
    return Fallback(words=f"no alternative that holds; {state.nearest.flaws[0].message.rstrip('.')}")


def _holding(alternative: AlternativeFacts) -> str:
    return f"approved alternative {alternative}" if alternative.is_model else f"approved without a model: {alternative}"
