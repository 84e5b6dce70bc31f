"""The measurement of `bench.policy` on the database that the environment names. Run as a process of its own."""

import json
import os
import platform
import resource
import sys
import time
import traceback
from dataclasses import asdict

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.db import connection  # noqa: E402 - Django has to be set up first
from django.test.utils import CaptureQueriesContext  # noqa: E402 - Django has to be set up first

from bench.rows import NOW, SEED, Size, write  # noqa: E402 - Django has to be set up first
from governance import trials  # noqa: E402 - Django has to be set up first
from governance.concentration import snapshot  # noqa: E402 - Django has to be set up first
from governance.facts.many import BATCH, load_many  # noqa: E402 - Django has to be set up first
from governance.models import DryRun  # noqa: E402 - Django has to be set up first
from registry.models import System, User  # noqa: E402 - Django has to be set up first

MODELS, SYSTEMS, DEPENDENCIES = (int(n) for n in os.environ.get("BENCH_ROWS", "100000 20000 200000").split())
SIZE = Size(models=MODELS, systems=SYSTEMS, dependencies=DEPENDENCIES)
TRIED = {
    "weighs otherwise": 'levels = {UD307 = "error", UD502 = "note"}\nenforce_from = {UD401 = 2027-01-01}\n',
    "reads otherwise": 'lead_days = {critical = 400}\nallowed_license_classes = {saas = ["proprietary"]}\n',
}


def measure() -> None:
    call_command("migrate", verbosity=0)
    if not System.objects.exists():
        started = time.perf_counter()
        write(SIZE)
        snapshot(now=NOW)
        _say("rows", {**asdict(SIZE), "seconds": round(time.perf_counter() - started)})
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    _say_queries()
    for what, text in TRIED.items():
        for workers in (1, trials.ABREAST):
            _measure(what, text, workers)


def _say_queries() -> None:
    for size in (BATCH // 10, BATCH):
        ids = list(System.objects.order_by("pk").values_list("pk", flat=True)[:size])
        with CaptureQueriesContext(connection) as seen:
            load_many(ids, now=NOW)
        _say("a batch", {"systems": size, "queries": len(seen.captured_queries)})


def _measure(what: str, text: str, workers: int) -> None:
    """A dry run shared by so many processes, as the workers of a queue share it; `cpu_seconds` are those of all."""
    person = User.objects.get(username="bench")
    row = DryRun.objects.create(text=text, asked_by=person, created_at=NOW, policy_version=0)
    before, wall = _cpu(), time.perf_counter()
    connection.close()
    children = [_child() for _ in range(workers)]
    first = _seconds_until_progress(row, wall)
    ended = [os.waitpid(pid, 0)[1] for pid in children]
    seconds = time.perf_counter() - wall
    row.refresh_from_db()
    if any(ended) or row.finished_at is None:
        raise SystemExit(f"{what}: {row.done} of {row.total} systems were judged.")
    _say(
        what,
        {
            "workers": workers,
            "systems": row.done,
            "verdicts_that_change": row.changed_count,
            "seconds": round(seconds, 1),
            "cpu_seconds": round(_cpu() - before, 1),
            "seconds_to_the_first_progress": round(first, 2),
            "rss_peak_of_the_largest_mib": _rss(),
            "load": round(os.getloadavg()[0], 1),
        },
    )
    row.delete()


def _child() -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        trials.work()
    except BaseException:  # noqa: BLE001 - whatever it is, the child ends here
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _seconds_until_progress(row: DryRun, since: float) -> float:
    while not DryRun.objects.filter(pk=row.pk, done__gt=0).exists():
        time.sleep(0.1)
    return time.perf_counter() - since


def _cpu() -> float:
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return of_children.ru_utime + of_children.ru_stime


def _rss() -> int:
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(peak / 1024 / (1024 if sys.platform == "darwin" else 1))


def _say(what: str, figures: dict[str, object]) -> None:
    about = {"bench": "policy", "database": connection.vendor, "python": platform.python_version(), "seed": SEED}
    print(json.dumps({**about, "what": what, **figures}), flush=True)


if __name__ == "__main__":
    measure()
