"""What the present state of an offering asks of its users, whoever announced it and whenever; pure."""

from dataclasses import dataclass
from datetime import date

from governance.treatments import TREATMENTS
from registry.models import ChangeKind, Offering

_BY_STATUS = {
    Offering.Status.REMOVED: ChangeKind.REMOVED,
    Offering.Status.DISABLED: ChangeKind.DISABLED,
    Offering.Status.RETIRED: ChangeKind.RETIRED,
}
_GATED = {Offering.Gating.AUTO, Offering.Gating.MANUAL}


@dataclass(frozen=True, slots=True)
class State:
    """The effective facts of an offering that can ask for something."""

    status: str
    gating: str
    retires_on: date | None

    @classmethod
    def of(cls, offering: Offering) -> "State":
        return cls(offering.status, offering.gating, offering.retires_on)


def kinds_that_stand(state: State) -> list[ChangeKind]:
    """The kinds of change that would lead from an untroubled offering to `state`."""
    kinds = [kind for status, kind in _BY_STATUS.items() if status == state.status]
    if state.status != Offering.Status.RETIRED:
        if state.retires_on is not None:
            kinds.append(ChangeKind.RETIREMENT_ANNOUNCED)
        elif state.status == Offering.Status.DEPRECATED:
            kinds.append(ChangeKind.DEPRECATED)
    if state.gating in _GATED:
        kinds.append(ChangeKind.GATED)
    return kinds


def still_asks(state: State, concern: str) -> bool:
    """Whether `state` by itself keeps an action of `concern` open."""
    return any(TREATMENTS[kind].concern == concern for kind in kinds_that_stand(state))
