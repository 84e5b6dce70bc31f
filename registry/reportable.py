"""What people can report of an offering: for each kind of change the facts that it asks for. Pure but for licenses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.correctable import CORRECTABLE, named
from registry.models import ChangeKind
from registry.records import JSON
from registry.words import noting


@dataclass(frozen=True, slots=True)
class Reportable:
    """A kind of change as a person reports it.

    It needs one at least of the facts `needs`, may carry those of `may_tell`, states `states` by itself, and says of
    the facts in `takes_back` that there is none any more.
    """

    label: str
    needs: tuple[str, ...] = ()
    may_tell: tuple[str, ...] = ()
    states: JSON = field(default_factory=dict)
    takes_back: tuple[str, ...] = ()

    @property
    def asks_for(self) -> tuple[str, ...]:
        return (*self.needs, *self.may_tell)


REPORTABLE: Mapping[str, Reportable] = {
    ChangeKind.RETIREMENT_ANNOUNCED: Reportable("It will be retired", needs=("retires_on",), may_tell=("successor",)),
    ChangeKind.RETIREMENT_MOVED: Reportable("Its retirement was moved", needs=("retires_on",)),
    ChangeKind.RETIREMENT_WITHDRAWN: Reportable("Its retirement was called off", takes_back=("retires_on",)),
    ChangeKind.RETIRED: Reportable("It has been shut down", states={"is_retired": True}),
    ChangeKind.REMOVED: Reportable("It was removed: it cannot be found any more"),
    ChangeKind.DISABLED: Reportable("Its place has disabled it", states={"is_disabled": True}),
    ChangeKind.RESTORED: Reportable("It is available again", states={"is_disabled": False, "is_retired": False}),
    ChangeKind.DEPRECATED: Reportable(
        "It is deprecated", may_tell=("deprecated_on", "successor"), states={"is_deprecated": True}
    ),
    ChangeKind.UNDEPRECATED: Reportable(
        "It is no longer deprecated", states={"is_deprecated": False}, takes_back=("deprecated_on",)
    ),
    ChangeKind.GATED: Reportable("It became gated", may_tell=("gating",), states={"gating": "manual"}),
    ChangeKind.UNGATED: Reportable("It is no longer gated", states={"gating": "open"}),
    ChangeKind.LICENSE_CHANGED: Reportable("Its license changed", needs=("license",)),
    ChangeKind.RENAMED: Reportable("It was renamed", needs=("renamed_to",)),
    ChangeKind.SUCCESSOR_NAMED: Reportable("A successor was named", needs=("successor",)),
    ChangeKind.PRICE_CHANGED: Reportable("Its price changed", needs=("input_price", "output_price")),
}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "renamed_to": named,
    **{
        name: CORRECTABLE[name].read
        for name in ("retires_on", "deprecated_on", "gating", "license", "successor", "input_price", "output_price")
    },
}
FACTS = tuple(_READERS)


def stated_by(kind: str, facts: Mapping[str, Any], problems: dict[str, list[str]]) -> JSON:
    """The facts that a report states, as records spell them; what is wrong is noted in `problems` by field.

    A fact that is None was not told.
    """
    one = REPORTABLE.get(kind)
    if one is None:
        problems["kind"] = [f"Choose one of {', '.join(REPORTABLE)}."]
        return {}
    told = {name: value for name, value in facts.items() if value is not None}
    for name in told.keys() - set(one.asks_for):
        problems[name] = [f"“{kind}” does not ask for it; report it on its own."]
    if one.needs and not told.keys() & set(one.needs):
        problems[one.needs[0]] = [f"“{kind}” needs it: say what it is now."]
    stated = dict(one.states)
    for name in told.keys() & set(one.asks_for):
        with noting(problems, name):
            stated[name] = _READERS[name](told[name])
    if kind == ChangeKind.GATED and stated["gating"] == "open":
        problems["gating"] = ["Gated means auto or manual."]
    return stated
