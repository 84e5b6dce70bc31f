"""The database's own guards, the audit chain and the races between deciders, on a real PostgreSQL."""

import os
import subprocess
import sys

import pytest

from tests.services.production import POSTGRES, ROOT

FILES = (
    "test_guards.py",
    "test_permit_guards.py",
    "test_decision_doors.py",
    "test_proposal_routes.py",
    "test_audit.py",
    "test_decision_races.py",
    "test_incident_races.py",
    "test_idempotency_races.py",
)


@pytest.mark.services
def test_what_holds_on_sqlite_holds_there_too() -> None:
    """Django's database is chosen when a process starts, so the files run in a process of their own."""
    environment = {**os.environ, "DATABASE_URL": f"{POSTGRES}/understudy_decisions"}
    files = [f"tests/governance/{file}" for file in FILES]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "skipped" not in done.stdout
