"""The table of telling: for each kind of change what it asks for, by the way it reaches a dependency.

A new kind of change is one entry here, with one sentence that says what to do.
"""

from dataclasses import dataclass
from enum import IntEnum

from governance.models.triage import Concern
from registry.models import ChangeKind


class Response(IntEnum):
    """What a change asks for, weakest first."""

    NOTHING = 0  # it does not touch the dependency
    NOTE = 1  # it is recorded as an impact
    TELL = 2  # and said in the digest
    ACT = 3  # and somebody has to do something


@dataclass(frozen=True, slots=True)
class Treatment:
    concern: Concern
    direct: Response
    alternative: Response
    lineage: Response
    what_to_do: str = ""
    eases: bool = False


_NOTHING, _NOTE, _TELL, _ACT = Response.NOTHING, Response.NOTE, Response.TELL, Response.ACT

TREATMENTS: dict[str, Treatment] = {
    ChangeKind.LISTED: Treatment(Concern.AVAILABILITY, _NOTHING, _NOTHING, _NOTHING),
    ChangeKind.REMOVED: Treatment(
        Concern.AVAILABILITY,
        _ACT,
        _ACT,
        _TELL,
        "New deployments cannot fetch it any more. Switch to an alternative, or serve a verified copy of your own.",
    ),
    ChangeKind.RESTORED: Treatment(Concern.AVAILABILITY, _TELL, _TELL, _NOTE, eases=True),
    ChangeKind.RENAMED: Treatment(
        Concern.IDENTITY,
        _ACT,
        _TELL,
        _NOTE,
        "Write the new name wherever the system names the model: upstream may stop redirecting the old one.",
    ),
    ChangeKind.REREGISTERED: Treatment(
        Concern.IDENTITY,
        _ACT,
        _ACT,
        _TELL,
        "Do not fetch it again before it is clear who published it: stay on the pinned revision or a copy of your own, "
        "compare digests, and have the model adopted anew.",
    ),
    ChangeKind.DISABLED: Treatment(
        Concern.AVAILABILITY,
        _ACT,
        _ACT,
        _TELL,
        "The host refuses access. Switch to an alternative, or serve a verified copy of your own.",
    ),
    ChangeKind.GATED: Treatment(
        Concern.ACCESS,
        _ACT,
        _ACT,
        _TELL,
        "Accept the new terms with an account of the organisation if they can be accepted, keep a verified copy, or "
        "switch to an alternative.",
    ),
    ChangeKind.UNGATED: Treatment(Concern.ACCESS, _TELL, _NOTE, _NOTE, eases=True),
    ChangeKind.LICENSE_CHANGED: Treatment(
        Concern.LICENSE,
        _ACT,
        _ACT,
        _TELL,
        "Have the model adopted under its new license, pin a revision that still has the old one, or switch.",
    ),
    ChangeKind.LICENSE_TEXT_CHANGED: Treatment(
        Concern.LICENSE,
        _ACT,
        _TELL,
        _NOTE,
        "Read what changed in the text; have the model adopted anew if the terms differ.",
    ),
    ChangeKind.REVISION_MOVED: Treatment(Concern.IDENTITY, _TELL, _NOTE, _NOTHING),
    ChangeKind.DEPRECATED: Treatment(
        Concern.RETIREMENT,
        _ACT,
        _TELL,
        _TELL,
        "No day is set yet. Plan the move: write or check the fallback plan, have an alternative approved, drill it.",
    ),
    ChangeKind.UNDEPRECATED: Treatment(Concern.RETIREMENT, _TELL, _NOTE, _NOTE, eases=True),
    ChangeKind.RETIREMENT_ANNOUNCED: Treatment(
        Concern.RETIREMENT,
        _ACT,
        _ACT,
        _TELL,
        "Move to an alternative before {day}.",
    ),
    ChangeKind.RETIREMENT_MOVED: Treatment(
        Concern.RETIREMENT,
        _ACT,
        _ACT,
        _TELL,
        "Move to an alternative before {day}.",
    ),
    ChangeKind.RETIREMENT_WITHDRAWN: Treatment(Concern.RETIREMENT, _TELL, _TELL, _NOTE, eases=True),
    ChangeKind.RETIRED: Treatment(
        Concern.RETIREMENT,
        _ACT,
        _ACT,
        _TELL,
        "Switch to an alternative now.",
    ),
    ChangeKind.PRICE_CHANGED: Treatment(
        Concern.COST,
        _ACT,
        _NOTE,
        _NOTHING,
        "Check the budget of this use; a cheaper alternative may do.",
    ),
    ChangeKind.CAPABILITY_CHANGED: Treatment(
        Concern.CAPABILITY,
        _TELL,
        _TELL,
        _NOTHING,
        "Check that what the purpose needs is still there, and drill the plan if it is not.",
    ),
    ChangeKind.SUCCESSOR_NAMED: Treatment(Concern.RETIREMENT, _TELL, _NOTE, _NOTHING),
    ChangeKind.LINEAGE_CHANGED: Treatment(
        Concern.INDEPENDENCE,
        _ACT,
        _ACT,
        _ACT,
        "Check that primary and alternatives still have different root vendors; have the plan approved anew.",
    ),
    ChangeKind.VENDOR_CHANGED: Treatment(
        Concern.INDEPENDENCE,
        _ACT,
        _ACT,
        _ACT,
        "Check that primary and alternatives still have different root vendors; have the plan approved anew.",
    ),
    ChangeKind.VENDOR_SIGNAL: Treatment(
        Concern.INDEPENDENCE,
        _ACT,
        _TELL,
        _ACT,
        "Write a fallback plan with an alternative of another vendor, have it approved, and drill it.",
    ),
}

# What concerns one revision leaves a system alone that stays on another.
OF_ONE_REVISION = {
    ChangeKind.LICENSE_CHANGED,
    ChangeKind.LICENSE_TEXT_CHANGED,
    ChangeKind.REVISION_MOVED,
    ChangeKind.CAPABILITY_CHANGED,
}
# Here a verified copy of our own keeps a system running.
SPARED_BY_A_COPY = {
    ChangeKind.REMOVED,
    ChangeKind.DISABLED,
    ChangeKind.GATED,
    ChangeKind.RETIRED,
    ChangeKind.RETIREMENT_ANNOUNCED,
    ChangeKind.RETIREMENT_MOVED,
    ChangeKind.RENAMED,
}
# Here a plan that holds is all that can be done, so knowing is enough.
ANSWERED_BY_A_PLAN = {ChangeKind.VENDOR_SIGNAL, ChangeKind.VENDOR_CHANGED, ChangeKind.LINEAGE_CHANGED}
