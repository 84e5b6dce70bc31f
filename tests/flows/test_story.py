"""The eight steps of the story in their order, on one platform: commands, HTTP API, CI client, and a real HTTP server that
the Hub's own client takes for the Hub. What happens in each step stands in `conftest`; what has to come of it stands here.
"""

import json
from typing import Any

import pytest

from tests.flows.conftest import News, Upstream, Waived, approved_by, refusal
from tests.flows.northwind import GATED, RELICENSED, RENAMED, Northwind, dependency_of, in_days
from tests.flows.platform import Api, Run

pytestmark = pytest.mark.services

ON_ALIBABA = {"product-search", "help-centre", "reranking-service", "catalogue-writer", "similar-products"}

# --- 1. Product search asks to ship ------------------------------------------------------------------------------


def test_1_the_check_fails_with_ud401_and_names_the_shortest_fix(red: Run) -> None:
    answer = json.loads(red.out)
    errors = [finding for finding in answer["findings"] if finding["level"] == "error"]

    assert (red.code, answer["verdict"]) == (1, "fail")
    assert [finding["rule"] for finding in errors] == ["UD401"]
    assert errors[0]["fix"].startswith("Write a plan with an alternative that does not come from Alibaba")
    assert errors[0]["locations"] == [{"path": "understudy.toml", "line": 5}]


# --- 2. The owner looks for what could stand in ----------------------------------------------------------------------


def test_2_the_suggestions_put_other_vendors_first_and_see_through_derivatives(red: Run, anna: Api) -> None:
    assert red.code == 1, "the owner looks because the check is red"
    dependency = dependency_of(anna, "product-search")
    ranked = anna.get(f"dependencies/{dependency['id']}/suggestions/")["results"]
    by_ref = {row["ref"]: row for row in ranked}
    independent = [row["is_independent"] for row in ranked]

    assert ranked[0]["ref"] == "BAAI/bge-m3"
    assert independent == sorted(independent, reverse=True)
    assert all("index has to be built again" in _reason(row, "dimension") for row in ranked)
    assert "Keeps the schema (dimension 768)" in _reason(by_ref["intfloat/multilingual-e5-base"], "dimension")
    assert not by_ref["Snowflake/snowflake-arctic-embed-m-v2.0"]["is_independent"]
    assert not by_ref["Octen/Octen-Embedding-0.6B"]["is_independent"]
    assert "Alibaba" in _reason(by_ref["Octen/Octen-Embedding-0.6B"], "independence")


def _reason(candidate: Any, criterion: str) -> str:
    (text,) = [reason["text"] for reason in candidate["reasons"] if reason["criterion"] == criterion]
    return str(text)


# --- 3. The owner writes a plan, somebody else approves it ------------------------------------------------------------


def test_3_a_reviewer_sees_facts_beside_claims(proposals: list[Any], ravi: Api) -> None:
    seen = ravi.get(f"proposals/{proposals[0]['id']}/")
    primary, alternative = (seen["current_state"][key] for key in ("primary", "alternative"))

    assert seen["reason"].startswith("NDCG@10 falls by 0.02")
    assert set(primary["root_vendors"]) == {"Alibaba", "Tongyi Lab"}
    assert set(alternative["offering"]["root_vendors"]) == {"BAAI", "Meta"}
    assert alternative["shares_vendors_with_primary"] == []
    assert {row["fit"] for row in alternative["fit"]} == {"meets"}


def test_3_somebody_else_approves_and_the_facts_are_kept_as_its_basis(approved: list[Any], ravi: Api) -> None:
    approval = ravi.only("approvals/", alternative=approved[0]["alternative"])
    basis = {row["fact"]: row["value"] for row in approval["basis"]}

    assert [one["state"] for one in approved] == ["approved", "approved"]
    assert basis["license"] == "MIT"
    assert set(basis["root_vendors"]) == {"baai", "meta"}


# --- 4. A drill is recorded, and the check passes ----------------------------------------------------------------------


def test_4_after_the_drill_the_same_check_passes(green: Run) -> None:
    assert (green.code, json.loads(green.out)["verdict"]) == (0, "pass")


def test_4_the_plan_is_exported_into_the_gateways_configuration(world: Northwind, green: Run) -> None:
    assert green.code == 0
    exported = world.platform.manage("export_litellm")

    assert "huggingface/Alibaba-NLP/gte-multilingual-base" in exported
    assert "huggingface/BAAI/bge-m3" in exported


# --- 5. News of Alibaba's shift, while the Hub is down ------------------------------------------------------------------


def test_5_every_dependency_on_the_vendor_is_listed_lineage_included(world: Northwind, news: News) -> None:
    assert news.change["kind"] == "vendor_signal"
    assert world.touched("vendor_signal") == ON_ALIBABA


