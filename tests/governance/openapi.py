"""The description of the API, as the tests that are generated from it read it."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


@cache
def paths() -> dict[str, dict[str, Any]]:
    """By address, what is said of each method."""
    # The safe loader in C, where there is one, takes a seventh of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    described = yaml.load(SCHEMA.read_bytes(), Loader=loader)  # noqa: S506 - either of them is safe
    found: dict[str, dict[str, Any]] = described["paths"]
    return found
