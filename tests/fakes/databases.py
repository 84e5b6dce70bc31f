"""Databases that are migrated once and copied for each test that needs one of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psycopg

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("UNDERSTUDY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")


class SQLite:
    """Copies of a migrated file."""

    vendor = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _migrate(self._url("template"), folder)

    def copy(self) -> str:
        name = uuid4().hex
        shutil.copy(self._folder / "template.sqlite3", self._folder / f"{name}.sqlite3")
        return self._url(name)

    def drop(self, url: str) -> None:
        """The folder of the tests goes with it."""

    def _url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.sqlite3"


class PostgreSQL:
    """Copies of a migrated database on the server, dropped in the end."""

    vendor = "postgresql"

    def __init__(self, folder: Path) -> None:
        self._template = f"understudy_tests_{uuid4().hex[:12]}"
        self._names = [self._template]
        _do(f"CREATE DATABASE {self._template}")
        _migrate(f"{POSTGRES}/{self._template}", folder)

    def copy(self) -> str:
        name = f"understudy_tests_{uuid4().hex[:12]}"
        _do(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        self._names.append(name)
        return f"{POSTGRES}/{name}"

    def drop(self, url: str) -> None:
        name = url.rpartition("/")[2]
        _do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._names.remove(name)

    def close(self) -> None:
        for name in self._names:
            _do(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


Databases = SQLite | PostgreSQL


def _migrate(url: str, folder: Path) -> None:
    environment = os.environ | {
        # Its migrate copies what it has migrated once, where it can; the outcome is the same.
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "UNDERSTUDY_VAR": str(folder / "var"),
        "DATABASE_URL": url,
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=300)


def _do(statement: str) -> None:
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as server:
        server.execute(statement)
