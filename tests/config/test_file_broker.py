"""Whoever looks into a queue of files finds whole messages or none."""

from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection
from kombu.transport import filesystem

from config import file_broker


class Looking:
    """A part of a message that looks into the queue while the message is being written."""

    def __init__(self, channel: Any) -> None:
        self.channel, self.found = channel, list[object]()

    def __json__(self) -> str:
        try:
            self.found.append(self.channel._get("poll"))  # noqa: SLF001 - what kombu's consumers call
        except Empty:
            self.found.append(None)
        return "looked"


def channel_of(transport: type[Any], folder: Path) -> Any:
    options = {name: str(folder) for name in ("data_folder_in", "data_folder_out", "control_folder")}
    return Connection(transport=transport, transport_options=options).channel()


def test_a_message_is_found_once_it_is_whole(tmp_path: Path) -> None:
    channel = channel_of(file_broker.Transport, tmp_path)
    looking = Looking(channel)

    channel._put("poll", {"body": looking})  # noqa: SLF001 - what kombu's producers call

    assert looking.found == [None]
    assert channel._get("poll") == {"body": "looked"}  # noqa: SLF001 - as above
    assert list(tmp_path.iterdir()) == []


def test_without_our_part_a_half_written_one_is_taken(tmp_path: Path) -> None:
    channel = channel_of(filesystem.Transport, tmp_path)

    with pytest.raises(ValueError, match="Expecting value"):
        channel._put("poll", {"body": Looking(channel)})  # noqa: SLF001 - as above
