"""How long the gate takes for 50 refs and for as many as fit into one check (2,000), on SQLite and PostgreSQL.

Each database runs in a process of its own on rows of its own. Measured are the answer alone (`evaluate`), the answer
with its row written (`check`), and both ends of HTTP through one granian worker with a token: the check, and a bare DRF
view that reads one row by key in the same server. `BENCH_POSTGRES_URL` names a PostgreSQL server, default the local
one; the database `understudy_bench` is made there and dropped. `BENCH_ROWS` says how many models, systems and
dependencies, default `10000 2000 20000`.
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
# Models can only be imported once Django is set up.
PROGRAM = "import django; django.setup(); from bench.check_one import measure; measure()"


def main() -> None:
    """Measure both databases; a PostgreSQL that cannot be reached is said so, and not passed over."""
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        _run(folder, f"sqlite:///{folder}/bench.sqlite3")
        server = os.environ.get("BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
        try:
            _recreate(server)
        except OSError as error:
            print(json.dumps({"bench": "check", "database": "postgresql", "skipped": str(error).strip()}))
            return
        _run(folder, urlunsplit(urlsplit(server)._replace(path=f"/{DATABASE}")))
        _drop(server)


def _run(folder: str, url: str) -> None:
    environment = {
        **os.environ,
        "UNDERSTUDY_VAR": folder,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "bench.settings",
    }
    environment |= {"SECRET_KEY": "measures-and-protects-nothing-0123456789-abcdefghij", "LOG_LEVEL": "ERROR"}
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, check=True)
    print(
        json.dumps(
            {"bench": "check", "database": urlsplit(url).scheme, "seconds_in_all": round(time.perf_counter() - started)}
        )
    )


def _recreate(server: str) -> None:
    _drop(server)
    _execute(server, f"CREATE DATABASE {DATABASE}")


def _drop(server: str) -> None:
    _execute(server, f"DROP DATABASE IF EXISTS {DATABASE}")


def _execute(server: str, statement: str) -> None:
    """Run one statement; raises OSError where the server cannot be reached."""
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement)
    except psycopg.OperationalError as error:
        raise OSError(str(error)) from error


if __name__ == "__main__":
    main()
