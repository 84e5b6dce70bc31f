"""The tutorial *Gate a repository*, word by word: each block is run in one shell against the platform that `up` starts."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.flows.platform import PATIENCE, ROOT, free_port

pytestmark = pytest.mark.services

PAGE = ROOT / "docs/tutorial/gate-a-repository.md"
ADDRESS = "http://127.0.0.1:8000"
BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
OFF = "## 5. The server goes away"


@dataclass(frozen=True, slots=True)
class Step:
    """What the page says to type, and the lines it says will be seen."""

    typed: str
    seen: str
    is_server_gone: bool


def steps() -> list[Step]:
    """The page's shell blocks, each with the block of output that follows it."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    following = [*blocks[1:], None]
    return [
        Step(one["text"], other["text"] if other and other["kind"] == "" else "", one.start() > text.index(OFF))
        for one, other in zip(blocks, following, strict=True)
        if one["kind"] == "sh"
    ]


class Shell:
    """One shell that keeps its variables, as a terminal does."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            ["/bin/bash"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, text: str) -> str:
        """What `text` prints."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{text}\necho END-OF-STEP\n")
        self.process.stdin.flush()
        lines = iter(self.process.stdout.readline, "END-OF-STEP\n")
        return "".join(lines)

    def close(self) -> None:
        self.process.communicate(timeout=PATIENCE)


@dataclass(frozen=True, slots=True)
class Running:
    """The platform, as `manage.py up` starts it."""

    url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=PATIENCE)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    port = free_port()
    var = tmp_path / "var"
    environment = {**os.environ, "UNDERSTUDY_VAR": str(var), "UNDERSTUDY_DEMO": "1", "PORT": str(port)}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "REDIS_URL"):
        environment.pop(name, None)
    with (tmp_path / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [ROOT / ".venv/bin/python", "manage.py", "up"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    platform = Running(f"http://127.0.0.1:{port}", environment, process)
    try:
        wait_for(platform)
        yield platform
    finally:
        if process.poll() is None:
            platform.stop()


def wait_for(platform: Running) -> None:
    """Until it is ready; whoever answers must be ours."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        assert platform.process.poll() is None, "up has ended"
        try:
            if httpx2.get(f"{platform.url}/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.5)
    pytest.fail("up was not ready in time")


def test_the_page_leads_from_nothing_to_red_to_green_and_never_to_green_without_a_server(running: Running) -> None:
    shell = Shell(running.environment)
    is_running = True
    for step in steps():
        if step.is_server_gone and is_running:
            running.stop()
            is_running = False
        printed = shell.type(step.typed.replace(ADDRESS, running.url))

        missing = [line for line in step.seen.splitlines() if line not in printed.splitlines()]
        assert missing == [], f"after\n{step.typed}\nthere was\n{printed}"
    shell.close()
    assert not is_running
