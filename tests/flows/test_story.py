"""Five steps of the story and the seventh, told through the commands, the HTTP API and the CI client."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from tests.flows.platform import Api, Platform, Run, running

pytestmark = pytest.mark.services

MANIFEST = """\
system = "product-search"
environment = "production"

[[models]]
ref = "Alibaba-NLP/gte-multilingual-base"
revision = "ca1791e0bcc104f6db161f27de1340241b13c5a4"
purpose = "embedding"
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("story")) as started:
        yield started


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "understudy.toml").write_text(MANIFEST, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def anna(platform: Platform) -> Api:
    """The owner of Product search."""
    return platform.api("anna")


@pytest.fixture(scope="module")
def ravi(platform: Platform) -> Api:
    """A reviewer."""
    return platform.api("ravi")


def check(platform: Platform, anna: Api, repository: Path) -> Run:
    return platform.client("check", "--format", "json", token=anna.token, folder=repository)


def dependency_of(api: Api, system: str) -> Any:
    return api.only("dependencies/", system=system, environment="production")


@pytest.fixture(scope="module")
def red(platform: Platform, anna: Api, repository: Path) -> Run:
    """Step 1: Product search asks to ship before anybody has written a plan."""
    return check(platform, anna, repository)


def test_1_the_check_fails_because_there_is_no_plan(red: Run) -> None:
    answer = json.loads(red.out)
    errors = [finding for finding in answer["findings"] if finding["level"] == "error"]

    assert (red.code, answer["verdict"]) == (1, "fail")
    assert [finding["rule"] for finding in errors] == ["UD401"]
    assert "plan" in errors[0]["fix"]
    assert errors[0]["locations"] == [{"path": "understudy.toml", "line": 5}]


def test_2_the_suggestions_put_other_vendors_first_and_see_through_derivatives(anna: Api) -> None:
    dependency = dependency_of(anna, "product-search")
    ranked = anna.get(f"dependencies/{dependency['id']}/suggestions/")["results"]
    by_ref = {row["ref"]: row for row in ranked}

    assert ranked[0]["ref"] == "BAAI/bge-m3"
    assert ranked[0]["is_independent"]
    assert "index has to be built again" in _reason(ranked[0], "dimension")
    assert "768" in _reason(by_ref["intfloat/multilingual-e5-base"], "dimension")
    assert not by_ref["Snowflake/snowflake-arctic-embed-m-v2.0"]["is_independent"]
    assert not by_ref["Octen/Octen-Embedding-0.6B"]["is_independent"]
    assert "Alibaba" in _reason(by_ref["Octen/Octen-Embedding-0.6B"], "independence")


def _reason(candidate: Any, criterion: str) -> str:
    (text,) = [reason["text"] for reason in candidate["reasons"] if reason["criterion"] == criterion]
    return str(text)


@pytest.fixture(scope="module")
def proposal(red: Run, anna: Api) -> Any:
    """Step 3: the owner writes a plan and asks for approval."""
    assert red.code == 1, "the plan answers a red check"
    dependency = dependency_of(anna, "product-search")
    bge = anna.only("offerings/", external_id="BAAI/bge-m3")
    plan = anna.post(
        "fallback-plans/",
        {
            "dependency": dependency["id"],
            "trigger": "gte-multilingual-base is gated, withdrawn or changes its license.",
            "switch_procedure": "Build the new index beside the old one, then move the alias.",
            "switched_by": "Search & Discovery, on call",
            "rollback": "Move the alias back; the old index is kept for two weeks.",
            "reindex_plan": "2.1 million products, about five hours on two GPUs.",
            "alternatives": [{"kind": "offering", "offering": bge["id"], "pinned_revision": bge["head_revision"]}],
            "submit": True,
        },
    )
    alternative = plan["revisions"][0]["alternatives"][0]
    return anna.post(
        "proposals/",
        {
            "kind": "approve_alternative",
            "alternative": alternative["id"],
            "reason": "NDCG@10 falls by 0.02 on our queries; the index grows by a third.",
        },
    )


@pytest.fixture(scope="module")
def approved(proposal: Any, anna: Api, ravi: Api) -> Any:
    """The owner is refused, the reviewer approves."""
    answer = {
        "verdict": "approve",
        "state_digest": proposal["current_digest"],
        "comment": "BAAI and Meta; no Alibaba in it.",
    }
    refused = anna.send(f"proposals/{proposal['id']}/decide/", answer)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_proposal")
    return ravi.post(f"proposals/{proposal['id']}/decide/", answer)


def test_3_somebody_else_approves_and_the_facts_are_kept_as_its_basis(approved: Any, ravi: Api) -> None:
    approval = ravi.only("approvals/", alternative=approved["alternative"])
    basis = {row["fact"]: row["value"] for row in approval["basis"]}

    assert approved["state"] == "approved"
    assert basis["license"] == "MIT"
    assert set(basis["root_vendors"]) == {"baai", "meta"}


def test_4_after_a_drill_the_same_check_passes_and_the_gateway_gets_the_plan(
    platform: Platform, approved: Any, anna: Api, repository: Path
) -> None:
    anna.post(
        "drills/",
        {
            "alternative": approved["alternative"],
            "drilled_on": approved["created_at"][:10],
            "outcome": "passed",
            "suite": "1,000 labelled queries",
            "primary_score": 0.71,
            "alternative_score": 0.69,
            "answered_by": "BAAI/bge-m3",
            "switch_time": "06:00:00",
            "reindex_time": "05:10:00",
        },
    )

    green = check(platform, anna, repository)
    exported = platform.manage("export_litellm")

    assert (green.code, json.loads(green.out)["verdict"]) == (0, "pass")
    assert "huggingface/Alibaba-NLP/gte-multilingual-base" in exported
    assert "huggingface/BAAI/bge-m3" in exported


@pytest.fixture(scope="module")
def signal(platform: Platform, approved: Any, ravi: Api) -> Any:
    """Step 5: news of a vendor's shift is entered with its source, triaged and told."""
    assert approved["state"] == "approved"
    change = ravi.post(
        "changes/",
        {
            "vendor": "alibaba",
            "summary": "Alibaba is reported to shift from open models to revenue",
            "source_url": "https://news.example/alibaba-shifts",
            "severity": "warning",
        },
    )
    platform.manage("triage")
    platform.manage("deliver", "--now")
    return change


def test_5_every_dependency_on_the_vendor_is_found_lineage_included(signal: Any, ravi: Api) -> None:
    impacts = ravi.get("impacts/", change=signal["id"], page_size=100)["results"]
    dependencies = {row["id"]: row["system"] for row in ravi.get("dependencies/", page_size=100)["results"]}

    assert {dependencies[impact["dependency"]] for impact in impacts} >= {
        "product-search",
        "help-centre",
        "reranking-service",
        "catalogue-writer",
    }


def test_5_each_owner_gets_one_digest(platform: Platform, signal: Any) -> None:
    mails = [_mail(path) for path in sorted((platform.var / "mail").iterdir())]
    told = sorted(mail["To"] for mail in mails if "Alibaba" in mail.as_string())

    assert signal["kind"] == "vendor_signal"
    assert told == ["care@northwind.example", "platform@northwind.example", "search@northwind.example"]


def test_5_a_ticket_stands_where_something_must_be_done(platform: Platform, signal: Any, ravi: Api) -> None:
    dependency = dependency_of(ravi, "help-centre")
    ticket = ravi.only("tickets/", dependency=dependency["id"], concern="independence")

    assert signal["vendor"] == "alibaba"
    assert ticket["external_key"]
    assert "English help centre" in Path(platform.var / "tickets" / f"{ticket['external_key']}.md").read_text()


def test_7_what_if_alibaba_goes_says_what_stops_degrades_and_survives_and_who_leans_on_the_same(
    signal: Any, ravi: Api
) -> None:
    in_a_month = (date.fromisoformat(signal["detected_at"][:10]) + timedelta(days=30)).isoformat()
    report = ravi.post("what-if-reports/", {"vendors": ["alibaba"], "gone_on": in_a_month})
    answer = report["answer"]
    fates = {line["system"]: (line["outcome"], line["reason"]) for line in answer["lines"]}
    (ready,) = [line["ready_in_days"] for line in answer["lines"] if line["system"] == "product-search"]
    (shared,) = [one["names"] for one in answer["shared"] if one["name"] == "BAAI/bge-m3 (huggingface)"]

    assert report["title"] == "What if Alibaba goes?"
    assert fates == {
        "help-centre": ("stops", "alternatives_lost"),
        "similar-products": ("degrades", "undrilled"),
        "product-search": ("survives", "plan"),
        "reranking-service": ("survives", "held_copy"),
        "catalogue-writer": ("survives", "held_copy"),
    }
    assert ready == 0.25
    assert sorted(shared) == ["Product search: embedding", "Similar products: embedding"]
    assert answer["actions"][0]["text"].startswith("Put BAAI/bge-m3 (huggingface) into the plans")


def _mail(path: Path) -> Any:
    # Django's file backend parts messages by a line of dashes.
    return BytesParser(policy=policy.default).parsebytes(path.read_bytes())
