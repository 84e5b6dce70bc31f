"""Run a measurement on SQLite and on PostgreSQL, each in a process of its own on rows of its own.

`BENCH_POSTGRES_URL` names a PostgreSQL server, default the local one; a database is made there and dropped.
`BENCH_DATABASES=postgresql` leaves the other one out.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "understudy_bench"
ASKED = os.environ.get("BENCH_DATABASES", "sqlite postgresql").split()


def on_each(bench: str, module: str) -> None:
    """Run `module` on both databases; a PostgreSQL that cannot be reached is said so, and not passed over."""
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        if "sqlite" in ASKED:
            _run(bench, module, folder, f"sqlite:///{folder}/bench.sqlite3")
        if "postgresql" not in ASKED:
            return
        server = os.environ.get("BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
        name = f"{DATABASE}_{bench}"
        try:
            _recreate(server, name)
        except OSError as error:
            print(json.dumps({"bench": bench, "database": "postgresql", "skipped": str(error).strip()}))
            return
        _run(bench, module, folder, urlunsplit(urlsplit(server)._replace(path=f"/{name}")))
        _drop(server, name)


def _run(bench: str, module: str, folder: str, url: str) -> None:
    environment = {
        **os.environ,
        "UNDERSTUDY_VAR": folder,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "bench.settings",
    }
    environment |= {"SECRET_KEY": "measures-and-protects-nothing-0123456789-abcdefghij", "LOG_LEVEL": "ERROR"}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environment, check=True)
    seconds = round(time.perf_counter() - started)
    print(json.dumps({"bench": bench, "database": url.partition(":")[0], "seconds_in_all": seconds}))


def _recreate(server: str, name: str) -> None:
    _drop(server, name)
    _execute(server, f"CREATE DATABASE {name}")


def _drop(server: str, name: str) -> None:
    _execute(server, f"DROP DATABASE IF EXISTS {name}")


def _execute(server: str, statement: str) -> None:
    """Run one statement; raises OSError where the server cannot be reached."""
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement)
    except psycopg.OperationalError as error:
        raise OSError(str(error)) from error
