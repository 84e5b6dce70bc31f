"""The measurement of `bench.check` on the database that the environment names. Run as a process of its own."""

import json
import math
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from http.client import HTTPConnection, RemoteDisconnected
from itertools import cycle
from typing import Any

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402 - Django has to be set up first
from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.db import connection  # noqa: E402 - Django has to be set up first
from django.test.utils import CaptureQueriesContext  # noqa: E402 - Django has to be set up first
from django.utils import timezone  # noqa: E402 - Django has to be set up first

from bench.rows import NOW, SEED, Size, write  # noqa: E402 - Django has to be set up first
from governance import tokens  # noqa: E402 - Django has to be set up first
from governance.check import MAX_MODELS, CheckRequest, RequestedModel, check, evaluate  # noqa: E402 - Django has to be set up first
from governance.concentration import snapshot  # noqa: E402 - Django has to be set up first
from registry.models import Dependency, Offering, System, User  # noqa: E402 - Django has to be set up first

REFS = 50
ROUNDS = 300
LARGE_ROUNDS = 20
WARM_UP = 20
MODELS, SYSTEMS, DEPENDENCIES = (int(n) for n in os.environ.get("BENCH_ROWS", "10000 2000 20000").split())
SIZE = Size(models=MODELS, systems=SYSTEMS, dependencies=DEPENDENCIES)
Ask = Callable[[], object]


def measure() -> None:
    call_command("migrate", verbosity=0)
    if not System.objects.exists():
        started = time.perf_counter()
        write(SIZE)
        snapshot(now=NOW)
        _say("rows", {**asdict(SIZE), "seconds": round(time.perf_counter() - started, 1)})
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    slugs = list(System.objects.order_by("pk").values_list("slug", flat=True)[: SIZE.busy_systems])
    questions = [_question(slug) for slug in slugs]
    person = User.objects.get(username="bench")
    largest = _largest(slugs[0])
    _measure_in_process(questions, largest, person)
    _measure_over_http(questions, largest, person)


def _question(slug: str) -> CheckRequest:
    uses = Dependency.objects.filter(system__slug=slug).order_by("pk").values_list("offering__external_id", flat=True)
    refs = list(dict.fromkeys(uses))[:REFS]
    return CheckRequest(slug, "production", tuple(RequestedModel(ref) for ref in refs))


def _largest(slug: str) -> CheckRequest:
    """As many models of the register as fit into one check, those that the system declares first."""
    declared = [model.ref for model in _question(slug).models]
    known = Offering.objects.order_by("pk").values_list("external_id", flat=True)[:MAX_MODELS]
    refs = list(dict.fromkeys([*declared, *known]))[:MAX_MODELS]
    return CheckRequest(slug, "production", tuple(RequestedModel(ref) for ref in refs))


def _measure_in_process(questions: list[CheckRequest], largest: CheckRequest, person: User) -> None:
    asked = cycle(questions)
    _report("evaluate, in process", lambda: evaluate(next(asked), now=NOW), queries=True)
    _report("check, in process", lambda: check(next(asked), asked_by=person, now=NOW), queries=True)
    _report(
        "check, in process", lambda: check(largest, asked_by=person, now=NOW), queries=True, refs=len(largest.models)
    )


def _measure_over_http(questions: list[CheckRequest], largest: CheckRequest, person: User) -> None:
    person.groups.add(Group.objects.get_or_create(name="viewer")[0])
    _, token = tokens.make(person, by=None, now=timezone.now())
    bodies = cycle([_body(question) for question in questions])
    keys = cycle(list(System.objects.values_list("pk", flat=True)[:500]))
    connection.close()
    with _server() as port:
        client = HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        bare = _report("bare view, HTTP", lambda: _ask(client, "GET", f"/bench/systems/{next(keys)}/", headers, None))
        gate = _report("check, HTTP", lambda: _ask(client, "POST", "/api/v1/checks/", headers, next(bodies)))
        body = _body(largest)
        _report("check, HTTP", lambda: _ask(client, "POST", "/api/v1/checks/", headers, body), refs=len(largest.models))
    _say("ratio", {"p50": round(gate["p50_ms"] / bare["p50_ms"], 1), "p99": round(gate["p99_ms"] / bare["p99_ms"], 1)})


def _body(question: CheckRequest) -> str:
    models = [{"ref": model.ref} for model in question.models]
    return json.dumps({"system": question.system, "environment": question.environment, "models": models})


def _ask(client: HTTPConnection, method: str, path: str, headers: dict[str, str], body: str | None) -> bytes:
    client.request(method, path, body, headers)
    response = client.getresponse()
    answer = response.read()
    if response.status != HTTPStatus.OK:
        raise SystemExit(f"{method} {path} answered {response.status}: {answer[:300]!r}")
    return answer


@contextmanager
def _server() -> Iterator[int]:
    """One granian worker with one thread, so that nothing hides behind a second one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += [
        "--workers",
        "1",
        "--blocking-threads",
        "1",
        "--no-ws",
        "--log-level",
        "error",
        "config.wsgi:application",
    ]
    process = subprocess.Popen(command, env=os.environ)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            client = HTTPConnection("127.0.0.1", port, timeout=5)
            client.request("GET", "/bench/systems/0/")
            client.getresponse().read()
        except (ConnectionError, RemoteDisconnected, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The server did not answer within a minute.")


def _report(what: str, ask: Ask, *, queries: bool = False, refs: int = REFS) -> dict[str, Any]:
    # The large ones take their time, and differ less.
    rounds, warm_up = (ROUNDS, WARM_UP) if refs <= REFS else (LARGE_ROUNDS, 2)
    for _ in range(warm_up):
        ask()
    taken = sorted(_time(ask) for _ in range(rounds))
    found: dict[str, Any] = {
        "p50_ms": round(taken[len(taken) // 2], 2),
        "p99_ms": round(taken[math.ceil(len(taken) * 0.99) - 1], 2),
    }
    if queries:
        with CaptureQueriesContext(connection) as seen:
            ask()
        found["queries"] = sum(not query["sql"].startswith(("BEGIN", "COMMIT")) for query in seen.captured_queries)
    _say(what, {"refs": refs, "rounds": rounds, **found})
    return found


def _time(ask: Ask) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def _say(what: str, figures: dict[str, Any]) -> None:
    about = {"bench": "check", "database": connection.vendor, "python": platform.python_version(), "seed": SEED}
    print(json.dumps({**about, "what": what, **figures}), flush=True)


if __name__ == "__main__":
    measure()
