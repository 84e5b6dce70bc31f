"""What a transport is, what it is given and how it fails. A transport knows no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import ClassVar, Protocol


class Style(Enum):
    """Whether a channel gets one digest per window, or a ticket for each concern."""

    DIGEST = "digest"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Todo:
    """What somebody has to do, as the action stands when the letter is written.

    `title` names the system; `headline` is for where the system is named already.
    """

    title: str
    headline: str
    what_to_do: str
    due_on: date
    state: str
    url: str
    ticket: str = ""
    ticket_url: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One change for one use of a model: what happened, how it gets here, who says so."""

    headline: str
    severity: str
    explanations: tuple[str, ...]
    model: str
    purpose: str
    environment: str
    detected_on: date
    effective_on: date | None
    source: str
    evidence_url: str


@dataclass(frozen=True, slots=True)
class Section:
    """Everything that concerns one system: what the receiver has to do, soonest first, and what changed."""

    system: str
    criticality: str
    owner: str
    url: str
    todos: tuple[Todo, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One of several things that a letter is about, with the page where one goes on."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Something about the platform itself that somebody has to look at: said in full sentences, each list in order.

    `link_text` names the page at `url`; `because` says why one gets the letter, and how to get it no more.
    """

    headline: str
    why: tuple[str, ...]
    follows: tuple[str, ...]
    to_do: tuple[str, ...]
    url: str
    link_text: str = "The source, its polls and what is held back"
    because: str = (
        "One letter when something goes wrong and one when it is over. You get it because this address stands among the "
        "channels without a team; an administrator can switch it off there."
    )
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketState:
    """The ticket that a letter creates or updates. `reference` stands in it, so that it is found again.

    `history` is all that led to it, newest first; the letter's own lines are what is new.
    """

    reference: str
    todo: Todo
    history: tuple[Line, ...]
    external_key: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice with everything that a transport needs to send it. `reference` is the same on every attempt.

    A letter with an `alert` says that and nothing else.
    """

    key: str
    reference: str
    address: str
    options: Mapping[str, str]
    team: str
    sections: tuple[Section, ...]
    home_url: str
    ticket: TicketState | None = None
    alert: Alert | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for section in self.sections for line in section.lines)

    @property
    def todos(self) -> tuple[Todo, ...]:
        return tuple(todo for section in self.sections for todo in section.todos)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver answered: for a ticket its key and address there."""

    external_key: str = ""
    url: str = ""
    detail: str = ""


class TransportError(Exception):
    """A letter was not delivered, or nobody knows.

    `permanent`: trying again will not help. `is_destination_down`: the others for the same destination would fare
    no better now. `retry_after`: not before that.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        is_destination_down: bool = False,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.is_destination_down = is_destination_down
        self.retry_after = retry_after


class Throttled(TransportError):
    """The destination asks for a pause; nothing at all is sent to it before that."""

    def __init__(self, reason: str, *, retry_after: timedelta) -> None:
        super().__init__(reason, is_destination_down=True, retry_after=retry_after)


class Transport(Protocol):
    """One way to tell somebody. `send` is called outside any transaction and from several threads at once.

    It may be called again for a letter that had arrived, and has to recognise that by the letter's reference.
    """

    style: ClassVar[Style]
    max_attempts: ClassVar[int]

    def lane(self, address: str) -> str:
        """The server behind `address`: what is down together; its letters go one after the other."""

    def send(self, letter: Letter) -> Receipt:
        """Deliver; raises `TransportError`."""
