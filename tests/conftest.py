"""Fixtures that every test may use. Rows come from `tests.factories`."""

from pathlib import Path

import pytest

FEEDS = Path(__file__).resolve().parent.parent.parent / "shared" / "feeds"


@pytest.fixture(scope="session")
def feeds() -> Path:
    """The folder of saved real upstream answers; tests that need it are skipped where it is absent."""
    if not FEEDS.is_dir():
        pytest.skip("the folder of real upstream answers is not beside this checkout")
    return FEEDS
