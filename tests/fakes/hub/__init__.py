"""A Hub that speaks as much of the real one's API as we use: a real HTTP server with an append-only log.

Shapes, headers and error codes follow the Hub as measured: a missing repository is 404 with `X-Error-Code` under a
token and a bare 401 without one, a gated one answers 200 and keeps its files, a renamed one redirects with 307, links
to next pages are absolute and lead to the public Hub, small files are a redirect away, and limits are real.
"""

from tests.fakes.hub.control import RemoteHub
from tests.fakes.hub.faults import FAULT_MODES, FAULTS
from tests.fakes.hub.holdings import PUBLIC, TOKEN
from tests.fakes.hub.log import Request
from tests.fakes.hub.pages import API, PAGE
from tests.fakes.hub.process import hub_process
from tests.fakes.hub.repositories import generated, licensed, repository
from tests.fakes.hub.server import Hub

__all__ = [
    "API",
    "FAULTS",
    "FAULT_MODES",
    "PAGE",
    "PUBLIC",
    "TOKEN",
    "Hub",
    "RemoteHub",
    "Request",
    "generated",
    "hub_process",
    "licensed",
    "repository",
]
