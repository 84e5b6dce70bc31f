"""The fifth and sixth step of the story, with an outage in the middle: news of the vendor arrives while the Hub is down,
and upstream gates one model, re-licenses another and renames a third.

The Hub is a real HTTP server that is asked through the Hub's own client by `manage.py poll`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hub import TOKEN, Hub, licensed, repository
from tests.flows.platform import Api, Platform, running

pytestmark = pytest.mark.services

GATED = "Alibaba-NLP/gte-large-en-v1.5"
RELICENSED = "Alibaba-NLP/gte-reranker-modernbert-base"
RENAMED = "Alibaba-NLP/gte-multilingual-base"
NEW_NAME = "Qwen/gte-multilingual-base"
NEWS = {
    "vendor": "alibaba",
    "summary": "Alibaba is reported to shift from open models to revenue",
    "source_url": "https://news.example/alibaba-shifts",
    "severity": "warning",
}


@dataclass(frozen=True, slots=True)
class World:
    platform: Platform
    hub: Hub
    ravi: Api
    # What had been told before the story begins.
    known: frozenset[int]

    def poll(self) -> str:
        return self.platform.manage("poll", "huggingface")

    def changes(self) -> list[tuple[str, str]]:
        """Kind and repository of all that was told about listings, but that they are listed."""
        listings = {row["id"]: row["external_id"] for row in self.ravi.get("listings/", page_size=200)["results"]}
        rows = self.ravi.get("changes/", source="huggingface", page_size=200)["results"]
        told = [(row["kind"], listings.get(row["listing"], "")) for row in rows if row["kind"] != "listed"]
        return sorted(told)

    def all_changes(self) -> list[str]:
        """The kinds of all that was told since the demo, whoever told it."""
        rows = self.ravi.get("changes/", page_size=200)["results"]
        return sorted(row["kind"] for row in rows if row["id"] not in self.known and row["kind"] != "listed")

    def verdict(self, system: str, ref: str, revision: str, purpose: str) -> Any:
        model = {"ref": ref, "revision": revision, "purpose": purpose}
        return self.ravi.post("checks/", {"system": system, "environment": "production", "models": [model]})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Northwind, whose Hub holds what the register knows, read once."""
    with Hub(quota=1_000_000) as hub:
        settings = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}
        with running(tmp_path_factory.mktemp("upstream"), **settings) as platform:
            ravi = platform.api("ravi")
            for row in ravi.get("listings/", source="huggingface", page_size=200)["results"]:
                hub.repositories[row["external_id"]] = held(row["external_id"], row["facts"])
            known = frozenset(row["id"] for row in ravi.get("changes/", page_size=200)["results"])
            started = World(platform, hub, ravi, known)
            started.poll()
            platform.manage("triage")
            yield started


def held(name: str, facts: Any) -> dict[str, Any]:
    """The repository as the demo knows it."""
    bases = [base for base, _ in facts.get("base_models", ())]
    card = licensed(facts.get("license"), bases=bases)
    gate = {"open": False}.get(facts["gating"], facts["gating"])
    return repository(name, sha=facts["sha"], gated=gate, pipeline_tag=facts.get("task"), **card)


@dataclass(frozen=True, slots=True)
class Told:
    """What the register told at each moment."""

    before: list[tuple[str, str]]
    outage: list[tuple[str, str]]
    once: list[tuple[str, str]]
    twice: list[tuple[str, str]]
    failed: str
    everything: list[str]


@pytest.fixture(scope="module")
def told(world: World) -> Told:
    """Everything happens within one outage; the poll after it sees it all, and the next one the license again."""
    before = world.changes()
    world.hub.fail("503")
    world.hub.change(GATED, gated="manual")
    bases = world.hub.repositories[RELICENSED]["cardData"]["base_model"]
    card = licensed("other", bases=bases, license_name="gte-research-license", license_link="LICENSE")
    world.hub.change(RELICENSED, sha="b" * 40, **card)
    world.hub.rename(RENAMED, NEW_NAME)
    with pytest.raises(AssertionError) as failed:
        world.poll()
    outage = world.changes()
    world.ravi.post("changes/", NEWS)
    world.hub.recover()
    world.poll()
    once = world.changes()
    world.poll()
    twice = world.changes()
    world.platform.manage("triage")
    world.platform.manage("deliver", "--now")
    return Told(before, outage, once, twice, str(failed.value), world.all_changes())


