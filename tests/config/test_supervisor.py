"""The supervisor: real processes that die, print, leave children behind and refuse to end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from config import supervisor as module
from config.supervisor import Program, Supervisor, pause_after

SLEEP = "import time; time.sleep(60)"


def program(code: str, name: str = "child") -> Program:
    return Program(name, [sys.executable, "-c", code])


@contextmanager
def supervised(*programs: Program) -> Iterator[tuple[Supervisor, list[tuple[str, str]]]]:
    said: list[tuple[str, str]] = []
    supervisor = Supervisor(programs, say=lambda name, line: said.append((name, line)))
    supervisor.start()
    try:
        yield supervisor, said
    finally:
        at_once = Event()
        at_once.set()
        supervisor.stop(at_once=at_once)


def wait_for(is_so: Callable[[], bool], *, watching: Supervisor | None = None, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        if watching:
            watching.watch()
        time.sleep(0.02)


def lines_of(said: list[tuple[str, str]], name: str) -> list[str]:
    return [line for who, line in said if who == name]


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_each_line_is_handed_on_with_the_name_of_who_printed_it() -> None:
    loud = program(
        "import sys, time; print('one', flush=True); print('two', file=sys.stderr, flush=True); time.sleep(60)", "loud"
    )
    with supervised(loud) as (_, said):
        wait_for(lambda: len(said) == 2)
    assert sorted(said) == [("loud", "one"), ("loud", "two")]


def test_a_child_that_dies_is_started_again_and_that_is_said() -> None:
    with supervised(program("print('here', flush=True); raise SystemExit(3)")) as (supervisor, said):
        wait_for(lambda: lines_of(said, "child").count("here") == 2, watching=supervisor)
    assert "child has ended (exit code 3) and is started again in 1 s" in lines_of(said, "up")


def test_a_child_that_keeps_dying_is_started_less_and_less_often() -> None:
    assert [pause_after(deaths) for deaths in (1, 2, 3, 4, 5, 6, 50)] == [1, 2, 4, 8, 16, 30, 30]


def test_what_a_dead_child_leaves_behind_ends_before_it_is_started_again() -> None:
    leaves = f"""
import os, subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "{SLEEP}"])
print(left.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    with supervised(program(leaves)) as (supervisor, said):
        wait_for(lambda: bool(lines_of(said, "up")), watching=supervisor)
        left = int(lines_of(said, "child")[0])
        wait_for(lambda: not exists(left))
    assert "killed by SIGKILL" in lines_of(said, "up")[0]


def test_stopping_lets_running_work_finish() -> None:
    works = """
import signal, sys, time
def finish(*_): time.sleep(0.5); print("finished", flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, finish)
print("works", flush=True)
time.sleep(60)
"""
    with supervised(program(works)) as (supervisor, said):
        wait_for(lambda: ("child", "works") in said)
        supervisor.stop(at_once=Event())
        assert ("child", "finished") in said


def test_a_child_that_will_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.5)
    deaf = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(60)
"""
    with supervised(program(deaf)) as (supervisor, said):
        wait_for(lambda: bool(said))
        supervisor.stop(at_once=Event())
        assert not exists(int(said[0][1]))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_killed_supervisor_leaves_no_child_behind() -> None:
    code = f"""
import sys, time
from config.supervisor import Program, Supervisor
child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
Supervisor([Program("child", [sys.executable, "-c", child])], say=lambda _, line: print(line, flush=True)).start()
{SLEEP}
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as out:
        pid = int(out.readline())
        assert exists(pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        wait_for(lambda: not exists(pid))
