"""The processes of docker-compose.yml, run by hand: its very commands, on a real PostgreSQL and a real Redis.

Only what a container would bring is replaced: addresses, the folder of state and the files of secrets.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import psycopg
import yaml
from redis import Redis

ROOT = Path(__file__).resolve().parent.parent.parent
POSTGRES = os.environ.get("UNDERSTUDY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
REDIS = os.environ.get("UNDERSTUDY_TEST_REDIS", "redis://127.0.0.1:6379")
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


@dataclass(slots=True)
class Production:
    """`environment` is what every container has; `processes` are those that were started, by service."""

    folder: Path
    environment: dict[str, str]
    processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.environment["BASE_URL"]

    def run(self, service: str) -> int:
        """Run a service that ends by itself; returns its exit code."""
        self.start(service)
        return self.processes.pop(service).wait(timeout=180)

    def start(self, *services: str) -> None:
        for service in services:
            self.start_as(service, SERVICES[service]["command"])

    def start_as(self, service: str, command: list[str]) -> None:
        with (self.folder / f"{service}.log").open("ab") as log:
            self.processes[service] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def python(self, *arguments: str) -> str:
        """Run Python with the environment of a container; returns what it prints."""
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_healthy(self, service: str) -> bool:
        """What the health check of compose says, for a service that runs here."""
        kind, *check = SERVICES[service]["healthcheck"]["test"]
        port = self.environment["GRANIAN_PORT"]
        check = [word.replace("$$", "$").replace("127.0.0.1:8000", f"127.0.0.1:{port}") for word in check]
        command = ["sh", "-c", *check] if kind == "CMD-SHELL" else check
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, timeout=60, check=False)
        return done.returncode == 0

    def metrics(self) -> str:
        return httpx2.get(f"{self.url}/metrics", timeout=10).raise_for_status().text

    def log(self, service: str) -> str:
        return (self.folder / f"{service}.log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> dict[str, int]:
        """End all as `docker stop` does; returns the exit codes."""
        for process in self.processes.values():
            process.terminate()
        codes = {service: process.wait(timeout=60) for service, process in self.processes.items()}
        self.processes.clear()
        return codes

    def kill(self) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def production(folder: Path, named: str = "", **settings: str) -> Iterator[Production]:
    """A database, new and empty unless one is named, an empty Redis database, and no process yet; gone in the end."""
    with nullcontext(named) if named else _database() as database, _broker() as broker:
        running = Production(folder, _environment(folder, database, broker) | settings)
        try:
            yield running
        finally:
            running.kill()


def _environment(folder: Path, database: str, broker: str) -> dict[str, str]:
    secrets = {"SECRET_KEY_FILE": "k" * 50, "DATABASE_PASSWORD_FILE": urlsplit(POSTGRES).password or "unused"}
    for name, value in secrets.items():
        (folder / name).write_text(value + "\n", encoding="utf-8")
    port = free_port()
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOSTNAME": socket.gethostname(),
        "UNDERSTUDY_PRODUCTION": SERVICES["web"]["environment"]["UNDERSTUDY_PRODUCTION"],
        "UNDERSTUDY_VAR": str(folder / "var"),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "GRANIAN_HOST": "127.0.0.1",
        "GRANIAN_PORT": str(port),
        "DATABASE_URL": database,
        "REDIS_URL": broker,
        **{name: str(folder / name) for name in secrets},
    }


@contextmanager
def _database() -> Iterator[str]:
    name = f"understudy_services_{os.getpid()}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{POSTGRES}/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _broker() -> Iterator[str]:
    """A Redis database that nobody uses, marked as ours until the end."""
    for number in range(15, 0, -1):
        with Redis.from_url(REDIS, db=number) as server:
            if server.dbsize() == 0 and server.set("understudy:tests", os.getpid(), nx=True):
                try:
                    yield f"{REDIS}/{number}"
                finally:
                    server.flushdb()
                return
    raise RuntimeError(f"every database of {REDIS} is in use; name another server with UNDERSTUDY_TEST_REDIS")


class Feed:
    """A web server that gives one document under every address and keeps a log of who asked."""

    def __init__(self, document: bytes) -> None:
        log: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                log.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it so
                """Nothing: `log` is what counts."""

        self.log = log
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(is_so: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Wait until `is_so`; a web server that does not listen yet counts as not so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx2.TransportError):
            if is_so():
                return
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {seconds:.0f} s")


def answer(url: str) -> tuple[int, Any]:
    response = httpx2.get(url, timeout=10)
    return response.status_code, response.json()
