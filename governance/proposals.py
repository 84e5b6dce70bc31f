"""Proposals and decisions: the one door for forms, API and commands. The work is done by the modules named below."""

from governance.decide import QUORUM, decide, expire, withdraw
from governance.propose import propose_adoption, propose_alternative, propose_waiver
from governance.refused import Refused
from governance.state import differences, digest, state_of

__all__ = [
    "QUORUM",
    "Refused",
    "decide",
    "differences",
    "digest",
    "expire",
    "propose_adoption",
    "propose_alternative",
    "propose_waiver",
    "state_of",
    "withdraw",
]
