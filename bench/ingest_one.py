"""The measurement of `bench.ingest` on the database that the environment names. Run as a process of its own."""

import json
import os
import resource
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.db import connection, transaction  # noqa: E402 - Django has to be set up first

from bench.took import Took, timed  # noqa: E402 - Django has to be set up first
from registry.ingest import poll  # noqa: E402 - Django has to be set up first
from registry.models import AIModel, Change, Listing, Observation, Offering, PollRun, Source, Vendor  # noqa: E402 - Django has to be set up first

SIZES = tuple(int(size) for size in os.environ.get("BENCH_SIZES", "10000 30000 100000").split())
IN_USE = 50
ROUNDS = 20
SLUG = "litellm"
NOW = datetime(2026, 4, 15, 9, 0, tzinfo=UTC)


def measure() -> None:
    call_command("migrate", verbosity=0)
    _put_some_in_use()
    for size in SIZES:
        _forget()
        _measure(size, _Clock())


class _Clock:
    """Each poll comes six hours after the one before."""

    def __init__(self) -> None:
        self._now = NOW

    def tick(self) -> datetime:
        self._now += timedelta(hours=6)
        return self._now


def _measure(size: int, clock: _Clock) -> None:
    first, changed, rss = document(size), document(size, context=256_000), _rss()
    new = timed(lambda: _feed(first, clock.tick()))
    _say(size, "all new", new, rss_before_mib=rss)
    _say_floor(size, new)
    identical = [timed(lambda: _feed(first, clock.tick())) for _ in range(ROUNDS)]
    _say(size, "identical document", statistics.median_low(identical), worst_ms=round(max(identical).wall * 1000, 1))
    _say(size, "same rows, other bytes", timed(lambda: _feed(first + b"\n", clock.tick())))
    _say(size, "every row changed", timed(lambda: _feed(changed, clock.tick())))


def document(size: int, *, context: int = 128_000) -> bytes:
    """A price map of `size` entries with the fields that real ones have."""
    entries = {
        f"acme-{number}": {
            "litellm_provider": "openai",
            "mode": "chat",
            "max_input_tokens": context + number,
            "max_output_tokens": 16_384,
            "max_tokens": 16_384,
            "input_cost_per_token": 2.5e-06,
            "output_cost_per_token": 1e-05,
            "cache_read_input_token_cost": 1.25e-06,
            "deprecation_date": "2027-01-31",
            "source": "https://acme.example/pricing",
            "supported_endpoints": ["/v1/chat/completions", "/v1/responses"],
            "supported_modalities": ["text", "image"],
            "supports_function_calling": True,
            "supports_vision": True,
            "supports_prompt_caching": True,
        }
        for number in range(size)
    }
    return json.dumps(entries, indent=4).encode()


def _feed(raw: bytes, now: datetime) -> PollRun:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(raw)
        file.flush()
        run = poll(SLUG, now=now, document=Path(file.name))
    if run.outcome not in {PollRun.Outcome.CHANGED, PollRun.Outcome.UNCHANGED}:
        raise SystemExit(f"The poll did not succeed: {run.error}")
    return run


def _put_some_in_use() -> None:
    vendor = Vendor.objects.create(slug="acme", name="Acme")
    for number in range(IN_USE):
        model = AIModel.objects.create(slug=f"acme-{number}", name=f"Acme {number}", developer=vendor)
        Offering.objects.create(model=model, kind="service", host="openai", external_id=f"acme-{number}")


def _forget() -> None:
    """Empty what polls have written, so that each size begins with a first document."""
    Listing.objects.update(current=None)
    for model in (Change, Observation, Listing, PollRun):
        model.objects.all().delete()
    Source.objects.filter(slug=SLUG).update(
        content_sha256="", last_success_at=None, last_observed_at=None, next_due_at=None
    )


def _say_floor(size: int, ours: Took) -> None:
    tables = [model._meta.db_table for model in (Listing, Observation, Change)]
    parts = [_floor(table) for table in tables]
    floor = Took(*(sum(seconds) for seconds in zip(*((one.wall, one.cpu, one.database) for one in parts), strict=True)))
    ratios = {"ratio_of_all_new": round(ours.wall / floor.wall, 1), "in_cpu": round(ours.busy / floor.busy, 1)}
    _say(size, "floor: the same rows, bare", floor, **ratios)


def _floor(table: str) -> Took:
    """What it takes to write the rows of `table` into a bare copy of it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - a table of ours
        rows = cursor.fetchall()
        cursor.execute(f"CREATE TABLE bare AS SELECT * FROM {table} LIMIT 0")  # noqa: S608 - a table of ours
        write = _copy if connection.vendor == "postgresql" else _insert
        took = timed(lambda: write(cursor, rows))
        cursor.execute("DROP TABLE bare")
    return took


def _insert(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
    with transaction.atomic():
        places = ", ".join(["%s"] * len(rows[0]))
        cursor.executemany(f"INSERT INTO bare VALUES ({places})", rows)  # noqa: S608 - places alone


def _copy(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
    with transaction.atomic(), cursor.copy("COPY bare FROM STDIN") as copy:
        for row in rows:
            copy.write_row([json.dumps(value) if isinstance(value, dict | list) else value for value in row])


def _rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _say(size: int, what: str, took: Took, **more: object) -> None:
    line = {
        "bench": "ingest",
        "database": connection.vendor,
        "python": sys.version.split()[0],
        "n": size,
        "what": what,
        **took.figures(),
        "records_per_second": round(size / took.wall),
        "records_per_cpu_second": round(size / took.busy),
        "load": round(os.getloadavg()[0], 1),
        "peak_rss_mib": _rss(),
    }
    print(json.dumps(line | more), flush=True)


if __name__ == "__main__":
    measure()
