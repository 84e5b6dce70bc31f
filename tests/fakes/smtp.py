"""A mail server on loopback: takes everything, or goes wrong as told, and logs what it took."""

import socket
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from threading import Event
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller


def _free_port() -> int:
    # The controller connects to its own port to see that it is up, so it cannot be told 0.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MailServer:
    """`mails` are the messages that were accepted, in order. `refuse` answers RCPT for an address with a line."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refusals: dict[str, str] = {}
        self.after_data: Callable[[], str] | None = None
        self.accepted = Event()
        self.port = _free_port()
        self._controller = Controller(_Handler(self), hostname="127.0.0.1", port=self.port, ready_timeout=10)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def refuse(self, address: str, line: str) -> None:
        self.refusals[address] = line


class _Handler:
    def __init__(self, mails: MailServer) -> None:
        self._mails = mails

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self._mails.refusals:
            return self._mails.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self._mails.mails.append(message_from_bytes(envelope.content))
        self._mails.accepted.set()
        if self._mails.after_data is not None:
            return self._mails.after_data()
        return "250 Taken"
