"""The measurement of `bench.audit` on the database that the environment names. Run as a process of its own.

Each writer is a process with a connection of its own. `BENCH_WRITERS` (6), `BENCH_APPENDS` (in all, 3000) and
`BENCH_ACT` (1: each line stands in the transaction of an UPDATE, as the acts of the platform do) change the load.
"""

import json
import os
import subprocess
import sys
import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.db import connection, transaction  # noqa: E402 - Django has to be set up first

from governance import audit  # noqa: E402 - Django has to be set up first
from governance.models import AuditEntry  # noqa: E402 - Django has to be set up first
from registry.models import Team, User  # noqa: E402 - Django has to be set up first

WRITERS = int(os.environ.get("BENCH_WRITERS", "6"))
APPENDS = int(os.environ.get("BENCH_APPENDS", "3000"))
WITH_ACT = os.environ.get("BENCH_ACT", "1") == "1"
READY, GO = "ready", "go"


def measure() -> None:
    call_command("migrate", verbosity=0)
    User.objects.create_user("writer")
    for number in range(WRITERS):
        Team.objects.create(slug=f"team-{number}", name=f"Team {number}")
    connection.close()
    writers = [_start(number) for number in range(WRITERS)]
    for writer in writers:
        assert writer.stdout is not None  # noqa: S101 - a pipe was asked for
        writer.stdout.readline()
    started = time.perf_counter()
    for writer in writers:
        assert writer.stdin is not None  # noqa: S101 - a pipe was asked for
        writer.stdin.write(f"{GO}\n")
        writer.stdin.flush()
    waits = sorted(wait for writer in writers for wait in json.loads(writer.communicate()[0]))
    _say(time.perf_counter() - started, waits)


def _start(number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.audit_one", str(number)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _say(seconds: float, waits: list[float]) -> None:
    lines = AuditEntry.objects.count()
    forks = lines - AuditEntry.objects.values("previous_hash").distinct().count()
    result = audit.verify()
    said = {
        "bench": "audit",
        "database": connection.vendor,
        "writers": WRITERS,
        "lines": lines,
        "per_second": round(lines / seconds, 1),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 1),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 1),
        "forks": forks,
        "intact": result.is_intact,
    }
    print(json.dumps(said), flush=True)


def write(number: int) -> None:
    """One writer: says that it is ready, waits for the word, appends, and prints how long each append took."""
    team, actor = Team.objects.get(slug=f"team-{number}"), User.objects.get()
    print(READY, flush=True)
    sys.stdin.readline()
    print(json.dumps([_append(team, actor, turn) for turn in range(APPENDS // WRITERS)]))


def _append(team: Team, actor: User, turn: int) -> float:
    started = time.perf_counter()
    before = {"name": team.name}
    with transaction.atomic():
        if WITH_ACT:
            team.name = f"Team {turn}"
            team.save(update_fields=["name"])
        audit.record("bench:team:changed", team, actor=actor, before=before, after={"name": team.name})
    return time.perf_counter() - started


if __name__ == "__main__":
    write(int(sys.argv[1])) if len(sys.argv) > 1 else measure()
