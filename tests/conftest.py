"""Fixtures that every test may use. Rows come from `tests.factories`."""

from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

FEEDS = Path(__file__).resolve().parent.parent.parent / "shared" / "feeds"


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
