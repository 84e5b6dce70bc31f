"""Filters of the lists: whatever stands behind one is an answer of ours and no failure, for each that the schema names."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import factories as f
from tests.governance.conftest import client_of

# A thousand requests: nothing for every change.
pytestmark = [pytest.mark.django_db, pytest.mark.services]
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
ODD = ("\U000b6c73ö\x13#t", "-1", "9" * 20)


def lists() -> dict[str, list[str]]:
    """By address, the names of its query parameters."""
    paths: dict[str, dict[str, Any]] = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["paths"]
    found = {
        path: [one["name"] for one in operations["get"].get("parameters", ()) if one["in"] == "query"]
        for path, operations in paths.items()
        if "get" in operations and "{" not in path
    }
    return {path: names for path, names in found.items() if names}


@pytest.mark.parametrize("path", lists())
def test_no_filter_fails_whatever_it_is_given(path: str) -> None:
    client = client_of(f.user(role="admin"))
    client.raise_request_exception = False
    answers = {(name, value): client.get(path, {name: value}).status_code for name in lists()[path] for value in ODD}
    assert {asked: status for asked, status in answers.items() if status >= 500} == {}
