"""Tickets as files, for a platform that has no tracker: `var/tickets/SRCH-1.md`, one per dependency and concern."""

from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import ClassVar

from django.conf import settings

from governance.transports import markdown, ticket_text
from governance.transports.base import Letter, Receipt, Style, TicketState, TransportError


class Folder:
    """Keeps a readable file per ticket; later changes rewrite it."""

    style: ClassVar[Style] = Style.TICKET
    max_attempts: ClassVar[int] = 10

    def lane(self, address: str) -> str:
        return f"folder:{address}"

    def send(self, letter: Letter) -> Receipt:
        if letter.ticket is None:
            raise TransportError("A ticket channel takes tickets only, and this notice is none.", permanent=True)
        folder = settings.TICKET_FOLDER
        if folder is None:
            raise TransportError("In production tickets go to a tracker: set JIRA_URL.", permanent=True)
        project = letter.options.get("project") or "TICKET"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            key = _keep(folder, project, _text(letter, letter.ticket), letter.ticket.reference)
        except OSError as error:
            raise TransportError(
                f"The folder of tickets cannot be written: {error}", is_destination_down=True
            ) from error
        return Receipt(external_key=key)


def _text(letter: Letter, ticket: TicketState) -> str:
    return f"# {ticket.todo.title}\n\n{markdown.render(ticket_text.description(letter, ticket, is_new=True))}"


def _keep(folder: Path, project: str, text: str, reference: str) -> str:
    """Write the ticket; returns its key. The file of an earlier notice is known by the reference in it."""
    with NamedTemporaryFile("w", dir=folder, suffix=".new", delete=False, encoding="utf-8") as whole:
        whole.write(text)
    for path in sorted(folder.glob("*.md")):
        if reference in path.read_text(encoding="utf-8"):
            Path(whole.name).replace(path)
            return path.stem
    return _file(Path(whole.name), folder, project)


def _file(whole: Path, folder: Path, project: str) -> str:
    """Give the ticket the next free number. Linking fails where the name is taken, so two processes never share one."""
    for number in count(1):
        path = folder / f"{project}-{number}.md"
        with suppress(FileExistsError):
            path.hardlink_to(whole)
            whole.unlink()
            return path.stem
    raise AssertionError("numbers do not end")