def test_5_each_owner_gets_one_digest_with_source_and_fallback_state(news: News) -> None:
    texts = {mail["To"]: mail.get_body(("plain",)).get_content() for mail in news.mails}

    assert sorted(mail["To"] for mail in news.mails) == sorted(texts)
    assert set(texts) == {"care@northwind.example", "platform@northwind.example", "search@northwind.example"}
    assert all("https://news.example/alibaba-shifts" in text for text in texts.values())
    assert "approved alternative BAAI/bge-m3 (huggingface)" in " ".join(texts["search@northwind.example"].split())
    assert "no alternative that holds" in " ".join(texts["care@northwind.example"].split())


def test_5_a_ticket_stands_where_something_must_be_done(world: Northwind, news: News, ravi: Api) -> None:
    assert news.change["vendor"] == "alibaba"
    assert "English help centre" in world.ticket("help-centre", "independence")
    search = dependency_of(ravi, "product-search")
    assert ravi.get("tickets/", dependency=search["id"], concern="independence")["results"] == []


def test_6_an_outage_of_the_hub_raises_nothing_and_says_so_to_who_polls(news: News) -> None:
    assert news.raised == []
    assert "Hugging Face Hub: failed. The Hub answered 503." in news.failed


# --- 6. Upstream gates one model, re-licenses another and renames the third -----------------------------------------------


def test_6_each_becomes_the_right_change_and_nothing_else(world: Northwind, upstream: Upstream) -> None:
    assert upstream.once == [("gated", GATED), ("renamed", RENAMED), ("revision_moved", RELICENSED)]
    assert upstream.twice == sorted([*upstream.once, ("license_changed", RELICENSED)])
    assert [row["kind"] for row in world.changes() if row["listing"] is None] == ["vendor_signal"]


def test_6_a_hub_that_shows_nothing_between_two_reads_raises_nothing_and_delays_the_license_alone(
    world: Northwind, upstream: Upstream
) -> None:
    assert upstream.between == upstream.once
    assert "none of it is believed" in upstream.nothing_shown
    assert world.ravi.get("incidents/")["results"] == []
    assert {row["status"] for row in world.ravi.get("offerings/", host="huggingface")["results"]} == {"available"}


def test_6_each_touches_only_what_it_touches(world: Northwind, upstream: Upstream) -> None:
    assert upstream.twice
    # The gated model is also a way out of Product search.
    assert world.touched("gated") == {"help-centre", "product-search"}
    assert world.touched("renamed") == {"product-search"}
    assert world.touched("license_changed") == {"reranking-service"}


def test_6_only_the_approval_that_rests_on_the_gated_model_ends(world: Northwind, upstream: Upstream) -> None:
    assert upstream.twice
    assert world.ended() == {"adoptions": set(), "approvals": {GATED}}


def test_6_a_system_on_a_pinned_revision_keeps_its_license_and_ships(world: Northwind, upstream: Upstream) -> None:
    assert upstream.twice
    answer = world.verdict("reranking-service", RELICENSED, "reranking")

    assert answer["verdict"] in {"pass", "warn"}, json.dumps(answer, indent=1)
    assert [one for one in answer["findings"] if one["rule"].startswith("UD2")] == []


def test_6_that_system_is_told_that_nothing_has_to_be_done(world: Northwind, upstream: Upstream) -> None:
    assert upstream.twice
    (license_changed,) = [row["id"] for row in world.changes() if row["kind"] == "license_changed"]
    impacts = world.ravi.get("impacts/", page_size=200)["results"]
    told = [row for row in impacts if row["change"]["id"] == license_changed]

    assert ["which did not change: nothing has to be done" in row["explanation"] for row in told] == [True]
    asked = world.ravi.get("actions/", page_size=200)["results"]
    assert (told[0]["dependency"], "license") not in {(row["dependency"], row["concern"]) for row in asked}


def test_6_the_renamed_model_still_ships_under_the_name_that_its_system_uses(
    world: Northwind, upstream: Upstream
) -> None:
    assert upstream.twice
    assert world.verdict("product-search", RENAMED, "embedding")["verdict"] in {"pass", "warn"}


def test_6_without_a_copy_the_gated_model_stops_its_system_and_with_a_verified_one_it_is_warned(
    world: Northwind, upstream: Upstream, ben: Api
) -> None:
    assert upstream.twice
    after_the_grace = 22

    assert world.gate_in(0, "help-centre")["levels"]["UD304"] == "warning"
    assert world.gate_in(after_the_grace, "help-centre")["levels"]["UD304"] == "error"

    ben.patch(
        f"dependencies/{dependency_of(ben, 'help-centre')['id']}/",
        {
            "held_copy_location": "s3://northwind-models/gte-large/",
            "held_copy_digest": f"sha256:{'c' * 64}",
            "held_copy_verified_on": in_days(0),
        },
    )
    assert world.gate_in(after_the_grace, "help-centre")["levels"]["UD304"] == "warning"


