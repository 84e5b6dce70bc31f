"""What the tests of the configuration share."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which nothing is set but the folder; set more on what it gives."""
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "LANG", "TMPDIR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("UNDERSTUDY_VAR", str(tmp_path / "var"))
    return monkeypatch
