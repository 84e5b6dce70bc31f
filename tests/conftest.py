"""Fixtures that every test may use. Rows come from `tests.factories`."""

import gc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.fakes.databases import Databases, PostgreSQL, SQLite

FEEDS = Path(__file__).resolve().parent.parent.parent / "shared" / "feeds"


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it again and again for circles took a tenth of all tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def feeds() -> Path:
    """The folder of saved real upstream answers; tests that need it are skipped where it is absent."""
    if not FEEDS.is_dir():
        pytest.skip("the folder of real upstream answers is not beside this checkout")
    return FEEDS


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:  # noqa: ARG001  # it extends it
    """Remember the rows that migrations made, for `tests/management/commands/flush.py` to put back."""
    with django_db_blocker.unblock():
        connection._test_serialized_contents = connection.creation.serialize_db_to_string()  # noqa: SLF001  # where Django keeps them


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SQLite:
    return SQLite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    with closing(PostgreSQL(tmp_path_factory.mktemp("postgresql"))) as made:
        yield made


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Each test that asks for it runs on both; migrated once, copied for whoever needs one."""
    made: Databases = request.getfixturevalue(f"{request.param}_databases")
    return made
