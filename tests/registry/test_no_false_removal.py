"""Promise B1: whatever goes wrong upstream, nothing counts as removed that was not; and what was removed does, in time.

A short run of it is made with every change: some of the faults here, all of them with the services' tests.
UNDERSTUDY_TEST_FAULTS=all, UNDERSTUDY_TEST_SWEEPS=96 and UNDERSTUDY_TEST_MODELS=500 make the whole.
"""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from registry import absence
from registry.models import Listing
from registry.upstream import hub_budget, hub_client
from tests.factories import NOW
from tests.fakes.hub import FAULT_MODES, TOKEN, Hub
from tests.fakes.hub_watched import moments, read_once, removals, sweep, sweep_on, watch

MODELS = int(os.environ.get("UNDERSTUDY_TEST_MODELS", "100"))
SWEEPS = int(os.environ.get("UNDERSTUDY_TEST_SWEEPS", "12"))
# Those that look most like a removal, and one of each other sort.
FAULTS = (
    FAULT_MODES if os.environ.get("UNDERSTUDY_TEST_FAULTS") == "all" else ("404 wave", "401", "429", "html", "empty")
)
NAMESPACES = 5
LARGE = "vendor-0001"
# Too few to be taken for an incident: only what their answers are taken for keeps them from being removed. The last
# one has no namespace, so it is asked for by itself.
SMALL = ("small/a", "small/b", "gpt2")
# What looks like a removal in every detail is one after a day.
SHORTER = {"404 wave": timedelta(hours=20)}
GONE = [f"vendor-{number:04}/model-0007" for number in range(NAMESPACES)]
REGULAR = timedelta(hours=6)
pytestmark = pytest.mark.django_db


@pytest.fixture
def hub(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """Every model of it is watched and has been read once."""
    with Hub(quota=1_000_000) as running:
        settings.HF_ENDPOINT, settings.HF_TOKEN = running.url, TOKEN
        # Its windows pass as the days of the test do.
        monkeypatch.setattr(hub_budget, "now", running.clock.now)
        running.generate(MODELS, namespaces=NAMESPACES)
        for name in SMALL:
            running.add(name)
        watch(running.repositories)
        read_once(running, tmp_path, NOW)
        yield running


def spoil(hub: Hub, mode: str) -> None:
    """For hours everywhere; on and on in some places, so that the others show the Hub alive."""
    hub.fail(mode, until=NOW + timedelta(hours=7))
    hub.fail(mode, namespace=LARGE)
    spoil_small(hub, mode, until=NOW + SHORTER.get(mode, timedelta(days=365)))


def spoil_small(hub: Hub, mode: str, until: datetime | None = None) -> None:
    hub.fail(mode, namespace="small", until=until)
    hub.fail(mode, on="models/gpt2", until=until)


@pytest.mark.parametrize("mode", FAULTS)
def test_no_fault_is_taken_for_a_removal_and_five_removals_are_five(
    hub: Hub, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(hub, mode)
    with monkeypatch.context() as impatient:
        impatient.setattr(hub_client, "DEADLINE", timedelta(seconds=0.1))
        trouble_ends = sweep_on(hub, moments(NOW, times=SWEEPS))
    assert removals() == []

    hub.recover()
    sweep(hub, trouble_ends + REGULAR)
    for name in GONE:
        hub.remove(name)
    # The first negative at the next sweep, the last a day later at the earliest.
    late = trouble_ends + 2 * REGULAR + absence.OVER
    sweep_on(hub, moments(trouble_ends + REGULAR, times=6, steps=[REGULAR]))
    found = removals()
    assert [name for name, _ in found] == GONE
    assert max(moment for _, moment in found) <= late


def test_a_wave_that_looks_like_removals_is_many_without_the_confirmation(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence, "NEGATIVES", 1)
    monkeypatch.setattr(absence, "OVER", timedelta(0))
    monkeypatch.setattr(absence, "is_mass", lambda *_args, **_share: False)
    monkeypatch.setattr(absence, "GROUP", MODELS + 1)
    hub.fail("404 wave", namespace=LARGE)
    sweep_on(hub, moments(NOW, times=2))
    assert len(removals()) == MODELS // NAMESPACES


def test_the_few_would_be_removed_if_their_answers_counted(hub: Hub) -> None:
    spoil_small(hub, "404 wave")
    sweep_on(hub, moments(NOW, times=SWEEPS))
    assert {name for name, _ in removals()} == {*SMALL}


def test_every_model_was_there_before_anything_went_wrong(hub: Hub) -> None:
    assert Listing.objects.filter(source__slug="huggingface", missing_since=None).count() == MODELS + len(SMALL)
    assert removals() == []
    assert hub.weights_asked == []
