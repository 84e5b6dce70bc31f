"""Through which door an act comes, and under which request: what the audit chain says of it beside who did what.

Each entry point (a request, a task, a command) opens its door once, at the outside; whatever is done inside is
recorded under it, however deep, without being told.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum


class Door(StrEnum):
    ADMIN = "admin"
    API = "api"
    HOOK = "hook"
    COMMAND = "command"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Passage:
    """The door, and the id of the request or task that came through it."""

    door: Door | None = None
    request_id: str = ""


_NOWHERE = Passage()
_passage: ContextVar[Passage] = ContextVar("passage", default=_NOWHERE)


def passage() -> Passage:
    """How the act that is being done came in; without a door where nobody opened one, as in a shell."""
    return _passage.get()


@contextmanager
def through(door: Door, request_id: str) -> Iterator[None]:
    """What happens inside came through `door`; the outermost door counts."""
    if _passage.get().door is not None:
        yield
        return
    token = _passage.set(Passage(door, request_id))
    try:
        yield
    finally:
        _passage.reset(token)
