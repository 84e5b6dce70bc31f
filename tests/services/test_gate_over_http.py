"""The real client against the real server: each exit code (D1), and answers while the broker is gone and a sweep writes (D2)."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.fakes.databases import PostgreSQL
from tests.flows.platform import ROOT
from tests.services.production import Production, answer, free_port, production, wait_for

pytestmark = pytest.mark.services
KEY = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()
PREPARE = """
import django
django.setup()
from governance.models import Check
from registry.models import Source
from tests import factories as f
from tests.governance.gate_world import green
import tests.factories, tests.governance.gate_world
from django.utils import timezone
for module in (tests.factories, tests.governance.gate_world):
    module.NOW = timezone.now()
    module.TODAY = module.NOW.date()
green(f.system("good"), offering=f.offering("acme/good"))
f.dependency(system=f.system("bad"), offering=f.offering("acme/bad"))
hub = f.source("a-silent-hub", interval=timezone.timedelta(hours=1))
unknown = green(f.system("unknown"), offering=f.offering("acme/unknown"))
from tests.governance import test_staleness
test_staleness.NOW = timezone.now()
test_staleness.listed(unknown.offering, hub, ago=timezone.timedelta(days=9))
f.environment("staging")
print("TOKEN " + f.token(f.user("ci", role="viewer")))
"""
# A sweep that goes on writing rows until it is ended, as ingest does: batch after batch, each a transaction.
SWEEP = """
import django
django.setup()
import itertools
from django.db import transaction
from registry.models import Listing
from tests import factories as f
print("sweeping", flush=True)
for number in itertools.count():
    with transaction.atomic():
        for row in range(50):
            f.listing(f"swept/{number}-{row}", source_=f.source("a-silent-hub"))
"""

Client = Callable[..., "subprocess.CompletedProcess[str]"]


@contextmanager
def redis_server(folder: Path) -> Iterator["tuple[str, subprocess.Popen[bytes]]"]:
    """A Redis of our own, to be killed."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0", process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[tuple[str, subprocess.Popen[bytes]]]":
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, postgresql_databases: PostgreSQL, broker: tuple[str, Any]
) -> Iterator[Production]:
    settings = {"VERDICT_KEYS": KEY, "REDIS_URL": broker[0], "DJANGO_SETTINGS_MODULE": "config.settings"}
    with production(tmp_path_factory.mktemp("production"), postgresql_databases.copy(), **settings) as running:
        running.start("web")
        wait_for(lambda: answer(f"{running.url}/readyz")[0] == 200, seconds=120, what="the web server is ready")
        yield running


@pytest.fixture(scope="module")
def token(installation: Production) -> str:
    return installation.python("-c", PREPARE).split("TOKEN ")[1].strip()


@pytest.fixture
def client(installation: Production, token: str, tmp_path: Path) -> Client:
    """Runs the client for a system, as a pipeline would."""

    def run(system: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        text = f'system = "{system}"\n[[models]]\nref = "acme/{system}"\n'
        (tmp_path / "understudy.toml").write_text(text, encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "client"), "UNDERSTUDY_TOKEN": token}
        return subprocess.run(
            [sys.executable, "-m", "understudy", "check", "--url", installation.url, *arguments],
            cwd=tmp_path,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("system", "arguments", "code", "first_line"),
    [
        ("good", (), 0, "PASS: good in production"),
        ("bad", (), 1, "FAIL: bad in production"),
        ("bad", ("--warn-only",), 0, "FAIL: bad in production"),
        ("good", ("--format", "xml"), 2, ""),
        ("unknown", (), 3, "UNKNOWN: unknown in production"),
        ("nobody", (), 3, ""),
        ("good", ("--environment", "prodcution"), 3, ""),
    ],
)
def test_each_verdict_of_the_server_is_its_exit_code(
    client: Client, system: str, arguments: tuple[str, ...], code: int, first_line: str
) -> None:
    run = client(system, *arguments)

    assert (run.returncode, run.stdout.partition("\n")[0]) == (code, first_line), run.stderr


def test_a_failure_leads_to_the_page_that_says_why(client: Client, installation: Production) -> None:
    (line,) = [line for line in client("bad").stdout.splitlines() if line.startswith("why: ")]

    assert line.startswith(f"why: {installation.url}/checks/")


def test_what_the_server_signed_lets_pass_when_it_is_gone(
    client: Client, installation: Production, tmp_path: Path
) -> None:
    (key,) = answer(f"{installation.url}/api/v1/keys/")[1]["keys"]
    trust = {"UNDERSTUDY_VERDICT_KEYS": key["x"], "UNDERSTUDY_CACHE": str(tmp_path / "kept")}
    nowhere = ("--url", f"http://127.0.0.1:{free_port()}")

    assert client("good", **trust).returncode == 0
    gone = client("good", *nowhere, **trust)
    assert (gone.returncode, "going by the last signed verdict: pass" in gone.stderr) == (0, True), gone.stderr
    # Of what was never green nothing is kept that helps, and without the key nothing does.
    assert client("bad", **trust).returncode == 1
    assert client("bad", *nowhere, **trust).returncode == 3
    assert client("good", *nowhere).returncode == 3


def test_it_answers_with_the_broker_dead_and_a_sweep_under_way(
    client: Client, installation: Production, broker: "tuple[str, subprocess.Popen[bytes]]"
) -> None:
    broker[1].kill()
    broker[1].wait()
    sweep = subprocess.Popen(
        [sys.executable, "-c", SWEEP], cwd=ROOT, env=installation.environment, stdout=subprocess.PIPE
    )
    try:
        assert sweep.stdout is not None
        assert sweep.stdout.readline() == b"sweeping\n"
        codes = [client(system).returncode for system in ("good", "bad") * 5]
        assert sweep.poll() is None
    finally:
        sweep.kill()
        sweep.communicate()

    assert codes == [0, 1] * 5
    with psycopg.connect(installation.environment["DATABASE_URL"]) as database:
        rows = database.execute("SELECT count(*) FROM registry_listing WHERE external_id LIKE 'swept/%'").fetchall()
    ((swept,),) = rows
    sys.stdout.write(f"10 checks answered while {json.dumps(swept)} listings were written and Redis was dead\n")
    assert swept > 0
