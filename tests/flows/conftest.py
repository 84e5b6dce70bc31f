"""What happens in the eight steps of the story, one fixture after the other, on one platform."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.flows.northwind import (
    GATED,
    NEW_NAME,
    RENAMED,
    Northwind,
    dependency_of,
    in_days,
    northwind,
    relicense,
)
from tests.flows.platform import Api, Run

MANIFEST = """\
system = "product-search"
environment = "production"

[[models]]
ref = "Alibaba-NLP/gte-multilingual-base"
revision = "ca1791e0bcc104f6db161f27de1340241b13c5a4"
purpose = "embedding"
"""
NEWS = {
    "vendor": "alibaba",
    "summary": "Alibaba is reported to shift from open models to revenue",
    "source_url": "https://news.example/alibaba-shifts",
    "severity": "warning",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Northwind]:
    with northwind(tmp_path_factory.mktemp("story")) as begun:
        yield begun


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "understudy.toml").write_text(MANIFEST, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def anna(world: Northwind) -> Api:
    """The owner of Product search."""
    return world.platform.api("anna")


@pytest.fixture(scope="module")
def ben(world: Northwind) -> Api:
    """The owner of English help centre."""
    return world.platform.api("ben")


@pytest.fixture(scope="module")
def ravi(world: Northwind) -> Api:
    """A reviewer."""
    return world.ravi


@pytest.fixture(scope="module")
def ruth(world: Northwind) -> Api:
    """Another reviewer."""
    return world.platform.api("ruth")


def check(world: Northwind, anna: Api, repository: Path) -> Run:
    return world.platform.client("check", "--format", "json", token=anna.token, folder=repository)


def decision(proposal: Any, comment: str) -> dict[str, str]:
    return {"verdict": "approve", "state_digest": proposal["current_digest"], "comment": comment}


def refusal(api: Api, proposal: Any) -> tuple[int, str]:
    """Status and code of the answer to somebody who may not approve it."""
    answer = api.send(f"proposals/{proposal['id']}/decide/", decision(proposal, "Fine."))
    return answer.status_code, answer.json()["code"]


def approved_by(api: Api, proposal: Any, comment: str = "Facts and claims agree.") -> Any:
    return api.post(f"proposals/{proposal['id']}/decide/", decision(proposal, comment))


@pytest.fixture(scope="module")
def red(world: Northwind, anna: Api, repository: Path) -> Run:
    return check(world, anna, repository)


@pytest.fixture(scope="module")
def proposals(red: Run, anna: Api) -> list[Any]:
    """One for each way of the plan: another vendor's model, and as first aid one of Alibaba's that knows English alone."""
    assert red.code == 1, "the plan answers a red check"
    ways = [anna.only("offerings/", external_id=external_id) for external_id in ("BAAI/bge-m3", GATED)]
    plan = anna.post(
        "fallback-plans/",
        {
            "dependency": dependency_of(anna, "product-search")["id"],
            "trigger": "gte-multilingual-base is gated, withdrawn or changes its license.",
            "switch_procedure": "Build the new index beside the old one, then move the alias.",
            "switched_by": "Search & Discovery, on call",
            "rollback": "Move the alias back; the old index is kept for two weeks.",
            "reindex_plan": "2.1 million products, about five hours on two GPUs.",
            "alternatives": [
                {"kind": "offering", "offering": way["id"], "pinned_revision": way["head_revision"]} for way in ways
            ],
            "submit": True,
        },
    )
    reason = "NDCG@10 falls by 0.02 on our queries; the index grows by a third."
    return [
        anna.post("proposals/", {"kind": "approve_alternative", "alternative": way["id"], "reason": reason})
        for way in plan["revisions"][0]["alternatives"]
    ]


@pytest.fixture(scope="module")
def approved(proposals: list[Any], anna: Api, ravi: Api) -> list[Any]:
    """The owner is refused, the reviewer approves."""
    assert refusal(anna, proposals[0]) == (403, "own_proposal")
    return [approved_by(ravi, proposal) for proposal in proposals]


@pytest.fixture(scope="module")
def green(world: Northwind, approved: list[Any], anna: Api, repository: Path) -> Run:
    before = check(world, anna, repository)
    assert [one["rule"] for one in json.loads(before.out)["findings"] if one["level"] == "error"] == ["UD405"]
    anna.post(
        "drills/",
        {
            "alternative": approved[0]["alternative"],
            "drilled_on": approved[0]["created_at"][:10],
            "outcome": "passed",
            "suite": "1,000 labelled queries",
            "primary_score": 0.71,
            "alternative_score": 0.69,
            "answered_by": "BAAI/bge-m3",
            "switch_time": "06:00:00",
            "reindex_time": "05:10:00",
        },
    )
    return check(world, anna, repository)


@dataclass(frozen=True, slots=True)
class News:
    """The change that was entered, what the failing poll said, what it raised, and the mails that followed."""

    change: Any
    failed: str
    raised: list[tuple[str, str]]
    mails: list[Any]


@pytest.fixture(scope="module")
def news(world: Northwind, green: Run, ravi: Api) -> News:
    """Upstream has changed three models already, but the Hub does not answer; news comes in by hand."""
    assert green.code == 0
    world.hub.fail("503")
    world.hub.change(GATED, gated="manual")
    relicense(world.hub, sha="b" * 40, name="gte-research-license")
    world.hub.rename(RENAMED, NEW_NAME)
    with pytest.raises(AssertionError) as failed:
        world.poll()
    raised = world.of_the_hub()
    told_before = len(world.mails())
    change = ravi.post("changes/", NEWS)
    world.tell()
    return News(change, str(failed.value), raised, world.mails()[told_before:])


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the Hub had told after its first good answer, and after the second, which settles the license.

    Between the two it shows nothing at all: what the poll said of that, and what had been told by then.
    """

    once: list[tuple[str, str]]
    nothing_shown: str
    between: list[tuple[str, str]]
    twice: list[tuple[str, str]]


