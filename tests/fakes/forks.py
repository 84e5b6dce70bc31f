"""Processes of the platform without the seconds that each start costs: forked from one that has Django loaded.

They are real processes with connections of their own, and can be killed at any moment; a Celery worker forks its own in
the same way. `python -m tests.fakes.forks` is the process they come from. It takes a line of JSON at a time:
`{"start": ["manage.py", "poll", …]}` is answered with a number, `{"poll": number}` with an exit code or null.
"""

import json
import os
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# What the commands would load one by one.
LOADED = ("config.celery", "governance.deliver", "governance.triage", "registry.ingest", "tests.factories")


class Forks:
    """Starts what `python ARGUMENTS…` would, for as long as it is not closed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "tests.fakes.forks"]
        self._origin = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._lock = Lock()

    def start(self, *arguments: str) -> "Forked":
        return Forked(self, self.ask(start=arguments))

    def ask(self, **question: Any) -> Any:
        assert self._origin.stdin is not None
        assert self._origin.stdout is not None
        with self._lock:
            self._origin.stdin.write(f"{json.dumps(question)}\n")
            return json.loads(self._origin.stdout.readline())

    def close(self) -> None:
        self._origin.kill()
        self._origin.communicate(timeout=30)


class Forked:
    """As much of `subprocess.Popen` as the tests need."""

    def __init__(self, forks: Forks, pid: int) -> None:
        self.pid, self._forks = pid, forks
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            self._code = self._forks.ask(poll=self.pid)
        return self._code

    def wait(self, timeout: float) -> int:
        if self._code is None:
            # Not by asking again and again: that would take from the process what it needs to end.
            end = os.pidfd_open(self.pid)
            ended, _, _ = select.select([end], [], [], timeout)
            os.close(end)
            if not ended:
                raise TimeoutError(f"process {self.pid} still runs after {timeout:g} s")
        code = self.poll()
        assert code is not None
        return code

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def main() -> None:
    import django  # noqa: PLC0415 - only the origin loads it

    django.setup()
    for name in LOADED:
        import_module(name)
    for line in sys.stdin:
        match json.loads(line):
            case {"start": arguments}:
                said: int | None = _fork(arguments)
            case {"poll": pid}:
                said = _code_of(pid)
        sys.stdout.write(f"{json.dumps(said)}\n")
        sys.stdout.flush()


def _fork(arguments: list[str]) -> int:
    pid = os.fork()
    if pid == 0:
        _become(arguments)
    return pid


def _become(arguments: list[str]) -> None:
    """Never returns: the process ends as `python ARGUMENTS…` would."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    code = 1
    try:
        _run(*arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - what an interpreter does with what nobody caught
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _run(first: str, *rest: str) -> None:
    if first == "-c":
        exec(rest[0], {"__name__": "__main__"})  # noqa: S102 - the tests' own program
    elif first == "-m":
        sys.argv = list(rest)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(str(ROOT / first), run_name="__main__")


def _code_of(pid: int) -> int | None:
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


if __name__ == "__main__":
    main()
