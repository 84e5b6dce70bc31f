"""The measurement of `bench.suggest` on the database that the environment names. Run as a process of its own."""

import json
import math
import os
import platform
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - models can only be imported once Django is set up
from django.db import connection  # noqa: E402
from django.db.models import Case, F, QuerySet, Value, When  # noqa: E402
from django.db.models.functions import Mod  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench.rows import NOW, SEED, Size, write  # noqa: E402
from governance.candidates import Filters, rank  # noqa: E402
from registry import models as facts  # noqa: E402

MODELS = int(os.environ.get("BENCH_MODELS", "100000"))
SIZE = Size(models=MODELS, systems=MODELS // 50, dependencies=MODELS // 5)
ROUNDS, WARM_UP, ASKED = int(os.environ.get("BENCH_ROUNDS", "100")), 5, 50
LICENSES = {"LicenseRef-restricted": "restricted", "LicenseRef-non-commercial": "non-commercial"}


def measure() -> None:
    call_command("migrate", verbosity=0)
    if not facts.AIModel.objects.exists():
        _fill()
    asked = facts.Dependency.objects.select_related("system").order_by("pk")[:ASKED]
    uses = cycle(list(asked))
    _report("all", lambda: rank(next(uses), now=NOW))
    _report("independent and allowed", lambda: rank(next(uses), now=NOW, filters=Filters(True, True)))  # noqa: FBT003 - both
    # Nothing is shown independent of a model whose lineage nobody knows: the longest way.
    first = asked[0]
    facts.AIModel.objects.filter(pk=first.offering.model_id).update(lineage_status="unknown")
    _report("of a model of unknown lineage", lambda: rank(first, now=NOW))


def _fill() -> None:
    started = time.perf_counter()
    write(SIZE, bases=False)
    _vary()
    if connection.vendor == "postgresql":
        connection.cursor().execute("VACUUM ANALYZE")
    _say("rows", {"models": MODELS, "dependencies": SIZE.dependencies, "seconds": round(time.perf_counter() - started)})


def _vary() -> None:
    """What `bench.rows` leaves equal, by the remainder of the key."""
    models = facts.AIModel.objects.all()
    _spread(models, "languages", (["multilingual"], ["en"], ["en", "de"], []))
    _spread(models, "context_length", (512, 8192, 32_768, None))
    _spread(models, "embedding_dimension", (768, 1024, 384, 768, None))
    _spread(facts.Offering.objects.all(), "status", ("available",) * 6 + ("deprecated", "unknown"))
    _spread(facts.Offering.objects.all(), "input_price", (None, None, "0.1", "0.02"))
    for remainder, (spdx_id, license_class) in enumerate(LICENSES.items(), start=1):
        row, _ = facts.License.objects.get_or_create(
            spdx_id=spdx_id, defaults={"name": spdx_id, "license_class": license_class}
        )
        facts.Revision.objects.annotate(part=Mod(F("pk"), 7)).filter(part=remainder).update(license=row)


def _spread(rows: QuerySet[Any], field: str, values: tuple[Any, ...]) -> None:
    column = rows.model._meta.get_field(field)
    part = Mod(F("pk"), len(values))
    whens = [When(part=number, then=Value(value, output_field=column)) for number, value in enumerate(values)]
    rows.annotate(part=part).update(**{field: Case(*whens, output_field=column)})


def _report(what: str, ask: Callable[[], list[Any]]) -> None:
    for _ in range(WARM_UP):
        ask()
    taken = sorted(_time(ask) for _ in range(ROUNDS))
    with CaptureQueriesContext(connection) as seen:
        found = ask()
    figures = {
        "p50_ms": round(taken[len(taken) // 2], 1),
        "p99_ms": round(taken[math.ceil(len(taken) * 0.99) - 1], 1),
        "queries": len(seen),
        "found": len(found),
        "load": round(os.getloadavg()[0], 1),
    }
    _say(what, {"candidates": MODELS - 1, "rounds": ROUNDS, **figures})


def _time(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def _say(what: str, figures: dict[str, Any]) -> None:
    about = {"bench": "suggest", "database": connection.vendor, "python": platform.python_version(), "seed": SEED}
    print(json.dumps({**about, "what": what, **figures}), flush=True)


if __name__ == "__main__":
    measure()
