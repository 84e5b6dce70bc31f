"""The ways to tell somebody, by name. Others come as entry points of the group `understudy.transports`.

An entry point names a class of the shape of `governance.transports.base.Transport`.
"""

from functools import cache
from importlib.metadata import entry_points

from governance.transports.base import Style, Transport
from governance.transports.email import Email
from governance.transports.folder import Folder
from governance.transports.jira import Jira

__all__ = ["TRANSPORTS", "Style", "Transport", "installed", "style_of"]

TRANSPORTS: dict[str, type[Transport]] = {"email": Email, "folder": Folder, "jira": Jira}


@cache
def installed() -> dict[str, type[Transport]]:
    """Ours and those of installed packages; a name of ours cannot be taken."""
    found = {point.name: point.load() for point in entry_points(group="understudy.transports")}
    return found | TRANSPORTS


def style_of(name: str) -> Style:
    """How `name` wants to be told. One that is not installed gets digests, which then wait visibly as dead letters."""
    transport = installed().get(name)
    return transport.style if transport else Style.DIGEST
