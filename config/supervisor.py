"""Keep a few programs running on this machine, and end all of them together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread

# A program that died is started again after 1, 2, 4, … seconds; one that ran this long starts from 1 again.
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 60.0
# How long running work may take to finish when everything stops.
GRACE_SECONDS = 10.0
TICK_SECONDS = 0.1

# Linux ends the child when its parent dies, whatever killed it: no orphan keeps the port after a kill -9.
_WITH_PARENT = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
os.execv(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True, slots=True)
class Program:
    """What to keep running; `command` begins with the path of an executable."""

    name: str
    command: Sequence[str]


@dataclass(slots=True)
class _Child:
    program: Program
    process: "subprocess.Popen[str] | None" = None
    started_at: float = 0.0
    start_at: float = 0.0
    deaths: int = 0
    readers: list[Thread] = field(default_factory=list)


def pause_after(deaths: int) -> float:
    """Seconds to wait before the start that follows `deaths` deaths in a row."""
    return float(min(2.0 ** (deaths - 1), LONGEST_PAUSE_SECONDS))


class Supervisor:
    """Runs `programs`, each in a process group of its own, and hands each line they print to `say(name, line)`."""

    def __init__(self, programs: Sequence[Program], *, say: Callable[[str, str], None]) -> None:
        self._children = [_Child(program) for program in programs]
        self._say = say

    def start(self) -> None:
        for child in self._children:
            self._start(child)

    def watch(self) -> None:
        """Start again what has died and waited long enough. Call it every TICK_SECONDS."""
        for child in self._children:
            if child.process is None and child.start_at <= time.monotonic():
                self._start(child)
            elif child.process is not None and child.process.poll() is not None:
                self._bury(child)

    def stop(self, *, at_once: Event) -> None:
        """Ask all to end, wait for running work up to GRACE_SECONDS or until `at_once`, then end what is left."""
        leaders = [child.process for child in self._children if child.process]
        for process in leaders:
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(process.poll() is None for process in leaders):
            if at_once.is_set() or time.monotonic() > deadline:
                break
            time.sleep(TICK_SECONDS)
        for child in self._children:
            self._end_group(child)

    def _start(self, child: _Child) -> None:
        child.process = subprocess.Popen(  # noqa: S603  # the commands are our own
            [sys.executable, "-c", _WITH_PARENT, *child.program.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        child.started_at = time.monotonic()
        reader = Thread(target=self._read, args=(child.program.name, child.process), daemon=True)
        reader.start()
        child.readers = [reader]

    def _read(self, name: str, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None  # noqa: S101  # _start() asks for it
        with process.stdout as lines:
            for line in lines:
                self._say(name, line.rstrip("\n"))

    def _bury(self, child: _Child) -> None:
        assert child.process is not None  # noqa: S101  # watch() has looked
        code = child.process.returncode
        if time.monotonic() - child.started_at > HEALTHY_AFTER_SECONDS:
            child.deaths = 0
        child.deaths += 1
        pause = pause_after(child.deaths)
        self._end_group(child)
        child.start_at = time.monotonic() + pause
        self._say("up", f"{child.program.name} has ended ({_cause(code)}) and is started again in {pause:.0f} s")

    def _end_group(self, child: _Child) -> None:
        """End what is left of a child's group: a killed worker leaves its beat behind."""
        if child.process is None:
            return
        _signal_group(child.process, signal.SIGKILL)
        child.process.wait()
        for reader in child.readers:
            reader.join(timeout=1)
        child.process = None


def _signal_group(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _cause(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
