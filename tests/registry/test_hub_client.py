"""The Hub's own client never goes elsewhere, never sleeps, and reads no more than was meant."""

import time
from datetime import timedelta
from typing import Any

import pytest
from huggingface_hub.utils import _http, get_session
from pytest_django import Settings

from registry.upstream import UpstreamError, hub_client
from registry.upstream.base import Blocked
from registry.upstream.hub_client import Meter, TooManyPages, api, metered
from tests.fakes.hub import Hub, repository


class Slept(Exception):
    """The client would have slept in a worker."""


@pytest.fixture
def sleepless(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        raise Slept(seconds)

    monkeypatch.setattr(_http.time, "sleep", sleep)


def names(**options: Any) -> list[str]:
    return [info.id for info in api().list_models(author="acme", expand=["sha"], **options)]


@pytest.mark.usefixtures("sleepless")
@pytest.mark.parametrize("mode", ["429", "429 without headers"])
def test_a_429_is_passed_on_before_the_client_sleeps_over_it(hub: Hub, mode: str) -> None:
    hub.fail(mode)
    with pytest.raises(Blocked) as raised:
        names()
    assert timedelta(minutes=1) <= (raised.value.retry_after or timedelta(0)) < timedelta(seconds=173)
    assert len(hub.log) == 1


@pytest.mark.usefixtures("sleepless")
@pytest.mark.parametrize("mode", ["500", "503", "hang", "truncated", "drip"])
def test_a_failure_is_passed_on_before_the_client_sleeps_over_it(hub: Hub, mode: str) -> None:
    hub.fail(mode)
    with pytest.raises(UpstreamError) as raised:
        names()
    assert raised.value.retryable
    assert len(hub.log) == 1


@pytest.mark.usefixtures("sleepless")
def test_without_that_the_client_would_sleep(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_client, "_refuse_failure", lambda _: None)
    hub.fail("503")
    with pytest.raises(Slept):
        names()


@pytest.mark.django_db
def test_a_hub_that_cannot_be_reached_is_asked_once(settings: Settings) -> None:
    settings.HF_ENDPOINT = "http://127.0.0.1:9"
    began = time.monotonic()
    with pytest.raises(UpstreamError, match="cannot be reached"):
        names()
    assert time.monotonic() - began < 1


def test_the_deadline_ends_a_request_that_never_stops_talking(hub: Hub) -> None:
    hub.fail("drip")
    began = time.monotonic()
    with pytest.raises(UpstreamError, match=r"no whole answer within 1 s|too slowly"):
        api().model_info("acme/e5")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "path",
    [
        "/acme/e5/resolve/main/model.safetensors",
        "/acme/e5/resolve/main/pytorch_model.bin",
        "/acme/e5/resolve/main/LICENSE.bin",
        "/acme/e5/resolve/main/LICENSE.safetensors",
        "/acme/e5/resolve/main/weights/LICENSE",
        "/acme/e5/resolve/main/config.json",
        "/api/models/acme/e5/tree/main",
        "/api/models/acme/e5/resolve/main/LICENSE",
        "/api/datasets/acme/e5",
        "/acme/e5",
        "/",
    ],
)
def test_no_other_place_of_the_hub_is_asked_for(hub: Hub, path: str) -> None:
    api()
    with pytest.raises(UpstreamError, match="no metadata"):
        get_session().get(f"{hub.url}{path}")
    assert not hub.log


def test_no_other_host_is_asked(hub: Hub) -> None:
    api()
    with pytest.raises(UpstreamError, match=r"redirected to example\.org"):
        get_session().get("https://example.org/api/models/acme/e5")
    assert not hub.log


@pytest.mark.parametrize("mode", ["weights", "other host"])
def test_no_redirect_leads_elsewhere(hub: Hub, mode: str) -> None:
    hub.fail(mode, on="acme/e5")
    with pytest.raises(UpstreamError, match="redirected to"):
        api().model_info("acme/e5")
    assert len(hub.log) == 1


def test_a_redirect_that_turns_in_a_circle_is_left_after_three(hub: Hub) -> None:
    hub.fail("loop")
    with pytest.raises(UpstreamError, match="more than 3 times"):
        api().model_info("acme/e5")
    assert len(hub.log) == 4


@pytest.mark.parametrize(
    ("limit", "ask"),
    [("MAX_MODEL", lambda: api().model_info("acme/e5")), ("MAX_PAGE", names)],
    ids=["model", "page"],
)
@pytest.mark.usefixtures("hub")
def test_a_model_and_a_page_have_a_greatest_length_each(monkeypatch: pytest.MonkeyPatch, limit: str, ask: Any) -> None:
    ask()
    monkeypatch.setattr(hub_client, limit, 10)
    with pytest.raises(UpstreamError, match="more than 10 bytes"):
        ask()


def test_links_to_next_pages_are_followed_at_our_endpoint(hub: Hub) -> None:
    hub.repositories.update({f"acme/x{one:04}": repository(f"acme/x{one:04}") for one in range(1500)})
    assert len(names()) == 1502
    assert [request.path for request in hub.log] == ["/api/models", "/api/models"]


def test_no_more_pages_are_asked_for_than_are_wanted(hub: Hub) -> None:
    hub.repositories.update({f"acme/x{one:04}": repository(f"acme/x{one:04}") for one in range(2500)})
    with metered() as meter:
        meter.most_pages = 2
        with pytest.raises(TooManyPages):
            names()
    assert (meter.requests, meter.pages, len(hub.log)) == (2, 2, 2)


def test_what_is_sent_is_counted_with_its_redirects(hub: Hub) -> None:
    hub.rename("acme/e5", "acme/e6")
    with metered() as meter:
        api().model_info("acme/e5")
    assert meter == Meter(requests=2)
