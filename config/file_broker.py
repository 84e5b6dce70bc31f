"""The embedded broker: kombu's files, each of which appears whole.

kombu opens a message's file before it writes it, and whoever looks in between takes an empty message and dies of it.
"""

from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "wholefiles"


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override]  # so does the parent
        """Write beside the queue, under a name that no queue has, and then give the file its own."""
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_text(dumps(payload))  # type: ignore[no-untyped-call]  # kombu carries no types
        unfinished.rename(folder / name)


class Transport(filesystem.Transport):
    Channel = Channel


def register() -> None:
    """Let a broker's URL name it: `wholefiles://localhost//`."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
