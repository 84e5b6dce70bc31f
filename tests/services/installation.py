"""A migrated database of its own, the processes that work on it, and a judge who reads its rows without them."""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from tests.fakes.forks import Forked, Forks


class Installation:
    """`settings` are variables of the environment beside those that every process has."""

    def __init__(self, folder: Path, database_url: str, settings: Mapping[str, str] | None = None) -> None:
        self.folder, self.database_url = folder, database_url
        self._forks = Forks(
            os.environ
            | {
                # Not the settings of the tests: the workers are to run as they do in earnest.
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "UNDERSTUDY_VAR": str(folder / "var"),
                "DATABASE_URL": database_url,
                "SECRET_KEY": "a-key-for-tests-that-protects-nothing-at-all-0123456789",
            }
            | dict(settings or {})
        )

    def start(self, *arguments: str) -> Forked:
        return self._forks.start(*arguments)

    def run(self, *arguments: str) -> None:
        assert self.start(*arguments).wait(timeout=180) == 0

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        if self.database_url.startswith("sqlite"):
            connection: Any = sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=30)
        else:
            connection = psycopg.connect(self.database_url)
        with connection:
            cursor = connection.execute(statement)
            found = cursor.fetchall() if cursor.description else []
        connection.close()
        return found

    def close(self) -> None:
        self._forks.close()