@pytest.fixture(scope="module")
def upstream(world: Northwind, news: News) -> Upstream:
    assert news.raised == []
    world.hub.recover()
    world.poll()
    once = world.of_the_hub()
    world.hub.fail("404 wave")
    with pytest.raises(AssertionError) as nothing_shown:
        world.poll()
    between = world.of_the_hub()
    world.tell()
    world.hub.recover()
    world.poll()
    twice = world.of_the_hub()
    world.tell()
    return Upstream(once, str(nothing_shown.value), between, twice)


@pytest.fixture(scope="module")
def report(upstream: Upstream, ravi: Api) -> Any:
    assert upstream.twice
    return ravi.post("what-if-reports/", {"vendors": ["alibaba"], "gone_on": in_days(30)})


@dataclass(frozen=True, slots=True)
class Waived:
    """What stopped it before, the proposals as they were made and as they were decided, and the gate's answer then."""

    before: dict[str, str]
    proposals: list[Any]
    decided: list[Any]
    after: Any


@pytest.fixture(scope="module")
def waived(world: Northwind, report: Any, ben: Api, ravi: Api) -> Waived:
    """The owner accepts the new terms, which settles UD304, and asks for thirty days for each rule that is left."""
    assert report["title"] == "What if Alibaba goes?"
    dependency = dependency_of(ben, "help-centre")
    adoption = ben.post(
        "proposals/",
        {
            "kind": "adopt_model",
            "offering": dependency["offering"],
            "purpose": "embedding",
            "distribution": "saas",
            "reason": "The new terms were read and accepted with the organisation's account.",
        },
    )
    approved_by(ravi, adoption)
    before = world.gate_in(0, "help-centre")["levels"]
    asked = [
        ben.post(
            "proposals/",
            {
                "kind": "waive_rule",
                "rule": rule,
                "dependency": dependency["id"],
                "until": in_days(30),
                "reason": "The new index is being built.",
                "compensating_measure": "The old index is frozen.",
            },
        )
        for rule, level in sorted(before.items())
        if level == "error"
    ]
    for proposal in asked:
        assert refusal(ben, proposal) == (403, "own_proposal")
    decided = [approved_by(ravi, proposal, "Thirty days, not more.") for proposal in asked]
    return Waived(before, asked, decided, world.verdict("help-centre", GATED, "embedding"))
