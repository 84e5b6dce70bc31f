"""Pollers killed at named points, and three beats at once: no change is lost and none is doubled.

Real processes on SQLite and PostgreSQL; the judge reads the database's own rows. UNDERSTUDY_TEST_KILLS=8 makes the whole
of promise A1, more than a hundred kills on each; one at every point is made with each run.
"""

import json
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import psycopg
import pytest

from tests.governance.test_kill import DATABASES, PostgreSQL, SQLite
from tests.registry.feeding import chat

pytestmark = pytest.mark.services
ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("UNDERSTUDY_TEST_KILLS", "1"))
ROWS = 40
POINTS = [
    ("registry.ingest", "rows_of"),
    ("registry.ingest", "learn"),
    ("registry.ingest", "write"),
    ("registry.store", "_add_listings"),
    ("registry.store", "_observation"),
    ("registry.store", "_change"),
    ("registry.store", "_keep_texts"),
    ("registry.ingest", "complete"),
    ("registry.store", "_mark_away"),
    ("registry.store", "_confirm"),
    ("registry.store", "_keep_holds"),
    ("registry.store", "succeed"),
    ("registry.store", "apply_effective"),
    ("registry.store", "map_new_offerings"),
]
WHAT_COUNTS = """
    SELECT c.kind, l.external_id, count(*) FROM registry_change c
    JOIN registry_listing l ON l.id = c.listing_id JOIN registry_pollrun r ON r.id = c.run_id
    WHERE r.completed_at IS NOT NULL AND c.kind <> 'listed' GROUP BY 1, 2 ORDER BY 1, 2
"""


class World:
    """A migrated database, and processes that work on it as in earnest."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.database_url = folder, database_url
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "UNDERSTUDY_VAR": str(folder / "var"),
            "DATABASE_URL": database_url,
            "SECRET_KEY": "a-key-for-tests-that-protects-nothing-at-all-0123456789",
        }

    def document(self, number: int) -> Path:
        """The `number`th one: each row has moved to another day, and one more is there."""
        path = self.folder / f"{number}.json"
        day = f"2027-01-{number + 1:02}"
        rows = {f"m{row}": chat(deprecation_date=day if row < 20 else None) for row in range(ROWS + number)}
        path.write_text(json.dumps(rows), encoding="utf-8")
        return path

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL)

    def feed(self, number: int) -> None:
        assert self.start("manage.py", "poll", "litellm", "--file", str(self.document(number))).wait(120) == 0

    def kill_at(self, module: str, name: str, number: int) -> None:
        marker = self.folder / f"{module}.{name}.{number}"
        file = str(self.document(number))
        worker = self.start("-m", "tests.fakes.poll_until", module, name, str(marker), file)
        ends_at = time.monotonic() + 60
        while not marker.exists():
            assert worker.poll() is None, f"the poller ended before {module}.{name}"
            assert time.monotonic() < ends_at, f"the poller never came to {module}.{name}"
            time.sleep(0.02)
        worker.send_signal(signal.SIGKILL)
        worker.wait(30)

    def let_leases_run_out(self) -> None:
        """What fifteen minutes do."""
        self.sql("UPDATE registry_pollrun SET lease_until = '2026-01-01 00:00:00+00:00' WHERE outcome = 'running'")

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        if self.database_url.startswith("sqlite"):
            connection: Any = sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=30)
        else:
            connection = psycopg.connect(self.database_url)
        with connection:
            cursor = connection.execute(statement)
            found = cursor.fetchall() if cursor.description else []
        connection.close()
        return found

    def told(self) -> dict[tuple[str, str], int]:
        return {(kind, name): number for kind, name, number in self.sql(WHAT_COUNTS)}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SQLite | PostgreSQL]:
    print(f"{KILLS} kills a point, Python {platform.python_version()}, Django {django.__version__}, {request.param}")  # noqa: T201
    folder = tmp_path_factory.mktemp("ingest")
    made = DATABASES[request.param](folder)
    assert World(folder, made.template).start("manage.py", "migrate", "--verbosity", "0").wait(300) == 0
    yield made
    made.drop()


@pytest.fixture
def world(databases: SQLite | PostgreSQL, tmp_path: Path) -> World:
    started = World(tmp_path, databases.copy())
    started.feed(0)
    return started


def test_a_poller_killed_anywhere_loses_no_change_and_doubles_none(world: World) -> None:
    number = 0
    for _ in range(KILLS):
        for module, name in POINTS:
            number += 1
            before = world.told()
            world.kill_at(module, name, number % 27 + 1)
            assert world.told() == before, f"killed at {module}.{name}, and something counted"
            world.let_leases_run_out()
            world.feed(number % 27 + 1)
    moves = {("retirement_moved", f"m{row}"): number for row in range(20)}
    assert {key: count for key, count in world.told().items() if key[0] == "retirement_moved"} == moves
    assert world.sql("SELECT count(*) FROM registry_listing WHERE current_id IS NULL") == [(0,)]


def test_three_beats_have_each_due_source_polled_once(world: World) -> None:
    beats = "\n".join(
        [
            "import django; django.setup()",
            "from django.utils import timezone",
            "from registry.models import Source; from registry import runs; from registry.ingest import poll",
            "from pathlib import Path",
            "source = Source.objects.get(slug='litellm')",
            "import registry.upstream.litellm as litellm",
            "from registry.upstream.base import Document",
            f"raw = Path({str(world.document(1))!r}).read_bytes()",
            "litellm.LiteLLM.fetch = lambda self, known: Document(raw, 'http://127.0.0.1/feed')",
            "slot = runs.next_slot(source, now=timezone.now())",
            "try:",
            "    poll('litellm', now=timezone.now(), slot=slot)",
            "except runs.Busy:",
            "    pass",
        ]
    )
    world.sql("UPDATE registry_source SET next_due_at = '2026-11-01 00:00:00+00:00' WHERE slug = 'litellm'")
    workers = [world.start("-c", beats) for _ in range(3)]
    assert [worker.wait(120) for worker in workers] == [0, 0, 0]
    assert world.sql("SELECT count(*) FROM registry_pollrun WHERE slot = '2026-11-01 00:00:00+00:00'") in (
        [(1,)],
        [(0,)],
    )
    assert set(world.told().values()) == {1}
