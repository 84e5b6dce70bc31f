"""Filters of the lists: whatever stands behind one is an answer of ours and no failure, for each that the schema names."""

import pytest

from tests import factories as f
from tests.governance.conftest import client_of
from tests.governance.openapi import paths

# A thousand requests: nothing for every change.
pytestmark = [pytest.mark.django_db, pytest.mark.services]
ODD = ("\U000b6c73ö\x13#t", "-1", "9" * 20)


def lists() -> dict[str, list[str]]:
    """By address, the names of its query parameters."""
    found = {
        path: [one["name"] for one in operations["get"].get("parameters", ()) if one["in"] == "query"]
        for path, operations in paths().items()
        if "get" in operations and "{" not in path
    }
    return {path: names for path, names in found.items() if names}


@pytest.mark.parametrize("path", lists())
def test_no_filter_fails_whatever_it_is_given(path: str) -> None:
    client = client_of(f.user(role="admin"))
    client.raise_request_exception = False
    answers = {(name, value): client.get(path, {name: value}).status_code for name in lists()[path] for value in ODD}
    assert {asked: status for asked, status in answers.items() if status >= 500} == {}
