"""A fake Hub in a process of its own, for tests of services and for measurements."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.hub.control import RemoteHub

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def hub_process(log: Path, *options: str) -> Iterator[RemoteHub]:
    """Run `python -m tests.fakes.hub` until the end; it answers from the first line on. `options` as there."""
    command = [sys.executable, "-m", "tests.fakes.hub", "--log", str(log), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().strip()
            assert url, f"the fake Hub ended with {running.wait(timeout=10)}"
            yield RemoteHub(url)
        finally:
            running.terminate()
