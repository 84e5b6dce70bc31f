"""What a piece of work takes on the clock, and in processor time, which a busy machine leaves much as it is."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, order=True)
class Took:
    """Seconds on the clock; processor seconds of this process, and of the database's own, which answers us alone.

    The two take turns, so that their sum is what the clock would say on an idle machine, but for its disk.
    """

    wall: float
    cpu: float
    database: float = 0.0

    @property
    def busy(self) -> float:
        return self.cpu + self.database

    def figures(self) -> dict[str, float]:
        return {
            "ms": round(self.wall * 1000, 1),
            "cpu_ms": round(self.cpu * 1000, 1),
            "database_cpu_ms": round(self.database * 1000, 1),
        }


def timed(work: Callable[[], object]) -> Took:
    of_database, wall, cpu = _of_database(), time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Took(wall, cpu, _of_database() - of_database)


def _of_database() -> float:
    """Of the process that PostgreSQL keeps for us; 0 where that is on another machine, or the database is in ours."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS
