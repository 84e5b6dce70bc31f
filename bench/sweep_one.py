"""The measurement of `bench.sweep` on the database that the environment names. Run as a process of its own."""

import json
import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up first
from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.db import connection  # noqa: E402 - Django has to be set up first

from bench.took import timed  # noqa: E402 - as above
from registry.ingest import poll  # noqa: E402 - Django has to be set up first
from registry.models import AIModel, Change, Listing, Offering, PollRun, Section, Source, Vendor  # noqa: E402 - as above
from tests.fakes.hub.process import hub_process  # noqa: E402 - as above
from tests.fakes.hub.repositories import generated  # noqa: E402 - as above

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "10000 30000 100000").split())
PER_NAMESPACE = 50
# So many are otherwise when the third sweep comes.
GATED = 20
SLUG = "huggingface"
NOW = datetime(2026, 4, 15, 9, 0, tzinfo=UTC)
INTERVAL = timedelta(hours=6)
_ENDLESS = "1000000"


def measure() -> None:
    call_command("migrate", verbosity=0)
    # Settings that a process would be started with: what is measured is the sweep.
    settings.DEBUG = False
    for size in SIZES:
        _forget()
        _measure(size)


def _measure(size: int) -> None:
    namespaces = size // PER_NAMESPACE
    with tempfile.TemporaryDirectory() as folder, _hub(Path(folder), size, namespaces) as hub:
        settings.HF_ENDPOINT = hub.url
        _in_a_child(lambda: (_watch(size, namespaces), _know(size, namespaces)))
        _say(size, "first sweep", _swept(NOW + INTERVAL))
        _say(size, "nothing changed", _swept(NOW + 2 * INTERVAL))
        for row in islice(generated(size, namespaces=namespaces), GATED):
            hub("change", row["id"], gated="auto")
        _say(size, f"{GATED} gated", _swept(NOW + 3 * INTERVAL))


def _in_a_child(prepare: Callable[[], object]) -> None:
    """What prepares the sweep takes more memory than it, and would be counted as its peak."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            prepare()
        except BaseException:  # noqa: BLE001 - whatever it is, the child ends here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("What the sweep needs could not be prepared.")


def _hub(folder: Path, size: int, namespaces: int) -> Any:
    options = ("--models", str(size), "--namespaces", str(namespaces), "--quota", _ENDLESS)
    return hub_process(folder / "hub.jsonl", *options)


def _watch(size: int, namespaces: int) -> None:
    vendor = Vendor.objects.get_or_create(slug="acme", defaults={"name": "Acme"})[0]
    model = AIModel.objects.get_or_create(slug="acme", defaults={"name": "Acme", "developer": vendor})[0]
    Offering.objects.bulk_create(
        (
            Offering(model=model, kind="weights", host=SLUG, external_id=row["id"], external_key=row["id"].casefold())
            for row in generated(size, namespaces=namespaces)
        ),
        batch_size=2_000,
    )


def _know(size: int, namespaces: int) -> None:
    """Let the register have the details of all, as after months of watching."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(list(generated(size, namespaces=namespaces)), file)
        file.flush()
        run = poll(SLUG, now=NOW, document=Path(file.name))
    if run.outcome != PollRun.Outcome.CHANGED:
        raise SystemExit(f"The first document was not taken: {run.error}")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _swept(now: datetime) -> dict[str, object]:
    """Rounds until nothing is left, as one sweep."""
    told, written, runs = Change.objects.count(), _written(), list[PollRun]()
    with _counted() as queries:
        took = timed(lambda: runs.extend(_rounds(now)))
    return {
        "requests": sum(run.request_count for run in runs),
        "rounds": len(runs),
        **took.figures(),
        "queries": queries[0],
        "rows_written": _written() - written,
        "changes": Change.objects.count() - told,
        "sections": Section.objects.count(),
    }


def _rounds(now: datetime) -> Iterator[PollRun]:
    left, moment = 1, now
    while left:
        run = poll(SLUG, now=moment, slot=moment)
        if run.outcome not in {PollRun.Outcome.CHANGED, PollRun.Outcome.UNCHANGED}:
            raise SystemExit(f"The sweep did not succeed: {run.error}")
        left, moment = run.left_count, moment + timedelta(minutes=6)
        yield run


@contextmanager
def _counted() -> Iterator[list[int]]:
    count = [0]

    def counting(execute: Any, *arguments: Any) -> Any:
        count[0] += 1
        return execute(*arguments)

    with connection.execute_wrapper(counting):
        yield count


def _written() -> int:
    """Rows that were inserted, updated or deleted so far."""
    if connection.vendor == "sqlite":
        return int(connection.connection.total_changes)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
        return int(cursor.fetchone()[0])


def _forget() -> None:
    Listing.objects.update(current=None)
    with connection.cursor() as cursor:
        for table in ("change", "observation", "heldfact", "listing", "section", "pollrun", "revision", "offering"):
            cursor.execute(f"DELETE FROM registry_{table}")  # noqa: S608 - tables of ours
    Source.objects.filter(slug=SLUG).update(last_success_at=None, last_observed_at=None, next_due_at=None)


def _say(size: int, what: str, took: dict[str, object]) -> None:
    line = {
        "bench": "sweep",
        "database": connection.vendor,
        "python": sys.version.split()[0],
        "n": size,
        "what": what,
        "percent_of_one_call_each": round(100 * int(str(took["requests"])) / size, 2),
        "load": round(os.getloadavg()[0], 1),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(line | took), flush=True)


if __name__ == "__main__":
    measure()
