"""Promise B1 on a real PostgreSQL: fourteen faults, each over simulated days.

UNDERSTUDY_TEST_WHOLE=1 makes all of it, five hundred models and ninety-six sweeps each, in a quarter of an hour.
"""

import os
import subprocess
import sys

import pytest

from tests.services.production import POSTGRES, ROOT

WHOLE = {"UNDERSTUDY_TEST_MODELS": "500", "UNDERSTUDY_TEST_SWEEPS": "96"}
ASKED = {"UNDERSTUDY_TEST_FAULTS": "all", **(WHOLE if os.environ.get("UNDERSTUDY_TEST_WHOLE") else {})}
FILE = "tests/registry/test_no_false_removal.py"


@pytest.mark.services
def test_nothing_is_invented_and_nothing_missed_there_either() -> None:
    """Django's database is chosen when a process starts, so the tests run in a process of their own."""
    environment = {**os.environ, "DATABASE_URL": f"{POSTGRES}/understudy_hub", **ASKED}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", FILE]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800, check=False)
    sys.stdout.write(f"{ASKED}: {done.stdout.splitlines()[-1:]}\n")
    assert done.returncode == 0, done.stdout[-4000:]