def test_the_first_reading_of_what_was_known_tells_nothing(told: Told) -> None:
    assert told.before == []


def test_an_outage_raises_nothing_and_says_so_to_who_polls(told: Told) -> None:
    assert told.outage == []
    assert "Hugging Face Hub: failed. The Hub answered 503." in told.failed


def test_each_becomes_the_right_change_and_nothing_else(told: Told) -> None:
    assert told.once == [("gated", GATED), ("renamed", RENAMED), ("revision_moved", RELICENSED)]
    assert told.twice == sorted([*told.once, ("license_changed", RELICENSED)])


def test_the_news_and_the_three_are_all_that_was_told(told: Told) -> None:
    assert told.everything == ["gated", "license_changed", "renamed", "revision_moved", "vendor_signal"]


def test_the_news_reaches_every_dependency_on_the_vendor_and_the_outage_none(world: World, told: Told) -> None:
    assert told.everything
    impacts = world.ravi.get("impacts/", page_size=200)["results"]
    systems = {row["id"]: row["system"] for row in world.ravi.get("dependencies/", page_size=200)["results"]}
    ours = [row for row in impacts if row["change"]["id"] not in world.known]
    reached = {systems[row["dependency"]] for row in ours if row["change"]["kind"] == "vendor_signal"}
    assert reached >= {"product-search", "help-centre", "reranking-service", "catalogue-writer"}
    assert {row["change"]["kind"] for row in ours} <= set(told.everything)


def test_each_touches_only_what_it_touches(world: World, told: Told) -> None:
    assert told.twice
    systems = {row["id"]: row["system"] for row in world.ravi.get("dependencies/", page_size=200)["results"]}
    changes = {
        row["id"]: row["kind"] for row in world.ravi.get("changes/", source="huggingface", page_size=200)["results"]
    }
    impacts = world.ravi.get("impacts/", page_size=200)["results"]
    ours = [row for row in impacts if row["change"]["id"] in changes]
    touched = {(row["change"]["kind"], systems[row["dependency"]]) for row in ours}
    assert ("gated", "help-centre") in touched
    assert ("renamed", "product-search") in touched
    assert {system for kind, system in touched if kind == "gated"} == {"help-centre"}


def test_a_pinned_system_with_a_copy_of_its_own_keeps_its_license_and_ships(world: World, told: Told) -> None:
    assert told.twice
    pinned = world.ravi.only("dependencies/", system="reranking-service", environment="production")["pinned_revision"]
    answer = world.verdict("reranking-service", RELICENSED, pinned, "reranking")
    assert answer["verdict"] in {"pass", "warn"}, json.dumps(answer, indent=1)
    assert [one for one in answer["findings"] if one["rule"].startswith("UD2")] == []


def test_the_gated_model_stops_its_system(world: World, told: Told) -> None:
    assert told.twice
    pinned = world.ravi.only("dependencies/", system="help-centre", environment="production")["pinned_revision"]
    answer = world.verdict("help-centre", GATED, pinned, "embedding")
    assert "UD304" in {one["rule"] for one in answer["findings"]}


def test_the_mail_names_what_happened(world: World, told: Told) -> None:
    assert told.twice
    mails = "\n".join(path.read_text() for path in sorted((world.platform.var / "mail").iterdir()))
    assert "gte-large-en-v1.5" in mails


def test_only_metadata_and_license_texts_were_asked_for(world: World, told: Told) -> None:
    assert told.twice
    assert world.hub.weights_asked == []
    assert Path(world.platform.var).is_dir()