def test_6_only_metadata_and_license_texts_were_asked_for(world: Northwind, upstream: Upstream) -> None:
    assert upstream.twice
    assert world.hub.weights_asked == []


# --- 7. What if Alibaba goes? ------------------------------------------------------------------------------------------


def test_7_it_shows_what_stops_what_degrades_and_what_survives(report: Any) -> None:
    fates = {line["system"]: (line["outcome"], line["reason"]) for line in report["answer"]["lines"]}

    assert report["title"] == "What if Alibaba goes?"
    assert fates == {
        # By the copy that was verified in the sixth step.
        "help-centre": ("survives", "held_copy"),
        "similar-products": ("degrades", "undrilled"),
        "product-search": ("survives", "plan"),
        "reranking-service": ("survives", "held_copy"),
        "catalogue-writer": ("survives", "held_copy"),
    }


def test_7_without_the_copy_help_centre_stops(report: Any, ben: Api, ravi: Api) -> None:
    assert report["title"] == "What if Alibaba goes?"
    ben.patch(
        f"dependencies/{dependency_of(ben, 'help-centre')['id']}/",
        {"held_copy_location": "", "held_copy_digest": "", "held_copy_verified_on": None},
    )
    answer = ravi.post("what-if/", {"vendors": ["alibaba"], "gone_on": in_days(30)})
    fates = {line["system"]: (line["outcome"], line["reason"]) for line in answer["lines"]}

    assert fates["help-centre"] == ("stops", "alternatives_lost")
    assert answer["actions"][0]["text"].startswith("Put BAAI/bge-m3 (huggingface) into the plan")


def test_7_it_says_in_how_many_days_the_measured_switch_is_done(report: Any) -> None:
    (ready,) = [line["ready_in_days"] for line in report["answer"]["lines"] if line["system"] == "product-search"]
    assert ready == 0.25


def test_7_it_shows_that_two_plans_lean_on_the_same_fallback(report: Any) -> None:
    (shared,) = [one["names"] for one in report["answer"]["shared"] if one["name"] == "BAAI/bge-m3 (huggingface)"]
    assert sorted(shared) == ["Product search: embedding", "Similar products: embedding"]


# --- 8. A waiver lets Help centre ship for 30 days, visibly, and then ends ---------------------------------------------


def test_8_an_important_system_needs_one_reviewer_beside_the_owner(waived: Waived, ruth: Api) -> None:
    assert [proposal["rule"] for proposal in waived.proposals] == ["UD401", "UD402"]
    assert [proposal["route"] for proposal in waived.proposals] == [{"reviewer": 1}, {"reviewer": 1}]
    assert [proposal["state"] for proposal in waived.decided] == ["approved", "approved"]
    assert refusal(ruth, waived.decided[0]) == (409, "closed")


def test_8_it_ships_and_the_verdict_names_the_end_of_each_waiver(waived: Waived) -> None:
    told = [one for one in waived.after["findings"] if one["rule"] == "UD502"]

    assert waived.after["verdict"] in {"pass", "warn"}, json.dumps(waived.after, indent=1)
    assert len(told) == 1
    assert f"UD401 is waived for embedding until {in_days(30)}" in told[0]["message"]
    assert f"UD402 is waived for embedding until {in_days(30)}" in told[0]["message"]


def test_8_and_then_it_ends(world: Northwind, waived: Waived) -> None:
    assert waived.decided
    on_the_last_day, after_it = world.gate_in(30, "help-centre"), world.gate_in(31, "help-centre")

    assert {rule: on_the_last_day["levels"][rule] for rule in ("UD401", "UD402")} == {"UD401": "note", "UD402": "note"}
    assert "error" not in on_the_last_day["levels"].values()
    assert {rule: after_it["levels"][rule] for rule in ("UD401", "UD402")} == {"UD401": "error", "UD402": "error"}
    assert "UD502" not in after_it["levels"]
    assert after_it["verdict"] == "fail"


def test_8_a_critical_system_needs_two_reviewers_and_none_of_them_twice(
    waived: Waived, anna: Api, ravi: Api, ruth: Api
) -> None:
    assert waived.decided
    proposal = anna.post(
        "proposals/",
        {
            "kind": "waive_rule",
            "rule": "UD405",
            "system": "product-search",
            "until": in_days(30),
            "reason": "The GPUs of the next drill are taken until then.",
            "compensating_measure": "The last drill's index is kept.",
        },
    )
    first = approved_by(ravi, proposal)

    assert (proposal["route"], first["state"], first["missing"]) == ({"reviewer": 2}, "submitted", {"reviewer": 1})
    assert refusal(ravi, proposal) == (409, "already_decided")
    assert refusal(anna, proposal) == (403, "own_proposal")
    assert approved_by(ruth, proposal)["state"] == "approved"
