"""The migrate that the test runner calls for its database: an empty one in SQLite is copied from a kept one.

Migrating takes seconds for each process and test run; copying takes milliseconds. What is kept is named by all that
the result depends on, so that a changed migration, model or lock file makes a new one. Any other migrate is Django's.
"""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

KEPT = 4


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        is_copied = connection.vendor == "sqlite" and not options["app_label"] and not options["plan"]
        if not is_copied or connection.introspection.table_names():
            super().handle(*args, **options)
            return
        folder = Path(settings.BASE_DIR) / ".pytest_cache" / "migrated"
        kept = folder / f"{_name()}.sqlite3"
        if kept.exists():
            with closing(sqlite3.connect(kept)) as source:
                _copy(source, _raw(connection))
            return
        super().handle(*args, **options)
        _keep(_raw(connection), kept)


def _raw(connection: BaseDatabaseWrapper) -> sqlite3.Connection:
    connection.ensure_connection()
    raw = connection.connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    source.backup(target)


def _keep(connection: sqlite3.Connection, path: Path) -> None:
    """Write aside and rename, for several processes do this at once; of earlier ones only the last few stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=path.parent)
    os.close(handle)
    with closing(sqlite3.connect(aside)) as target:
        _copy(connection, target)
    Path(aside).replace(path)
    for old in sorted(path.parent.glob("*.sqlite3"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)


def _name() -> str:
    digest = hashlib.sha256(sqlite3.sqlite_version.encode())
    for path in _what_it_depends_on():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:32]


def _what_it_depends_on() -> Iterator[Path]:
    root = Path(settings.BASE_DIR)
    yield from (root / "requirements-dev.txt", root / "config" / "settings.py")
    for app in ("registry", "governance"):
        for folder in ("migrations", "models", "data"):
            yield from sorted((root / app / folder).rglob("*.py"))
            yield from sorted((root / app / folder).rglob("*.json"))
