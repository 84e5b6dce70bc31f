"""Changing a fake Hub that runs in another process: `POST /_control` with an action, and what calls it."""

import json
import urllib.request
from datetime import datetime
from typing import Any

from tests.fakes.hub.handler import Handler
from tests.fakes.hub.holdings import Holdings

CONTROL = "/_control"
ACTIONS = frozenset(
    {"add", "change", "commit", "relicense", "write", "rename", "remove", "reregister", "fail", "recover", "generate"}
)
_MOMENTS = frozenset({"since", "until", "moment"})


class ControlledHandler(Handler):
    """Takes commands at `CONTROL`, which are neither counted nor logged."""

    def respond(self, body: bytes) -> None:
        if self.place != CONTROL:
            super().respond(body)
            return
        try:
            status, said = 200, obey(self.hub, **json.loads(body or b"{}"))
        except (LookupError, TypeError, ValueError) as error:
            status, said = 422, {"error": repr(error)}
        self._say(status, said)

    def _say(self, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def obey(hub: Holdings, do: str = "", args: tuple[Any, ...] = (), **options: Any) -> dict[str, Any]:
    """Do it, if anything is to be done, and say how the Hub is. Raises for what it cannot do."""
    options = {name: datetime.fromisoformat(one) if name in _MOMENTS else one for name, one in options.items()}
    if do == "set_clock":
        hub.clock.set(options["moment"])
    elif do in ACTIONS:
        getattr(hub, do)(*args, **options)
    elif do:
        raise LookupError(do)
    return {
        "clock": hub.clock.now().isoformat(),
        "repositories": len(hub.repositories),
        "requests": len(hub.log),
        "early": len(hub.early),
        "weights_asked": len(hub.weights_asked),
    }


class RemoteHub:
    """A fake Hub in another process. Its methods answer how it is afterwards."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, do: str = "", *args: Any, **options: Any) -> dict[str, Any]:
        """`hub("rename", "acme/old", "acme/new")`; any of `ACTIONS`, or `set_clock` with `moment`; "" only asks."""
        given = {"do": do, "args": args, **options}
        body = json.dumps(given, default=datetime.isoformat).encode()
        with urllib.request.urlopen(f"{self.url}{CONTROL}", data=body, timeout=60) as answer:  # noqa: S310 - our own
            said: dict[str, Any] = json.load(answer)
        return said
