"""Runs the client against a server of the test's own.

`client` is the real thing, a process for each run. `inside` calls its entry point, `main`, in this
process: the same behaviour at a fiftieth of the time, for tables of many cases. Whatever a table shows,
`client` shows for one case of its kind.
"""

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from tests.client.fake_server import Behaviour, FakeServer

CLIENT_FOLDER = Path(__file__).resolve().parents[2] / "client"
TOKEN = "5ecret70ken" * 6
MANIFEST = """\
system = "product-search"

[[models]]
ref = "openai/gpt-4o"
via = "azure"
revision = "2024-08-06"
purpose = "ranking"

[[models]]
# written where it is used
ref = "pkg:huggingface/Qwen/Qwen3-8B"
path = "src/search.py"
line = 12
"""


Serve = Callable[..., FakeServer]


@dataclass(frozen=True, slots=True)
class Run:
    """How one run of the client ended."""

    code: int
    raw: bytes
    errors: str

    @property
    def text(self) -> str:
        return self.raw.decode()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@dataclass(frozen=True, slots=True)
class Client:
    """`understudy` in a folder with a manifest. Variables of the developer's own shell are not passed on."""

    folder: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "understudy", *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        return {**kept, "PYTHONPATH": str(CLIENT_FOLDER), "UNDERSTUDY_TOKEN": TOKEN, **variables}

    def run(self, *arguments: str, **variables: str) -> Run:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr.decode())

    def check(self, server: FakeServer, *arguments: str, **variables: str) -> Run:
        return self.run("check", "--url", server.url, *arguments, **variables)

    def write_manifest(self, text: str) -> None:
        (self.folder / "understudy.toml").write_text(text, encoding="utf-8")


class ClientInside(Client):
    """The same client without a process of its own."""

    def run(self, *arguments: str, **variables: str) -> Run:
        from understudy.cli import main  # noqa: PLC0415  (on the path only while a test asks for it)

        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        environment = mock.patch.dict(os.environ, self.environment(**variables), clear=True)
        with environment, chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            try:
                code = main(arguments)
            except SystemExit as leaving:
                code = leaving.code
            out.flush()
            err.flush()
        return Run(int(code), out.buffer.getvalue(), err.buffer.getvalue().decode())


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[FakeServer]:
    """A server that is listening, and gone afterwards."""
    with FakeServer(*behaviours) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """The client, in a folder with a good manifest."""
    client = Client(tmp_path)
    client.write_manifest(MANIFEST)
    return client


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClientInside:
    """The client's entry point, in a folder with a good manifest."""
    monkeypatch.syspath_prepend(CLIENT_FOLDER)
    client = ClientInside(tmp_path)
    client.write_manifest(MANIFEST)
    return client


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that behaves as told; it ends with the test."""
    with ExitStack() as stack:
        yield lambda *behaviours: stack.enter_context(serving(*behaviours))
