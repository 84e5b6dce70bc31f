"""The Hub as its own client shows it: what is read, what is told apart, and what never means that a model is gone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from registry.records import BaseModel, ListingRecord
from registry.upstream import Known, Lack, Parsed, UpstreamError, hub_client
from registry.upstream.huggingface import HuggingFace
from tests.fakes.hub import TOKEN, Hub, repository
from tests.registry.payloads import payload


def read(name: str) -> Parsed:
    return HuggingFace().parse(payload(f"huggingface/{name}"))


def records(name: str) -> dict[str, ListingRecord]:
    return {record.external_id: record for record in read(name).records}


@pytest.fixture
def hub(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(hub_client, "DEADLINE", timedelta(seconds=0.5))
    with Hub("acme/e5", "acme/bge") as running:
        settings.HF_ENDPOINT, settings.HF_TOKEN = running.url, TOKEN
        yield running


def fetch(*watched: str) -> Parsed:
    document = HuggingFace().fetch(Known(watched=watched))
    assert document is not None
    return HuggingFace().parse(document.raw)


def test_a_repository_states_identity_gate_license_and_revision() -> None:
    assert records("plain.json")["acme/plain"] == ListingRecord(
        external_id="acme/plain",
        host="huggingface",
        host_id="acme/plain",
        upstream_id="6698d8a0653e4babe21e1e7d",
        sha="0e9e39f249a16976918f6564b8830bc894c89659",
        gating="open",
        is_disabled=False,
        license=("apache-2.0",),
        base_models=(),
        task="text-generation",
    )


def test_the_two_gates_are_told_apart_and_an_unknown_one_is_not_guessed_at() -> None:
    found = records("gated.json")
    assert {name: record.gating for name, record in found.items()} == {"acme/auto": "auto", "acme/manual": "manual"}
    assert read("gated.json").rejects[0].reason == "“gated” is perhaps, not false, auto or manual"


def test_another_name_is_a_rename_and_another_spelling_is_none() -> None:
    found = records("renamed.json")
    assert {name: record.renamed_to for name, record in found.items()} == {
        "acme/old": "acme/new",
        "acme/cased": None,
    }


def test_a_license_may_be_a_list_or_hide_behind_other_or_be_missing() -> None:
    found = records("licenses.json")
    assert {name: record.license for name, record in found.items()} == {
        "acme/list": ("mit", "apache-2.0"),
        "acme/other": ("other",),
        "acme/no-card": ("llama3.1",),
        "acme/states-none": (),
        "acme/not-shown": None,
    }
    assert found["acme/other"].license_name == "flux-1-dev-non-commercial-license"
    assert found["acme/other"].license_link == "LICENSE.md"


def test_base_models_come_with_their_relation_wherever_it_is_stated() -> None:
    found = records("lineage.json")
    assert {name: record.base_models for name, record in found.items()} == {
        "acme/merge": (BaseModel("acme/a", "merge"), BaseModel("acme/b", "merge")),
        "acme/old-capture": (BaseModel("acme/a", ""),),
        "acme/structured": (BaseModel("acme/a", "quantized"),),
        "acme/root": (),
    }


def test_not_found_is_told_from_hidden_and_disabled_and_gated_state_one_fact_each() -> None:
    parsed = read("problems.json")
    assert {one.external_id: one.lack for one in parsed.unanswered} == {
        "acme/gone": Lack.NOT_FOUND,
        "acme/hidden": Lack.UNKNOWN,
    }
    assert parsed.partial == {"acme/disabled", "acme/behind"}
    found = {record.external_id: record for record in parsed.records}
    assert (found["acme/disabled"].is_disabled, found["acme/behind"].gating) == (True, "manual")


def test_poison_is_set_aside_record_by_record() -> None:
    parsed = read("poison.json")
    assert [record.external_id for record in parsed.records] == ["acme/good"]
    assert len(parsed.rejects) == 9


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"id": "a/b"}', b"[" * 100_000, b'[{"id": "a/b"'])
def test_a_document_of_which_nothing_can_be_read_is_an_error(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        HuggingFace().parse(raw)


def test_the_real_client_brings_what_the_hub_holds(hub: Hub) -> None:
    hub.change("acme/e5", gated="auto", cardData={"license": "mit", "base_model": "acme/bge"}, tags=["license:mit"])

    found = {record.external_id: record for record in fetch("acme/e5", "acme/bge").records}

    assert found["acme/e5"].gating == "auto"
    assert found["acme/e5"].license == ("mit",)
    assert found["acme/e5"].base_models == (BaseModel("acme/bge"),)
    assert found["acme/bge"].sha == repository("acme/bge")["sha"]


def test_what_moves_daily_does_not_make_another_document(hub: Hub) -> None:
    known = Known(watched=("acme/e5",))
    before = HuggingFace().fetch(known)
    hub.change("acme/e5", downloads=101, likes=4, lastModified="2026-01-01T00:00:00.000Z")
    after = HuggingFace().fetch(known)
    assert before is not None
    assert after is not None
    assert before.sha256 == after.sha256


def test_only_metadata_is_asked_for_once_per_repository_and_under_our_name(hub: Hub) -> None:
    fetch("acme/e5", "acme/bge")
    assert [request.path for request in hub.log] == ["/api/models/acme/e5", "/api/models/acme/bge"]
    assert all("understudy" in request.headers["user-agent"] for request in hub.log)
    assert "siblings" not in hub.log[0].query


def test_a_rename_is_followed_and_seen(hub: Hub) -> None:
    hub.rename("acme/e5", "acme/e5-new")
    (record,) = fetch("acme/e5").records
    assert (record.external_id, record.renamed_to) == ("acme/e5", "acme/e5-new")
    assert record.upstream_id == repository("acme/e5")["_id"]


def test_a_missing_repository_is_not_found_only_to_a_caller_the_hub_knows(hub: Hub, settings: Settings) -> None:
    hub.remove("acme/e5")
    assert {one.external_id: one.lack for one in fetch("acme/e5", "acme/bge").unanswered} == {"acme/e5": Lack.NOT_FOUND}
    settings.HF_TOKEN = ""
    assert {one.external_id: one.lack for one in fetch("acme/e5", "acme/bge").unanswered} == {"acme/e5": Lack.UNKNOWN}


def test_a_gated_answer_is_no_missing_repository_though_its_error_is_a_subclass_of_that(hub: Hub) -> None:
    hub.fail("gated", on="acme/e5")
    parsed = fetch("acme/e5", "acme/bge")
    assert parsed.partial == {"acme/e5"}
    assert not parsed.unanswered


def test_a_disabled_repository_says_so(hub: Hub) -> None:
    hub.fail("disabled", on="acme/e5")
    found = {record.external_id: record.is_disabled for record in fetch("acme/e5", "acme/bge").records}
    assert found == {"acme/e5": True, "acme/bge": False}


UNKNOWN = [
    "401",
    "403",
    "plain 404",
    "500",
    "503",
    "hang",
    "drip",
    "endless",
    "html",
    "empty",
    "truncated",
    "not json",
    "list",
    "loop",
    "other host",
    "weights",
    "bomb",
]


@pytest.mark.parametrize("mode", UNKNOWN)
def test_whatever_goes_wrong_with_one_model_leaves_it_unknown_and_the_next_one_read(hub: Hub, mode: str) -> None:
    hub.fail(mode, on="acme/e5")
    parsed = fetch("acme/e5", "acme/bge")
    assert {one.external_id: one.lack for one in parsed.unanswered} == {"acme/e5": Lack.UNKNOWN}
    assert [record.external_id for record in parsed.records] == ["acme/bge"]


@pytest.mark.parametrize("mode", ["401", "500", "html", "truncated", "empty"])
def test_a_complete_outage_is_a_failure_and_no_document(hub: Hub, mode: str) -> None:
    hub.fail(mode)
    with pytest.raises(UpstreamError, match="answered for none of 2 models"):
        HuggingFace().fetch(Known(watched=("acme/e5", "acme/bge")))


def test_a_hub_that_cannot_be_reached_is_a_failure(settings: Settings) -> None:
    settings.HF_ENDPOINT = "http://127.0.0.1:9"
    with pytest.raises(UpstreamError, match="cannot be reached") as raised:
        HuggingFace().fetch(Known(watched=("acme/e5",)))
    assert raised.value.retryable


def test_after_a_429_nothing_more_is_asked_and_the_wait_is_passed_on(hub: Hub) -> None:
    hub.fail("429", on="acme/e5")
    with pytest.raises(UpstreamError) as raised:
        HuggingFace().fetch(Known(watched=("acme/e5", "acme/bge")))
    assert hub.asked == ["acme/e5"]
    assert raised.value.retry_after == timedelta(seconds=170)


def test_a_429_in_the_middle_keeps_what_was_answered_before(hub: Hub) -> None:
    hub.fail("429 without headers", on="acme/bge")
    parsed = fetch("acme/e5", "acme/bge", "acme/third")
    assert [record.external_id for record in parsed.records] == ["acme/e5"]
    assert [one.lack for one in parsed.unanswered] == [Lack.UNKNOWN, Lack.UNKNOWN]
    assert hub.asked == ["acme/e5", "acme/bge"]


def test_a_bad_token_of_ours_ends_the_round_and_names_the_setting(hub: Hub) -> None:
    hub.fail("bad token")
    with pytest.raises(UpstreamError, match="check HF_TOKEN") as raised:
        HuggingFace().fetch(Known(watched=("acme/e5", "acme/bge")))
    assert not raised.value.retryable
    assert hub.asked == ["acme/e5"]


def test_a_redirect_to_weights_is_never_followed(hub: Hub) -> None:
    hub.fail("weights", on="api/models/acme/e5")
    fetch("acme/e5", "acme/bge")
    assert not [request.path for request in hub.log if "resolve" in request.path]


def test_the_fake_lists_page_by_page_as_the_hub_does(hub: Hub) -> None:
    for number in range(5):
        hub.repositories[f"many/m{number}"] = repository(f"many/m{number}")
    rows: list[Any] = list(hub_client._api().list_models(author="many", limit=None, expand=["sha", "gated"]))  # noqa: SLF001 - the real client of the source
    assert sorted(row.id for row in rows) == [f"many/m{number}" for number in range(5)]


def test_the_fake_can_be_seeded_with_real_ids(hub: Hub, feeds: Any) -> None:
    hub.seed(feeds / "hf" / "mteb-model-meta.json", limit=50)
    names = [name for name in hub.repositories if not name.startswith("acme/")]
    parsed = fetch(*names)
    assert (len(parsed.records), parsed.rejects, parsed.unanswered) == (50, [], [])


def test_a_document_is_one_answer_per_repository(hub: Hub) -> None:
    hub.remove("acme/bge")
    document = HuggingFace().fetch(Known(watched=("acme/e5", "acme/bge")))
    assert document is not None
    assert [sorted(answer)[:2] for answer in json.loads(document.raw)] == [["_id", "cardData"], ["detail", "id"]]
