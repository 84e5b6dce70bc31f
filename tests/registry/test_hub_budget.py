"""The Hub is asked no more than its limits allow, and not at all while it wants to be left alone."""

from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from registry.upstream import hub_budget
from registry.upstream.base import Blocked
from registry.upstream.hub_client import api
from tests.factories import NOW
from tests.fakes.hub import TOKEN, Hub
from tests.registry.hub_reading import read_alone, reader


@pytest.fixture(autouse=True)
def one_clock(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.clock.set(NOW)
    monkeypatch.setattr(hub_budget, "now", hub.clock.now)


def blocked() -> timedelta:
    with pytest.raises(Blocked) as raised:
        api().model_info("acme/e5")
    wait = raised.value.retry_after
    assert wait is not None
    return wait


@pytest.mark.parametrize(("token", "granted"), [(TOKEN, 1000), ("", 500)])
def test_four_fifths_of_a_window_are_used_and_then_nothing_is_sent(
    hub: Hub, settings: Settings, token: str, granted: int
) -> None:
    settings.HF_TOKEN = token
    budget = hub_budget.budget_of("/api/models")
    for _ in range(granted * 4 // 5):
        hub_budget.take(budget)
    assert blocked() > timedelta(minutes=4)
    assert not hub.log
    hub.clock.advance(timedelta(minutes=6))
    assert api().model_info("acme/e5").id == "acme/e5"


@pytest.mark.parametrize("mode", ["429", "429 without headers"])
def test_after_a_429_nothing_is_sent_before_its_end(hub: Hub, mode: str) -> None:
    hub.fail(mode)
    wait = blocked()
    hub.recover()
    hub.clock.advance(wait - timedelta(seconds=1))
    assert blocked() <= timedelta(seconds=1)
    assert (len(hub.log), hub.early) == (1, [])
    hub.clock.advance(timedelta(seconds=1))
    assert api().model_info("acme/e5").id == "acme/e5"


def test_a_namespace_that_was_cut_short_lets_the_next_one_send_nothing(hub: Hub) -> None:
    hub.fail("429", on="acme/bge")
    read_alone("acme/e5", "acme/bge")
    sent = len(hub.log)
    with pytest.raises(Blocked):
        reader("globex/m1")()
    assert len(hub.log) == sent


def test_license_texts_count_apart_from_metadata() -> None:
    places = [
        "/api/models",
        "/api/models/acme/e5",
        "/acme/e5/resolve/main/LICENSE",
        "/api/resolve-cache/models/a/b/c/d",
    ]
    names = [hub_budget.budget_of(place).source for place in places]
    assert names == ["huggingface", "huggingface", "huggingface files", "huggingface files"]


def test_the_clock_is_that_of_the_register(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert isinstance(hub_budget.now(), datetime)
    assert hub_budget.now().tzinfo is not None
