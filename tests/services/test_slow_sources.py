"""Promise B3 on the processes of production: a source that answers slowly, without end or in circles delays no other.

The judge is the hostile server: it knows when the good source was asked. Memory is read from the workers' processes.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from registry.upstream.http import DEADLINE
from tests.fakes.databases import PostgreSQL
from tests.fakes.hostile import Hostile
from tests.services.production import SERVICES, Production, production, wait_for

pytestmark = pytest.mark.services

GOOD, BAD, WORSE = "models_dev", "litellm", "deprecations_info"
# What taking up a task may cost on a machine that does much else.
SLACK = 10.0
# The longest document is 16 MiB, and reading, unpacking and refusing it holds it a few times.
MOST_MIB = 96
REASONS = {
    "endless": "answered with more than 16,777,216 bytes",
    "bomb": "answered with more than 16,777,216 bytes",
    "loop": "redirected more than 3 times",
}
ASK = "import django, time; django.setup(); from registry import tasks; print(time.time()); tasks.poll_due_sources()"


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    document = (Path(__file__).parents[1] / "payloads" / "models_dev" / "plain.json").read_bytes()
    with Hostile(document) as running:
        yield running


@pytest.fixture
def installation(tmp_path: Path, hostile: Hostile, postgresql_databases: PostgreSQL) -> Iterator[Production]:
    """No worker yet; of all sources none is enabled."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MODELS_DEV_URL": f"{hostile.url}/good",
        "LITELLM_URL": f"{hostile.url}/bad",
        "DEPRECATIONS_INFO_URL": f"{hostile.url}/worse",
    }
    with production(tmp_path, postgresql_databases.copy(), **settings) as running:
        query(running, "UPDATE registry_source SET is_enabled = false")
        yield running


@pytest.fixture
def worker(installation: Production) -> Production:
    """As compose runs it, once it answers."""
    installation.start("worker-poll")
    wait_for(lambda: "ready" in installation.log("worker-poll"), seconds=120, what="the worker is ready")
    return installation


def query(running: Production, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(running.environment["DATABASE_URL"]) as database:
        cursor = database.execute(statement)
        return cursor.fetchall() if cursor.description else []


def let_be_due(running: Production, *slugs: str) -> float:
    """Have these sources polled, and no other; the moment at which the workers were asked to."""
    named = ", ".join(f"'{slug}'" for slug in slugs)
    query(running, f"UPDATE registry_source SET is_enabled = slug IN ({named}), next_due_at = now()")  # noqa: S608 - our slugs
    return float(running.python("-c", ASK).split()[0])


def ended(running: Production, slug: str, *, after: float) -> str:
    """What the newest run of the source, begun after that moment, failed of; "" while it goes on."""
    rows = query(
        running,
        "SELECT error FROM registry_pollrun run JOIN registry_source source ON source.id = run.source_id "  # noqa: S608 - ours
        f"WHERE slug = '{slug}' AND outcome = 'failed' AND started_at >= to_timestamp({after})",
    )
    return str(rows[0][0]) if rows else ""


def asked_after(hostile: Hostile, path: str, since: float, *, within: float) -> float:
    wait_for(lambda: hostile.first_asked(path, since=since) is not None, seconds=within, what=f"{path} is asked")
    found = hostile.first_asked(path, since=since)
    assert found is not None
    return found


def peak_mib(running: Production) -> int:
    """The most memory that any process of the workers has held."""
    (process,) = [one for name, one in running.processes.items() if name.startswith("worker")]
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    peaks = (Path(f"/proc/{pid}/status").read_text(encoding="ascii") for pid in (process.pid, *children))
    return max(int(text.split("VmHWM:")[1].split()[0]) for text in peaks) // 1024


def test_endless_packed_and_circling_answers_delay_no_other_source_and_fill_no_memory(
    worker: Production, hostile: Hostile
) -> None:
    before = peak_mib(worker)
    for mode, reason in REASONS.items():
        hostile.mode = mode
        since = let_be_due(worker, BAD, GOOD)
        delay = asked_after(hostile, "/good", since, within=60)
        wait_for(lambda at=since: ended(worker, BAD, after=at) != "", seconds=60, what=f"{mode} is refused")
        told(mode, delay, worker)
        assert delay < SLACK
        assert reason in ended(worker, BAD, after=since)
    assert peak_mib(worker) - before < MOST_MIB
    wait_for(lambda: hostile.open == 0, seconds=10, what="no connection is left open")


def test_a_byte_a_second_delays_no_other_and_two_such_sources_no_longer_than_one_may_take(
    worker: Production, hostile: Hostile
) -> None:
    hostile.mode = "drip"
    since = let_be_due(worker, BAD, GOOD)
    alone = asked_after(hostile, "/good", since, within=60)
    again = let_be_due(worker, BAD, WORSE, GOOD)
    behind_two = asked_after(hostile, "/good", again, within=120)
    wait_for(lambda: ended(worker, BAD, after=since - SLACK) != "", seconds=60, what="the drip is refused")

    told("drip, one source", alone, worker)
    told("drip, two sources", behind_two, worker)
    assert alone < SLACK
    assert behind_two < DEADLINE.total_seconds() + SLACK
    assert "gave no whole answer within 20 s" in ended(worker, BAD, after=since - SLACK)
    wait_for(lambda: hostile.open == 0, seconds=60, what="no connection is left open")


def test_without_deadline_and_limit_the_others_wait_and_the_memory_fills(
    installation: Production, hostile: Hostile
) -> None:
    command = ["tests.fakes.boundless" if word == "config" else word for word in SERVICES["worker-poll"]["command"]]
    installation.start_as("worker-boundless", command)
    wait_for(lambda: "ready" in installation.log("worker-boundless"), seconds=120, what="the worker is ready")
    hostile.mode, before = "endless", peak_mib(installation)
    since = let_be_due(installation, BAD, WORSE)
    wait_for(lambda: hostile.open == 2, seconds=120, what="both processes read")
    let_be_due(installation, GOOD)
    time.sleep(DEADLINE.total_seconds() + SLACK)

    told("endless, no limits", None, installation)
    assert hostile.first_asked("/good", since=since) is None
    assert peak_mib(installation) - before > MOST_MIB


def told(what: str, delay: float | None, running: Production) -> None:
    asked = "was never asked" if delay is None else f"was asked after {delay:.1f} s"
    sys.stdout.write(
        f"{what}: the other source {asked}; {peak_mib(running)} MiB at most; "
        f"Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}\n"
    )
