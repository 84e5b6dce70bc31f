"""What several tests of the register share."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pytest_django import Settings

from registry.upstream import hub_client
from tests.fakes.hub import TOKEN, Hub


@pytest.fixture
def hub(
    db: None,  # noqa: ARG001 - where the budget of requests is kept
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Hub]:
    """A fake Hub with a few repositories, asked under a token and with little patience."""
    monkeypatch.setattr(hub_client, "DEADLINE", timedelta(seconds=1))
    with Hub("acme/e5", "acme/bge") as running:
        settings.HF_ENDPOINT, settings.HF_TOKEN = running.url, TOKEN
        yield running
