"""The measurement of `bench.policy` on the database that the environment names. Run as a process of its own."""

import json
import os
import platform
import resource
import sys
import time
from dataclasses import asdict

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.db import connection  # noqa: E402 - Django has to be set up first
from django.test.utils import CaptureQueriesContext  # noqa: E402 - Django has to be set up first

from bench.rows import NOW, SEED, Size, write  # noqa: E402 - Django has to be set up first
from governance.dry_run import Report, try_policy  # noqa: E402 - Django has to be set up first
from governance.facts.many import BATCH, load_many  # noqa: E402 - Django has to be set up first
from governance.rules.policy import Policy, from_document  # noqa: E402 - Django has to be set up first
from registry.models import System  # noqa: E402 - Django has to be set up first

MODELS, SYSTEMS, DEPENDENCIES = (int(n) for n in os.environ.get("BENCH_ROWS", "100000 20000 200000").split())
SIZE = Size(models=MODELS, systems=SYSTEMS, dependencies=DEPENDENCIES)
TRIED = {
    "weighs otherwise": {"levels": {"UD307": "error", "UD502": "note"}, "enforce_from": {"UD401": "2027-01-01"}},
    "reads otherwise": {"lead_days": {"critical": 400}, "allowed_license_classes": {"saas": ["proprietary"]}},
}


def measure() -> None:
    call_command("migrate", verbosity=0)
    if not System.objects.exists():
        started = time.perf_counter()
        write(SIZE)
        _say("rows", {**asdict(SIZE), "seconds": round(time.perf_counter() - started)})
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    _say_queries()
    for what, document in TRIED.items():
        _measure(what, from_document(0, document))


def _say_queries() -> None:
    for size in (BATCH // 10, BATCH):
        ids = list(System.objects.order_by("pk").values_list("pk", flat=True)[:size])
        with CaptureQueriesContext(connection) as seen:
            load_many(ids, now=NOW)
        _say("a batch", {"systems": size, "queries": len(seen.captured_queries)})


def _measure(what: str, after: Policy) -> None:
    wall, cpu, rss = time.perf_counter(), time.process_time(), _rss()
    report = Report(total=0)
    first = 0.0
    for report in try_policy(after, Policy(), now=NOW):
        first = first or (time.perf_counter() - wall if report.done else 0.0)
    _say(
        what,
        {
            "systems": report.done,
            "verdicts_that_change": report.changed_count,
            "seconds": round(time.perf_counter() - wall, 1),
            "cpu_seconds_of_this_process": round(time.process_time() - cpu, 1),
            "seconds_to_the_first_progress": round(first, 2),
            "rss_before_mib": rss,
            "rss_peak_mib": _rss(),
        },
    )


def _rss() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1024 / (1024 if sys.platform == "darwin" else 1))


def _say(what: str, figures: dict[str, object]) -> None:
    about = {"bench": "policy", "database": connection.vendor, "python": platform.python_version(), "seed": SEED}
    print(json.dumps({**about, "what": what, **figures}), flush=True)


if __name__ == "__main__":
    measure()
