"""Everything on one machine without another server: which programs that takes, and what must be true before."""

import fcntl
import http
import http.client
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from config.celery import QUEUES
from config.supervisor import Program

WEB_THREADS = 8
WORKER_THREADS = 4
# Celery's warning takes seven lines of the first screen; on one's own machine it says nothing new.
_AS_ROOT = ("-W", "ignore:You're running the worker with superuser privileges")


class CannotStart(Exception):
    """Something in the way of a start; the text says what, and the way out."""


def programs(*, host: str, port: int, log_level: str) -> list[Program]:
    """The web server, and one worker for all queues with beat inside."""
    web = ["--interface", "wsgi", "--host", host, "--port", str(port), "--workers", "1", "--no-ws"]
    web += ["--blocking-threads", str(WEB_THREADS), "--log-level", "error", "config.wsgi:application"]
    worker = ["-A", "config", "worker", "--beat"]
    worker += ["--pool", "threads", "--concurrency", str(WORKER_THREADS), "--queues", ",".join(QUEUES)]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", log_level]
    return [
        Program("web", [sys.executable, "-m", "granian", *web]),
        Program("worker", [sys.executable, *_AS_ROOT, "-m", "celery", "--quiet", *worker]),
    ]


@contextmanager
def only_one(var: Path, *, address: str) -> Iterator[None]:
    """Hold the folder `var` for this process; raises `CannotStart` where another one holds it."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "up.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise CannotStart(
                f"Understudy already runs on {var} ({holder}). Stop it first, or give this one a folder of its own: "
                "UNDERSTUDY_VAR=/path/to/folder"
            ) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}, {address}")
        lock.flush()
        yield


def require_free(host: str, port: int) -> None:
    """Raises `CannotStart` where nobody could listen on `host` and `port`."""
    family, kind, protocol, _, address = _resolve(host, port)
    with closing(socket.socket(family, kind, protocol)) as probe:
        # As the web server does: a connection that has just been closed is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise CannotStart(
                f"Port {port} of {host} cannot be used: {error.strerror}. "
                f"Choose another one with PORT, for example: PORT={port + 1 if port < 65535 else port - 1} make run"  # noqa: PLR2004  # the highest port there is
            ) from error


def _resolve(host: str, port: int) -> tuple[int, int, int, str, tuple[object, ...]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except socket.gaierror as error:
        raise CannotStart(f"HOST={host} is no address of this machine: {error.strerror}") from error


def is_ready(host: str, port: int) -> bool:
    """Whether the web server answers and says that it can work."""
    # Who listens everywhere is asked on the loopback.
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
