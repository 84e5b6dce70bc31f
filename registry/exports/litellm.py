"""Fallback plans -> the `router_settings.fallbacks` of a LiteLLM proxy; pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import yaml


@dataclass(frozen=True, slots=True)
class Plan:
    """What may take over from a model, in order, for one use of it. Models go by the names LiteLLM has for them."""

    use: str
    primary: str
    fallbacks: tuple[str, ...]
    longer: frozenset[str] = frozenset()
    """Those of the fallbacks that take more tokens than the primary."""
    needs_new_index: bool = False
    """Whether another model answers from a stored index only after that was built again."""


def name_of(host: str, external_id: str) -> str:
    """What LiteLLM calls an offering for which nobody stated a name: `provider/model`."""
    return external_id if external_id.startswith(f"{host}/") else f"{host}/{external_id}"


def router_settings(plans: Iterable[Plan]) -> str:
    """The YAML of the plans, to be put into the proxy's configuration.

    A proxy knows a model by its name and not by who calls it. So where several uses share a primary, only what all
    their plans name takes over. Where some of that takes more tokens, it also stands under `context_window_fallbacks`,
    which LiteLLM asks when a prompt is too long. What that leaves out, and what has to be done before a switch, stands in comments.
    """
    by_primary: dict[str, list[Plan]] = defaultdict(list)
    for plan in plans:
        by_primary[plan.primary].append(plan)
    entries, longer, notes = [], [], []
    for primary, group in sorted(by_primary.items()):
        shared = _in_all(group)
        if shared:
            entries.append({primary: shared})
        if longer_ones := [name for name in shared if all(name in plan.longer for plan in group)]:
            longer.append({primary: longer_ones})
        notes += _notes(group, shared)
    settings = {"fallbacks": entries} | ({"context_window_fallbacks": longer} if longer else {})
    text = yaml.safe_dump({"router_settings": settings}, sort_keys=False, allow_unicode=True)
    return "".join(f"# {_in_one_line(note)}\n" for note in notes) + text


def _in_all(plans: Sequence[Plan]) -> list[str]:
    """The fallbacks that every plan names, each once, in the order of the first."""
    first, *others = plans
    return [
        name
        for name in dict.fromkeys(first.fallbacks)
        if name != first.primary and all(name in other.fallbacks for other in others)
    ]


def _notes(plans: Sequence[Plan], shared: Sequence[str]) -> list[str]:
    notes = []
    for plan in plans:
        left_out = [name for name in plan.fallbacks if name not in shared and name != plan.primary]
        if left_out:
            notes.append(
                f"{plan.use}: {', '.join(left_out)} left out, because another use of {plan.primary} has no approval for it."
            )
        if plan.needs_new_index and shared:
            notes.append(f"{plan.use}: build the index again with {shared[0]} before it answers; vectors do not mix.")
    return notes


def _in_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
