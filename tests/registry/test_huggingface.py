"""The Hub as its own client shows it: what is read, what is told apart, and what never means that a model is gone."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from registry.records import BaseModel, ListingRecord
from registry.upstream import Lack, Parsed, UpstreamError
from registry.upstream.base import Blocked, Sweeper
from registry.upstream.huggingface import HuggingFace
from tests.fakes.hub import Hub, repository
from tests.registry.hub_reading import found, lacking, read_alone, reader
from tests.registry.payloads import payload


def read(name: str) -> Parsed:
    return HuggingFace().parse(payload(f"huggingface/{name}"))


def records(name: str) -> dict[str, ListingRecord]:
    return {record.external_id: record for record in read(name).records}


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


def test_a_row_of_a_list_states_no_more_than_identity_revision_and_gate() -> None:
    parsed = read("rows.json")
    assert parsed.partial == {"acme/row", "acme/old"}
    assert [(one.external_id, one.renamed_to, one.license) for one in parsed.records] == [
        ("acme/row", None, None),
        ("acme/old", "acme/new", None),
    ]


def test_a_license_file_is_told_by_its_blob_and_its_text() -> None:
    parsed = read("license-files.json")
    files = {record.external_id: (record.license_file, record.license_text) for record in parsed.records}
    digest = hashlib.sha256(b"You may.\n").hexdigest()
    assert files == {
        "acme/text": ("11" * 20, digest),
        "acme/known": ("22" * 20, "ab" * 32),
        "acme/pdf": ("33" * 20, None),
        "acme/none": (None, None),
    }
    assert parsed.texts == {digest: "You may.\n"}
    assert sorted(one.external_id for one in parsed.rejects) == ["acme/bad-file", "acme/bad-text"]


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"id": "a/b"}', b"[" * 100_000, b'[{"id": "a/b"'])
def test_a_document_of_which_nothing_can_be_read_is_an_error(raw: bytes) -> None:
    with pytest.raises(UpstreamError):
        HuggingFace().parse(raw)


def test_it_is_read_section_by_section_and_a_section_is_a_namespace() -> None:
    hub = HuggingFace()
    assert isinstance(hub, Sweeper)
    assert [hub.part_of(name) for name in ("Acme/e5", "acme/bge", "gpt2")] == ["acme", "acme", ""]


def test_the_real_client_brings_what_the_hub_holds(hub: Hub) -> None:
    hub.change("acme/e5", gated="auto", cardData={"license": "mit", "base_model": "acme/bge"}, tags=["license:mit"])

    records = found(read_alone("acme/e5", "acme/bge"))

    assert records["acme/e5"].gating == "auto"
    assert records["acme/e5"].license == ("mit",)
    assert records["acme/e5"].base_models == (BaseModel("acme/bge"),)
    assert records["acme/bge"].sha == repository("acme/bge")["sha"]


def test_a_successor_is_what_the_card_names(hub: Hub) -> None:
    hub.relicense("acme/e5", "mit", new_version="acme/e6")
    assert found(read_alone("acme/e5"))["acme/e5"].successor == "acme/e6"


def test_one_by_one_what_did_not_move_costs_one_request_and_yields_nothing(hub: Hub) -> None:
    acme = reader("acme/e5", "acme/bge", page_count=9)
    first = acme()
    start = len(hub.log)
    hub.change("acme/e5", downloads=101, likes=4, lastModified="2026-01-01T00:00:00.000Z")
    second = acme()
    assert [request.path for request in hub.log[start:]] == ["/api/models/acme/e5", "/api/models/acme/bge"]
    assert (second.request_count, second.row_count, second.page_count) == (2, 2, 9)
    assert second.content_sha256 == first.content_sha256 != ""
    assert set(second.unchanged) == {"acme/e5", "acme/bge"}


def test_ids_without_a_namespace_are_asked_for_one_by_one_and_nobody_need_know(hub: Hub) -> None:
    hub.add("gpt2")
    answer = reader("gpt2")()
    assert sorted(found(answer)) == ["gpt2"]
    assert (answer.note, answer.document.url) == ("", f"{hub.url}/api/models/gpt2")
    assert "/api/models" not in [request.path for request in hub.log]


def test_only_metadata_is_asked_for_and_under_our_name(hub: Hub) -> None:
    read_alone("acme/e5")
    assert [request.path for request in hub.log] == [
        "/api/models/acme/e5",
        f"/api/models/acme/e5/paths-info/{repository('acme/e5')['sha']}",
    ]
    assert all("understudy" in request.headers["user-agent"] for request in hub.log)
    assert "siblings" not in hub.log[0].query


def test_a_rename_is_followed_and_seen(hub: Hub) -> None:
    hub.rename("acme/e5", "acme/e5-new")
    record = found(read_alone("acme/e5"))["acme/e5"]
    assert (record.external_id, record.renamed_to) == ("acme/e5", "acme/e5-new")
    assert record.upstream_id == repository("acme/e5")["_id"]


def test_a_missing_repository_is_not_found_only_to_a_caller_the_hub_knows(hub: Hub, settings: Settings) -> None:
    hub.remove("acme/e5")
    assert lacking(read_alone("acme/e5", "acme/bge")) == {"acme/e5": Lack.NOT_FOUND}
    settings.HF_TOKEN = ""
    assert lacking(read_alone("acme/e5", "acme/bge")) == {"acme/e5": Lack.UNKNOWN}


def test_a_gated_answer_is_no_missing_repository_though_its_error_is_a_subclass_of_that(hub: Hub) -> None:
    hub.fail("gated", on="acme/e5")
    answer = read_alone("acme/e5", "acme/bge")
    assert answer.parsed.partial == {"acme/e5"}
    assert not answer.parsed.unanswered


@pytest.mark.parametrize("mode", ["gated", "disabled"])
def test_a_refusal_that_only_says_what_is_known_is_nothing_new(hub: Hub, mode: str) -> None:
    acme = reader("acme/e5", page_count=9)
    hub.change("acme/e5", gated="auto")
    acme()
    hub.fail(mode, on="acme/e5")
    acme()
    assert "acme/e5" in acme().unchanged
    assert acme.known["acme/e5"].gating == "auto"


def test_a_disabled_repository_says_so(hub: Hub) -> None:
    hub.fail("disabled", on="acme/e5")
    records = found(read_alone("acme/e5", "acme/bge"))
    assert {name: record.is_disabled for name, record in records.items()} == {"acme/e5": True, "acme/bge": False}


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
    answer = read_alone("acme/e5", "acme/bge")
    assert lacking(answer) == {"acme/e5": Lack.UNKNOWN}
    assert sorted(found(answer)) == ["acme/bge"]
    assert answer.content_sha256 == ""


@pytest.mark.parametrize("mode", ["401", "500", "html", "truncated", "empty"])
def test_a_complete_outage_is_a_failure_and_no_document(hub: Hub, mode: str) -> None:
    hub.fail(mode)
    with pytest.raises(UpstreamError, match="answered for none of 2 repositories"):
        read_alone("acme/e5", "acme/bge")


@pytest.mark.django_db
def test_a_hub_that_cannot_be_reached_is_a_failure(settings: Settings) -> None:
    settings.HF_ENDPOINT = "http://127.0.0.1:9"
    with pytest.raises(UpstreamError, match="cannot be reached") as raised:
        read_alone("acme/e5")
    assert raised.value.retryable


def test_after_a_429_nothing_more_is_asked_and_the_wait_is_passed_on(hub: Hub) -> None:
    hub.fail("429", on="acme/e5")
    with pytest.raises(Blocked) as raised:
        read_alone("acme/e5", "acme/bge")
    assert hub.asked == ["acme/e5"]
    assert timedelta(seconds=170) <= (raised.value.retry_after or timedelta(0)) < timedelta(seconds=173)


def test_a_429_in_the_middle_keeps_what_was_answered_before(hub: Hub) -> None:
    hub.fail("429 without headers", on="acme/bge")
    answer = read_alone("acme/e5", "acme/bge", "acme/third")
    assert sorted(found(answer)) == ["acme/e5"]
    assert lacking(answer) == {"acme/bge": Lack.UNKNOWN, "acme/third": Lack.UNKNOWN}
    assert "acme/third" not in hub.asked


def test_a_bad_token_of_ours_ends_the_reading_and_names_the_setting(hub: Hub) -> None:
    hub.fail("bad token")
    with pytest.raises(UpstreamError, match="check HF_TOKEN") as raised:
        read_alone("acme/e5", "acme/bge")
    assert not raised.value.retryable
    assert hub.asked == ["acme/e5"]


@pytest.mark.usefixtures("hub")
def test_the_canary_is_alive_where_the_hub_shows_it(settings: Settings) -> None:
    settings.HF_CANARY = "acme/e5"
    assert HuggingFace().is_alive()


@pytest.mark.parametrize("mode", ["401", "404 wave", "429", "500", "gated", "html", "empty", "bad token", "list"])
def test_the_canary_is_not_alive_where_the_hub_shows_anything_else(hub: Hub, settings: Settings, mode: str) -> None:
    settings.HF_CANARY = "acme/e5"
    hub.fail(mode)
    assert not HuggingFace().is_alive()


def test_the_fake_can_be_seeded_with_real_ids(hub: Hub, feeds: Any) -> None:
    hub.seed(feeds / "hf" / "mteb-model-meta.json", limit=50)
    names = [name for name in hub.repositories if not name.startswith("acme/")]
    answers = [reader(*(name for name in names if HuggingFace().part_of(name) == part))() for part in parts(names)]
    assert sum(len(answer.parsed.records) for answer in answers) == 50
    assert not [one for answer in answers for one in (*answer.parsed.rejects, *answer.parsed.unanswered)]


def parts(names: list[str]) -> set[str]:
    return {HuggingFace().part_of(name) for name in names}


def test_a_document_is_one_answer_per_repository_that_may_be_news_and_can_be_fed_again(hub: Hub) -> None:
    acme = reader("acme/e5", "acme/bge", "acme/same", page_count=9)
    hub.add("acme/same")
    acme()
    hub.remove("acme/bge")
    hub.relicense("acme/e5", "mit")
    answer = acme()
    assert [one["id"] for one in json.loads(answer.document.raw)] == ["acme/e5", "acme/bge"]
    assert HuggingFace().parse(answer.document.raw) == answer.parsed
