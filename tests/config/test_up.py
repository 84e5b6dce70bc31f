"""`manage.py up` as a user runs it: a process of its own, with the programs that it starts."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.fakes.databases import SQLite
from tests.services.production import answer, free_port, wait_for

pytestmark = pytest.mark.services

ROOT = Path(__file__).resolve().parent.parent.parent
UP = [sys.executable, "manage.py", "up"]


@dataclass(frozen=True, slots=True)
class Running:
    process: "subprocess.Popen[bytes]"
    environment: dict[str, str]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['PORT']}"

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until_it_says(self, text: str) -> None:
        try:
            wait_for(lambda: text in self.said, seconds=90, what=repr(text))
        except TimeoutError as error:
            raise AssertionError(f"{error}. It said:\n{self.said}") from None


def environment(var: Path, port: int, **settings: str) -> dict[str, str]:
    path = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return path | {"UNDERSTUDY_VAR": str(var), "PORT": str(port), "UNDERSTUDY_DEMO": "0"} | settings


@contextmanager
def up(var: Path, **settings: str) -> Iterator[Running]:
    env, log = environment(var, free_port(), **settings), var.parent / f"{var.name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(UP, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        yield Running(process, env, log)
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture
def var(tmp_path: Path, sqlite_databases: SQLite) -> Path:
    """A folder whose database is migrated already; nothing has been started in it."""
    folder = tmp_path / "var"
    folder.mkdir()
    Path(sqlite_databases.copy().removeprefix("sqlite:///")).rename(folder / "understudy.sqlite3")
    return folder


def family(var: Path) -> dict[int, list[str]]:
    """Every process that was told to use `var`: its number and its command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if f"UNDERSTUDY_VAR={var}".encode() in told and command != [""]:
            found[int(folder.name)] = command
    return found


def number_of(var: Path, word: str) -> int:
    """The first process of the family that runs `word`."""
    return min(pid for pid, command in family(var).items() if word in command)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with up(tmp_path_factory.mktemp("up") / "var") as running:
        running.wait_until_it_says("Understudy is ready")
        yield running


def test_it_says_where_and_as_whom_to_log_in_when_the_page_is_there(running: Running) -> None:
    assert f"Understudy is ready: {running.url}" in running.said
    password = re.search(r"password: (\S{12,})   \(shown this once\)", running.said)
    assert password
    with httpx2.Client(base_url=running.url, follow_redirects=True) as browser:
        form = browser.get("/admin/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token
        answers = {"username": "admin", "password": password[1], "csrfmiddlewaretoken": token[1], "next": "/admin/"}
        page = browser.post("/admin/login/", data=answers, headers={"Referer": running.url})
    assert page.status_code == 200
    assert page.url.path == "/admin/"


def test_static_files_are_there_without_collecting_them(running: Running) -> None:
    assert httpx2.get(f"{running.url}/static/admin/js/core.js").status_code == 200


def test_a_second_one_on_the_same_folder_is_refused(running: Running) -> None:
    env = running.environment | {"PORT": str(free_port())}
    second = subprocess.run(UP, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert f"already runs on {env['UNDERSTUDY_VAR']}" in second.stderr
    assert running.url in second.stderr


def test_a_port_in_use_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        env = environment(tmp_path / "var", taken.getsockname()[1])
        done = subprocess.run(UP, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"Port {env['PORT']} of 127.0.0.1 cannot be used" in done.stderr
    assert "PORT=" in done.stderr
    assert not (tmp_path / "var" / "understudy.sqlite3").exists()


def test_beat_gives_work_and_the_worker_does_it_without_a_server(var: Path) -> None:
    with up(var, LOG_LEVEL="DEBUG") as running:
        wait_for(
            lambda: re.search(r"triage_changes\[.*succeeded", running.said) is not None,
            seconds=90,
            what="a task is done",
        )


@pytest.mark.parametrize(("name", "word"), [("web", "granian"), ("worker", "celery")])
def test_a_killed_program_is_started_again(running: Running, name: str, word: str) -> None:
    var = Path(running.environment["UNDERSTUDY_VAR"])
    before = set(family(var))
    os.kill(number_of(var, word), signal.SIGKILL)
    running.wait_until_it_says(f"{name} has ended (killed by SIGKILL) and is started again in 1 s")
    wait_for(
        lambda: any(word in command for pid, command in family(var).items() if pid not in before),
        seconds=30,
        what="it runs again",
    )
    wait_for(lambda: answer(f"{running.url}/readyz")[0] == 200, seconds=60, what="it is ready again")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_all_of_it(var: Path, number: signal.Signals) -> None:
    with up(var) as running:
        running.wait_until_it_says("Understudy is ready")
        assert len(family(var)) > 3
        running.process.send_signal(number)
        assert running.process.wait(timeout=30) == 0
        assert family(var) == {}
    assert running.said.rstrip().endswith("stopped")


def test_the_second_start_keeps_the_administrator_and_makes_up_no_password(var: Path) -> None:
    with up(var, UNDERSTUDY_ADMIN_PASSWORD="correct horse battery") as first:
        first.wait_until_it_says("Understudy is ready")
        assert "the one in UNDERSTUDY_ADMIN_PASSWORD" in first.said
        assert "correct horse battery" not in first.said
    with up(var) as second:
        second.wait_until_it_says("Understudy is ready")
        assert "shown this once" not in second.said
