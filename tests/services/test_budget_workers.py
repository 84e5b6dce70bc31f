"""Promise B2 with four worker processes that share a budget: in Redis, in PostgreSQL, in SQLite, in a Redis that is down."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.databases import PostgreSQL, SQLite
from tests.fakes.limited import Limited, serving
from tests.services.production import Production, free_port, production

WORKERS = 4
SECONDS = 16.0
# The part of a limit that is ours.
OURS = 40
STORES = ("redis", "postgresql", "sqlite", "redis that is down")


@pytest.fixture
def limited() -> Limited:
    """Fifty requests in four seconds; and a pause for no reason that a caller could see coming."""
    return Limited(50, 4.0, pauses=[(60, 3.0)])


@pytest.fixture
def installation(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    sqlite_databases: SQLite,
    postgresql_databases: PostgreSQL,
) -> Iterator[Production]:
    made = sqlite_databases if request.param == "sqlite" else postgresql_databases
    with production(tmp_path, made.copy(), UNDERSTUDY_PRODUCTION="false") as running:
        redis = {"redis": running.environment["REDIS_URL"], "redis that is down": f"redis://127.0.0.1:{free_port()}/0"}
        running.environment["REDIS_URL"] = redis.get(request.param, "")
        yield running


def work(installation: Production, url: str, *how: str) -> list[str]:
    """Let all workers ask at once; what each of them says in the end."""
    command = [sys.executable, "-m", "tests.fakes.ask_often", url, str(SECONDS), *how]
    workers = [
        subprocess.Popen(
            command, env=installation.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(WORKERS)
    ]
    said = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * WORKERS, said
    return [out.strip() for out, _ in said]


def told(store: str, limited: Limited, said: list[str]) -> None:
    sys.stdout.write(
        f"{store}: {WORKERS} workers, {SECONDS:g} s, {len(limited.seen)} requests, {limited.refused} refused, "
        f"{len(limited.early)} early, at most {limited.fullest} of {limited.limit} in any window; {said}\n"
    )


@pytest.mark.services
@pytest.mark.parametrize("installation", STORES, indirect=True)
def test_no_request_is_early_and_no_window_more_than_80_percent_full(
    installation: Production, limited: Limited, request: pytest.FixtureRequest
) -> None:
    with serving(limited) as url:
        said = work(installation, url)
    told(request.node.callspec.id, limited, said)
    assert limited.early == []
    assert limited.refused <= WORKERS
    assert limited.fullest <= OURS
    # Two windows of ours and the rest of a third went out, so that it was no idleness that kept the limit.
    assert len(limited.seen) > 2 * OURS


@pytest.mark.services
@pytest.mark.parametrize("installation", ["sqlite"], indirect=True)
def test_with_the_budget_off_they_are(installation: Production, limited: Limited) -> None:
    with serving(limited) as url:
        said = work(installation, url, "blindly")
    told("off", limited, said)
    assert len(limited.early) > 10
    assert limited.fullest > limited.limit


@pytest.mark.services
@pytest.mark.parametrize("installation", ["redis"], indirect=True)
def test_a_pause_outlives_a_redis_that_forgets_everything(installation: Production, limited: Limited) -> None:
    limited.pauses = [(1, 10_000.0)]
    with serving(limited) as url:
        installation.python("-m", "tests.fakes.ask_often", url, "0.5")
        installation.python(
            "-c", "from config.env import read; import redis; redis.Redis.from_url(read().redis_url).flushdb()"
        )
        installation.python("-m", "tests.fakes.ask_often", url, "0.5")
    assert len(limited.seen) == 1
