"""Proposals and decisions: the one door for forms, API and commands. The work is done by the modules named below."""

from governance.decide import decide, expire, withdraw
from governance.delegate import delegate, take_back
from governance.discuss import answer, ask, comment
from governance.edit import edit
from governance.propose import propose_adoption, propose_alternative, propose_retirement, propose_waiver
from governance.propose_again import propose_again
from governance.refused import Refused
from governance.routing import progress_of, route_of
from governance.state import differences, digest, state_of

__all__ = [
    "Refused",
    "answer",
    "ask",
    "comment",
    "decide",
    "delegate",
    "differences",
    "digest",
    "edit",
    "expire",
    "progress_of",
    "propose_adoption",
    "propose_again",
    "propose_alternative",
    "propose_retirement",
    "propose_waiver",
    "route_of",
    "state_of",
    "take_back",
    "withdraw",
]
