"""The fake Hub as a server, in a thread of the test or in a process of its own."""

from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from tests.fakes.hub.handler import Handler
from tests.fakes.hub.holdings import PUBLIC, Holdings


class Hub(Holdings):
    """Serves what it holds on a free port of this machine while it is entered."""

    def __init__(
        self,
        *names: str,
        quota: int | None = None,
        log: Path | None = None,
        links_to: str = PUBLIC,
        port: int = 0,
        handler: type[Handler] = Handler,
    ) -> None:
        super().__init__(*names, quota=quota, log=log, links_to=links_to)
        self._server = _Server(("127.0.0.1", port), type("Bound", (handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.requests.close()

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up on a bad answer is what the tests are about."""
