"""What really happened on the Hub and in the feeds, played again: each event gives exactly its kind, a scare gives none."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from governance.models import Approval, Impact
from governance.triage import triage_changes
from registry.models import Change, ChangeKind, Severity
from registry.upstream import hub_budget
from tests.factories import NOW
from tests.fakes.hub import TOKEN, Hub, Request, licensed
from tests.fakes.hub_watched import moments, read_once, sweep, sweep_on, told, watch
from tests.governance.proposing import World, make_world
from tests.registry.feeding import chat, feed

# In the order in which a change is noticed at once, or after a day in which it stayed so.
KINDS: Mapping[str, ChangeKind | None] = {
    "removed": ChangeKind.REMOVED,
    "renamed": ChangeKind.RENAMED,
    "gated": ChangeKind.GATED,
    "ungated": ChangeKind.UNGATED,
    "licence-changed": ChangeKind.LICENSE_CHANGED,
    "shutdown-date-moved": ChangeKind.RETIREMENT_MOVED,
    "deprecation-withdrawn": ChangeKind.RETIREMENT_WITHDRAWN,
    "false-removal": None,
    "rate-limit-incident": None,
    "family-licence-differs": None,
}
BYSTANDERS = ("acme/e5", "acme/bge", "facebook/opt-125m", "facebook/bart-large")
LATER = NOW + timedelta(hours=6)
HAPPENS = NOW + timedelta(hours=1)
IS_OVER = HAPPENS + timedelta(hours=11)
pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class Event:
    """`model` as the list of events names it, `names` the repositories behind that; `was` is how they were before."""

    model: str
    kind: str
    happen: Callable[[Hub], None]
    names: tuple[str, ...] = ()
    was: Mapping[str, Any] = field(default_factory=dict)

    @property
    def repositories(self) -> tuple[str, ...]:
        return self.names or (self.model,)


def removed(model: str, *names: str) -> Event:
    def happen(hub: Hub) -> None:
        for name in names or (model,):
            hub.remove(name)

    return Event(model, "removed", happen, names)


def renamed(old: str, new: str) -> Event:
    return Event(old, "renamed", lambda hub: hub.rename(old, new))


def gated(model: str, name: str = "", *, gate: str) -> Event:
    return Event(model, "gated", lambda hub: hub.change(name or model, gated=gate), (name,) if name else ())


def relicensed(model: str, license_: str, *, was: Mapping[str, Any], **card: Any) -> Event:
    return Event(model, "licence-changed", lambda hub: hub.relicense(model, license_, **card), was=was)


def new_family(hub: Hub) -> None:
    hub.add("google/gemma-4-12b", **licensed("apache-2.0"))


EVENTS = [
    removed("runwayml/stable-diffusion-v1-5"),
    removed("decapoda-research/llama-7b-hf"),
    removed("facebook/sapiens (all models)", "facebook/sapiens-seg-1b", "facebook/sapiens-depth-1b"),
    removed("cross-encoder/mmarco-mMiniLMv2-L12-H384-v1"),
    Event(
        "facebook/* (whole organisation)",
        "false-removal",
        lambda hub: hub.fail("404 wave", namespace="facebook", until=IS_OVER),
        ("facebook/opt-1.3b",),
    ),
    Event("(all)", "rate-limit-incident", lambda hub: hub.fail("429 without headers", until=IS_OVER), ("acme/any",)),
    renamed("meta-llama/Meta-Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"),
    renamed("gpt2", "openai-community/gpt2"),
    renamed("bigscience/bloom-350m", "bigscience/bloom-560m"),
    renamed("dunzhang/stella_en_1.5B_v5", "NovaSearch/stella_en_1.5B_v5"),
    renamed("garak-llm/artgpt2tox", "garak-llm/attackgeneration-toxicity_gpt2"),
    gated(
        "mistralai/Mistral-7B-Instruct-v0.2 (and the other open models)",
        "mistralai/Mistral-7B-Instruct-v0.2",
        gate="auto",
    ),
    gated("black-forest-labs/FLUX.1-schnell", gate="auto"),
    Event(
        "MedDr", "ungated", lambda hub: hub.change("sunanhe/MedDr", gated=False), ("sunanhe/MedDr",), {"gated": "auto"}
    ),
    relicensed("microsoft/phi-2", "mit", was=licensed("other", license_name="microsoft-research-license")),
    relicensed(
        "stabilityai/stable-cascade",
        "other",
        was=licensed("mit"),
        license_name="stable-cascade-nc-community",
        license_link="LICENSE",
    ),
    relicensed(
        "stabilityai/stable-diffusion-3-medium",
        "other",
        was=licensed("other", license_name="stabilityai-nc-research-community"),
        license_name="stabilityai-ai-community",
    ),
    relicensed("microsoft/layoutlmv2-base-uncased", "cc-by-nc-sa-4.0", was=licensed(None)),
    Event("google/gemma-4-*", "family-licence-differs", new_family, ("google/gemma-3-12b-it",), licensed("gemma")),
]
IN_FEEDS = {
    "anthropic.claude-3-7-sonnet-20250219-v1:0",
    "gpt-4o-audio-preview",
    "meta-llama/llama-3.1-70b-instruct",
}


RATE_LIMITED = [event for event in EVENTS if event.kind == "rate-limit-incident"]
QUIET = [event for event in EVENTS if event.kind != "rate-limit-incident"]
# All in one night, and the one that concerns everybody by itself; UNDERSTUDY_TEST_WHOLE=1 has each happen alone as well.
ALONE = EVENTS if os.environ.get("UNDERSTUDY_TEST_WHOLE") else RATE_LIMITED


@contextmanager
def hub_of_the_day() -> Iterator[Hub]:
    """A Hub whose windows pass as the days of the test do."""
    with Hub(*BYSTANDERS, quota=1_000_000) as running, pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_budget, "now", running.clock.now)
        with override_settings(HF_ENDPOINT=running.url, HF_TOKEN=TOKEN):
            yield running


@pytest.fixture
def hub(db: None) -> Iterator[Hub]:  # noqa: ARG001 - where the budget of requests is kept
    with hub_of_the_day() as running:
        yield running


@dataclass(frozen=True, slots=True)
class Night:
    """What was told of a night in which all of it happened, in the three days after; and what was asked for."""

    told: list[tuple[str, str]]
    weights_asked: list[Request]
    files_asked: set[str]


@pytest.fixture(scope="module")
def night(
    django_db_setup: None,  # noqa: ARG001 - the database has to be there
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Night:
    with django_db_blocker.unblock(), transaction.atomic(), hub_of_the_day() as hub:
        # Five removals of a few dozen repositories would be an incident, and rightly so.
        hub.generate(200, namespaces=10)
        watch(hub.repositories)
        read_once(hub, tmp_path_factory.mktemp("night"), NOW)
        begin(hub, *QUIET)
        for event in QUIET:
            event.happen(hub)
        sweep_for_three_days(hub)
        files = {request.path.rpartition("/")[2] for request in hub.log if "/resolve" in request.path}
        seen = Night(told(since=NOW), hub.weights_asked, files)
        transaction.set_rollback(True)
    return seen


def begin(hub: Hub, *events: Event) -> None:
    """Everything is watched and has been read once, before anything happens."""
    for event in events:
        for name in event.repositories:
            hub.add(name, **event.was)
    watch(hub.repositories)
    sweep(hub, NOW)
    hub.clock.set(HAPPENS)


def sweep_for_three_days(hub: Hub) -> None:
    sweep_on(hub, moments(NOW, times=12, steps=[timedelta(hours=6)]))


def expected(*events: Event) -> list[tuple[str, str]]:
    kinds = [(KINDS[event.kind], name) for event in events for name in event.repositories]
    return sorted((kind.value, name) for kind, name in kinds if kind is not None)


@pytest.mark.parametrize("event", QUIET, ids=lambda event: f"{event.kind} {event.model}")
def test_an_event_gives_exactly_its_kind(night: Night, event: Event) -> None:
    assert [one for one in night.told if one[1] in event.repositories] == expected(event)


def test_all_events_in_one_night_are_told_apart_and_nothing_else_is_told(night: Night) -> None:
    assert night.told == expected(*QUIET)


def test_only_metadata_and_license_texts_were_asked_for(night: Night) -> None:
    assert night.weights_asked == []
    assert night.files_asked <= {"LICENSE"}


@pytest.mark.parametrize("event", ALONE, ids=lambda event: f"{event.kind} {event.model}")
def test_an_event_alone_gives_exactly_its_kind(hub: Hub, event: Event) -> None:
    begin(hub, event)
    event.happen(hub)
    sweep_for_three_days(hub)
    assert told(since=NOW) == expected(event)


def test_the_events_are_those_of_the_list(feeds: Path) -> None:
    listed = json.loads((feeds / "real-upstream-events.json").read_text(encoding="utf-8"))["events"]
    by_kind = {(event["model"], event["kind"]) for event in listed}
    assert {(event.model, event.kind) for event in EVENTS} == {one for one in by_kind if one[0] not in IN_FEEDS}
    assert {model for model, _ in by_kind} >= IN_FEEDS


@pytest.fixture
def world(hub: Hub) -> World:
    """An approved alternative that is on the Hub, and has been read there once."""
    made = make_world()
    spare = made.alternative.offering
    assert spare is not None
    hub.add(spare.external_id, _id=spare.upstream_id, sha=spare.head_revision)
    begin(hub)
    made.decide(made.approval())
    return made


def test_a_name_that_somebody_else_took_is_critical_and_suspends_the_approval(hub: Hub, world: World) -> None:
    approved = Approval.objects.get(ended_at=None)
    hub.reregister(world.alternative.offering.external_id)
    sweep(hub, LATER)
    triage_changes(now=LATER)

    change = Change.objects.get(kind=ChangeKind.REREGISTERED)
    approved.refresh_from_db()
    assert (change.severity, approved.ended_at) == (Severity.CRITICAL, LATER)
    assert approved.end_reason in Impact.objects.get(change=change).explanation


def test_a_name_that_stays_with_its_owner_keeps_the_approval(hub: Hub, world: World) -> None:
    hub.commit(world.alternative.offering.external_id)
    sweep(hub, LATER)
    triage_changes(now=LATER)
    assert Approval.objects.filter(ended_at=None).count() == 1


def test_a_date_that_a_host_moves_is_a_moved_date(tmp_path: Path) -> None:
    model = "anthropic.claude-3-7-sonnet-20250219-v1:0"

    def document(day: str) -> dict[str, Any]:
        stated = {"provider": "AWS Bedrock", "model_id": model, "shutdown_date": day}
        return {"version": "https://jsonfeed.org/version/1.1", "items": [{"_deprecation": stated}]}

    tell = partial(feed, tmp_path, to="deprecations_info")
    tell(document("2026-04-28"))
    tell(document("2026-07-30"), now=LATER)
    assert [kind for kind, _ in told(since=NOW)] == [ChangeKind.RETIREMENT_MOVED]


def test_a_date_that_a_feed_corrects_into_the_past_is_a_moved_date_and_no_retirement(tmp_path: Path) -> None:
    feed(tmp_path, {"gpt-4o-audio-preview": chat(deprecation_date="2027-01-20")})
    feed(tmp_path, {"gpt-4o-audio-preview": chat(deprecation_date="2026-03-07")}, now=LATER)
    assert told(since=NOW) == [(ChangeKind.RETIREMENT_MOVED, "gpt-4o-audio-preview")]


def test_a_date_that_is_taken_back_is_a_withdrawn_retirement(tmp_path: Path) -> None:
    row = {"id": "meta-llama/llama-3.1-70b-instruct", "name": "Llama 3.1 70B", "context_length": 131_072}
    tell = partial(feed, tmp_path, to="openrouter")
    tell({"data": [row | {"expiration_date": "2026-11-03"}]})
    tell({"data": [row | {"expiration_date": None}]}, now=LATER)
    assert told(since=NOW) == [(ChangeKind.RETIREMENT_WITHDRAWN, "meta-llama/llama-3.1-70b-instruct")]
