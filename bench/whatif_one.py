"""The measurement of `bench.whatif` on the database that the environment names. Run as a process of its own."""

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.db import connection  # noqa: E402 - as above
from django.db.models import Count  # noqa: E402 - as above
from django.test.utils import CaptureQueriesContext  # noqa: E402 - as above

from bench.rows import NOW, SEED, Size, write  # noqa: E402 - as above
from governance.concentration import snapshot  # noqa: E402 - as above
from governance.facts.concentrations import load_concentrations  # noqa: E402 - as above
from governance.models import Concentration  # noqa: E402 - as above
from governance.whatif.answer import document_of  # noqa: E402 - as above
from governance.whatif.ask import ask  # noqa: E402 - as above
from governance.whatif.question import Question  # noqa: E402 - as above
from registry.models import AIModel, Dependency, System, Vendor  # noqa: E402 - as above

SIZE = Size(models=100_000, systems=20_000, dependencies=100_000, giant_share=0.25)
GIANT = "vendor-1"
ROUNDS, ROUNDS_OF_THE_GIANT = 20, 3
GONE_ON = NOW.date() + timedelta(days=30)


def measure() -> None:
    """Fill the database where it is empty, then ask."""
    call_command("migrate", verbosity=0)
    if not Dependency.objects.exists():
        started = time.perf_counter()
        write(SIZE)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        _say("rows", {**asdict(SIZE), "seconds": round(time.perf_counter() - started, 1)})
    _measure_answers()
    _measure_concentration()


def _measure_answers() -> None:
    used = AIModel.objects.annotate(uses=Count("offerings__dependencies")).order_by("-uses", "pk")[0]
    _report("one model", Question(GONE_ON, models=(used.slug,)), ROUNDS)
    by_size = _vendors_by_size()
    _report("a vendor of the middle", Question(GONE_ON, vendors=(by_size[len(by_size) // 2],)), ROUNDS)
    _report("the largest but one", Question(GONE_ON, vendors=(by_size[1],)), ROUNDS)
    _report("the giant", Question(GONE_ON, vendors=(GIANT,)), ROUNDS_OF_THE_GIANT)


def _vendors_by_size() -> list[str]:
    """By the dependencies on models of the vendor and its children, the largest first."""
    uses = Count("descendant_rows__vendor__models__offerings__dependencies")
    return list(Vendor.objects.annotate(uses=uses).order_by("-uses", "pk").values_list("slug", flat=True))


def _report(what: str, question: Question, rounds: int) -> None:
    answer = ask(question, now=NOW)
    busy = _database_seconds()
    wall, cpu = _times(lambda: ask(question, now=NOW), rounds)
    busy = _database_seconds() - busy
    with CaptureQueriesContext(connection) as seen:
        ask(question, now=NOW)
    counts = document_of(answer)["counts"]
    _say(
        what,
        {
            "dependencies": counts["dependencies"],
            "touched": counts["touched"],
            "rounds": rounds,
            "p50_ms": wall[len(wall) // 2],
            "fastest_ms": wall[0],
            "slowest_ms": wall[-1],
            "own_cpu_p50_ms": cpu[len(cpu) // 2],
            "database_cpu_mean_ms": round(busy * 1000 / rounds, 1),
            "queries": len(seen),
        },
    )


def _measure_concentration() -> None:
    Concentration.objects.all().delete()
    started = time.perf_counter()
    written = snapshot(now=NOW)
    _say("snapshot of concentration", {"rows": written, "seconds": round(time.perf_counter() - started, 1)})
    system = System.objects.order_by("pk")[0].pk
    vendors = list(Vendor.objects.values_list("pk", flat=True))
    wall, cpu = _times(lambda: load_concentrations(system, vendors), ROUNDS)
    _say("UD408's facts of a system", {"p50_ms": wall[len(wall) // 2], "own_cpu_p50_ms": cpu[len(cpu) // 2]})


def _times(act: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds by the clock, and of processor of this process alone; each sorted."""
    wall, cpu = [], []
    for _ in range(rounds):
        started, busy = time.perf_counter(), time.process_time()
        act()
        wall.append(round((time.perf_counter() - started) * 1000, 1))
        cpu.append(round((time.process_time() - busy) * 1000, 1))
    return sorted(wall), sorted(cpu)


def _database_seconds() -> float:
    """The processor time of our PostgreSQL backend so far, where it runs on this machine; 0 where nobody can tell."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _say(what: str, figures: dict[str, Any]) -> None:
    about = {"bench": "whatif", "database": connection.vendor, "python": platform.python_version(), "seed": SEED}
    print(json.dumps({**about, "what": what, **figures}), flush=True)


if __name__ == "__main__":
    measure()
