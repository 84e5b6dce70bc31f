"""Pollers killed at named points, and three beats at once: no change is lost and none is doubled.

Real processes on SQLite and PostgreSQL; the judge reads the database's own rows. UNDERSTUDY_TEST_KILLS=8 makes the whole
of promise A1, more than a hundred kills on each; one at every point is made with each run.
"""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import django
import pytest

from tests.fakes.databases import Databases
from tests.registry.feeding import chat
from tests.services.installation import Installation

pytestmark = pytest.mark.services
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


class World(Installation):
    """A migrated database, and pollers that work on it as in earnest."""

    def document(self, number: int) -> Path:
        """The `number`th one: each row has moved to another day, and one more is there."""
        path = self.folder / f"{number}.json"
        day = f"2027-01-{number + 1:02}"
        rows = {f"m{row}": chat(deprecation_date=day if row < 20 else None) for row in range(ROWS + number)}
        path.write_text(json.dumps(rows), encoding="utf-8")
        return path

    def feed(self, number: int) -> None:
        self.run("manage.py", "poll", "litellm", "--file", str(self.document(number)))

    def kill_at(self, module: str, name: str, number: int) -> None:
        marker = self.folder / f"{module}.{name}.{number}"
        file = str(self.document(number))
        worker = self.start("-m", "tests.fakes.poll_until", module, name, str(marker), file)
        ends_at = time.monotonic() + 60
        while not marker.exists():
            assert worker.poll() is None, f"the poller ended before {module}.{name}"
            assert time.monotonic() < ends_at, f"the poller never came to {module}.{name}"
            time.sleep(0.02)
        worker.kill()
        worker.wait(timeout=30)

    def let_leases_run_out(self) -> None:
        """What fifteen minutes do."""
        self.sql("UPDATE registry_pollrun SET lease_until = '2026-01-01 00:00:00+00:00' WHERE outcome = 'running'")

    def told(self) -> dict[tuple[str, str], int]:
        return {(kind, name): number for kind, name, number in self.sql(WHAT_COUNTS)}


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    versions = f"Python {platform.python_version()}, Django {django.__version__}, {databases.vendor}"
    print(f"{KILLS} kills at each of {len(POINTS)} points, {versions}")  # noqa: T201
    url = databases.copy()
    with closing(World(tmp_path, url)) as started:
        started.feed(0)
        yield started
    databases.drop(url)


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
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0]
    # The two databases write a moment differently, and its day alike.
    of_that_day = "SELECT count(*) FROM registry_pollrun WHERE substr(CAST(slot AS text), 1, 10) = '2026-11-01'"
    assert world.sql(of_that_day) == [(1,)]
    assert set(world.told().values()) == {1}
