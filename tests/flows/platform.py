"""A whole platform of its own for one test module: a folder, a database, a web server process, the commands and the client."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "correct horse battery staple"
# Seconds for one command: migrating takes two on an idle machine, and minutes on one that does much else.
PATIENCE = 900


@dataclass(frozen=True, slots=True)
class Run:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Platform:
    url: str
    var: Path
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        """Run `manage.py`; a failure raises with what it printed."""
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> str:
        """Run a Python program on the platform's settings; a failure raises with what it printed."""
        done = self._run([sys.executable, *arguments], extra={"DJANGO_SETTINGS_MODULE": "config.settings"})
        assert done.code == 0, f"{arguments} failed:\n{done.out}\n{done.err}"
        return done.out

    def client(self, *arguments: str, token: str, folder: Path, **variables: str) -> Run:
        """Run the CI client in `folder`, as a pipeline would."""
        extra = variables | {"UNDERSTUDY_TOKEN": token, "UNDERSTUDY_URL": self.url, "PYTHONPATH": str(ROOT / "client")}
        return self._run([sys.executable, "-m", "understudy", *arguments], extra=extra, folder=folder)

    def api(self, username: str) -> "Api":
        """The REST API as `username` sees it."""
        return Api(f"{self.url}/api/v1", self.manage("create_token", username).strip())

    def _run(self, command: list[str], *, extra: dict[str, str] | None = None, folder: Path = ROOT) -> Run:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.environment | (extra or {}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, slots=True)
class Api:
    root: str
    token: str

    def get(self, path: str, **query: Any) -> Any:
        return self._answer(httpx2.get(f"{self.root}/{path}", params=query, headers=self._headers, timeout=30))

    def post(self, path: str, body: Any = None) -> Any:
        return self._answer(self.send(path, body))

    def patch(self, path: str, body: Any) -> Any:
        return self._answer(httpx2.patch(f"{self.root}/{path}", json=body, headers=self._headers, timeout=30))

    def send(self, path: str, body: Any = None) -> httpx2.Response:
        """POST without looking at the status: for what should be refused."""
        return httpx2.post(f"{self.root}/{path}", json=body, headers=self._headers, timeout=30)

    def only(self, path: str, **query: Any) -> Any:
        """The one result of a list."""
        (result,) = self.get(path, **query)["results"]
        return result

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.token}"}

    @staticmethod
    def _answer(response: httpx2.Response) -> Any:
        assert response.is_success, f"{response.status_code}: {response.text}"
        return response.json()


@contextmanager
def running(var: Path, **settings: str) -> Iterator[Platform]:
    """Migrate, load the demo and serve until the block ends."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "UNDERSTUDY_", "SECRET_"))
    } | {"UNDERSTUDY_VAR": str(var), "BASE_URL": url, "PORT": str(port), **settings}
    platform = Platform(url, var, environment)
    platform.manage("migrate", "--verbosity", "0")
    platform.manage("load_demo", "--password", PASSWORD)
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    log = (var / "web.log").open("w")
    server = subprocess.Popen(
        [*command, "config.wsgi:application"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        _wait_for(f"{url}/healthz", server)
        yield platform
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        assert server.poll() is None, "the web server ended before it answered"
        try:
            if httpx2.get(url, timeout=2).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(url)
