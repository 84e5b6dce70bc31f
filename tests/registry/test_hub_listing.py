"""A namespace is read by its listing: what it shows, what it leaves out, and how little is asked for."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from registry.upstream import Lack, UpstreamError, hub_answers
from tests.fakes.hub import Hub, licensed, repository
from tests.registry.hub_reading import found, lacking, read, reader

ACME = [f"acme/m{number}" for number in range(8)]
LIST = "/api/models"


@pytest.fixture(autouse=True)
def namespace(hub: Hub) -> None:
    for name in ACME:
        hub.add(name)


def asked_since(hub: Hub, start: int) -> list[str]:
    return [request.path for request in hub.log[start:]]


def test_what_is_read_for_the_first_time_is_read_whole(hub: Hub) -> None:
    answer = read(*ACME)
    assert sorted(found(answer)) == ACME
    assert not answer.parsed.partial
    assert (answer.row_count, answer.page_count) == (len(hub.repositories.listed("acme", "createdAt")), 1)


def test_nothing_moved_costs_the_pages_of_the_listing_and_yields_nothing(hub: Hub) -> None:
    acme = reader(*ACME)
    first = acme()
    start = len(hub.log)
    second = acme()
    assert asked_since(hub, start) == [LIST]
    assert (second.request_count, second.parsed.records, set(second.unchanged)) == (1, [], set(ACME))
    assert second.content_sha256 == first.content_sha256 != ""


def test_only_what_moved_is_asked_for(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    hub.relicense("acme/m3", "cc-by-nc-4.0")
    start = len(hub.log)
    answer = acme()
    assert found(answer)["acme/m3"].license == ("cc-by-nc-4.0",)
    assert asked_since(hub, start)[:2] == [LIST, "/api/models/acme/m3"]
    assert {path for path in asked_since(hub, start) if "acme/m" in path and "acme/m3" not in path} == set()
    assert set(answer.unchanged) == set(ACME) - {"acme/m3"}


def test_a_gate_or_a_ban_without_a_commit_is_read_off_the_listing_alone(hub: Hub) -> None:
    acme = reader(*ACME)
    before = acme().content_sha256
    hub.change("acme/m1", gated="manual")
    hub.change("acme/m2", disabled=True)
    start = len(hub.log)
    answer = acme()
    assert asked_since(hub, start) == [LIST]
    assert answer.parsed.partial == {"acme/m1", "acme/m2"}
    assert (acme.known["acme/m1"].gating, acme.known["acme/m2"].is_disabled) == ("manual", True)
    assert acme.known["acme/m1"].license == ("apache-2.0",)
    assert answer.content_sha256 not in {"", before}
    hub.change("acme/m1", gated=False)
    assert found(acme())["acme/m1"].gating == "open"


def test_what_moves_daily_changes_nothing(hub: Hub) -> None:
    acme = reader(*ACME)
    first = acme()
    hub.change("acme/m1", downloads=7, likes=9, lastModified="2026-01-01T00:00:00.000Z")
    assert acme().content_sha256 == first.content_sha256


def test_the_same_name_with_another_identity_is_read_whole(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    before = acme.known["acme/m4"].upstream_id
    hub.reregister("acme/m4", sha=repository("acme/m4")["sha"])
    record = found(acme())["acme/m4"]
    assert record.sha == repository("acme/m4")["sha"]
    assert record.upstream_id not in {None, before}


def test_a_rename_within_the_namespace_is_asked_for_once_and_then_known(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    hub.rename("acme/m5", "acme/m5-new")
    assert found(acme())["acme/m5"].renamed_to == "acme/m5-new"
    start = len(hub.log)
    assert "acme/m5" in acme().unchanged
    assert asked_since(hub, start) == [LIST]


def test_a_repository_that_moved_to_another_namespace_is_a_rename(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    hub.rename("acme/m5", "globex/m5")
    assert found(acme())["acme/m5"].renamed_to == "globex/m5"
    assert "acme/m5" in acme().unchanged


def test_a_name_that_comes_back_is_no_rename_any_more(hub: Hub) -> None:
    acme = reader(*ACME)
    hub.rename("acme/m5", "acme/m5-new")
    acme()
    hub.rename("acme/m5-new", "acme/m5")
    assert found(acme())["acme/m5"].renamed_to is None


def test_a_namespace_that_moved_as_a_whole_is_many_renames_and_no_removal(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    for name in ACME:
        hub.rename(name, name.replace("acme", "globex"))
    answer = acme()
    assert {record.renamed_to for record in answer.parsed.records} == {f"globex/m{number}" for number in range(8)}
    assert not answer.parsed.unanswered


@pytest.mark.parametrize("token", ["hf_fake", ""])
def test_who_is_absent_and_not_shown_is_a_definite_negative_with_and_without_a_token(
    hub: Hub, settings: Settings, token: str
) -> None:
    settings.HF_TOKEN = token
    acme = reader(*ACME)
    acme()
    hub.remove("acme/m6")
    answer = acme()
    assert lacking(answer) == {"acme/m6": Lack.NOT_FOUND}
    assert answer.content_sha256 == acme().content_sha256 != ""
    assert lacking(acme()) == {"acme/m6": Lack.NOT_FOUND}


def test_private_is_gone_to_those_who_are_not_members(hub: Hub) -> None:
    hub.change("acme/m6", private=True)
    assert lacking(read(*ACME)) == {"acme/m6": Lack.NOT_FOUND}


def test_a_listing_that_lags_behind_removes_nothing(hub: Hub) -> None:
    hub.fail("empty list", on="author=acme")
    answer = read(*ACME[:3])
    assert sorted(found(answer)) == ACME[:3]


def test_of_an_empty_listing_a_few_are_asked_and_then_all_since_those_are_there(hub: Hub) -> None:
    hub.fail("empty list", on="author=acme")
    answer = read(*ACME)
    assert (sorted(found(answer)), lacking(answer)) == (ACME, {})


def test_of_many_that_are_gone_at_once_three_are_asked_and_the_others_follow_them(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    for name in ACME[:6]:
        hub.remove(name)
    start = len(hub.log)
    answer = acme()
    assert asked_since(hub, start) == [LIST, *(f"/api/models/{name}" for name in ACME[:3])]
    assert lacking(answer) == dict.fromkeys(ACME[:6], Lack.NOT_FOUND)
    assert set(answer.unchanged) == set(ACME[6:])


def test_many_that_are_absent_while_nobody_can_be_asked_are_unknown(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    for name in ACME[:6]:
        hub.remove(name)
    hub.fail("500", on="/api/models/acme/")
    answer = acme()
    assert lacking(answer) == dict.fromkeys(ACME[:6], Lack.UNKNOWN)
    assert answer.content_sha256 == ""


@pytest.mark.parametrize("mode", ["403", "500", "plain 404", "html", "empty", "truncated", "loop", "other host"])
def test_a_model_that_is_absent_and_answers_badly_is_unknown_and_the_others_are_read(hub: Hub, mode: str) -> None:
    acme = reader(*ACME)
    acme()
    hub.remove("acme/m6")
    hub.fail(mode, on="acme/m6")
    answer = acme()
    assert lacking(answer) == {"acme/m6": Lack.UNKNOWN}
    assert set(answer.unchanged) == set(ACME) - {"acme/m6"}
    assert answer.content_sha256 == ""


BROKEN = ["401", "403", "plain 404", "500", "503", "hang", "drip", "endless", "html", "empty", "truncated", "not json"]
BROKEN += ["loop", "other host", "weights", "bomb", "bad token"]


@pytest.mark.parametrize("mode", BROKEN)
def test_a_listing_that_fails_says_nothing_and_other_namespaces_are_read(hub: Hub, mode: str) -> None:
    acme, globex = reader(*ACME), reader("globex/e5")
    hub.add("globex/e5")
    acme()
    hub.fail(mode, namespace="acme")
    with pytest.raises(UpstreamError):
        acme()
    assert sorted(found(globex())) == ["globex/e5"]
    hub.recover()
    assert set(acme().unchanged) == set(ACME)


@pytest.mark.parametrize("mode", ["truncated", "html", "empty", "500"])
def test_a_page_that_fails_takes_the_whole_listing_with_it(hub: Hub, mode: str) -> None:
    crowd(hub, 1200)
    acme = reader(*ACME)
    acme()
    hub.fail(mode, on="cursor=")
    with pytest.raises(UpstreamError):
        acme()


def crowd(hub: Hub, number: int) -> None:
    hub.repositories.update({f"acme/x{one:04}": repository(f"acme/x{one:04}") for one in range(number)})


def test_pages_are_followed_at_our_endpoint_though_their_links_lead_to_the_public_hub(hub: Hub) -> None:
    crowd(hub, 2500)
    acme = reader(*ACME)
    first = acme()
    assert (first.page_count, first.row_count) == (3, len(hub.repositories.listed("acme", "createdAt")))
    start = len(hub.log)
    assert set(acme().unchanged) == set(ACME)
    assert asked_since(hub, start) == [LIST] * 3
    assert "sort=createdAt" in hub.log[start].query
    assert "cursor=" in hub.log[-1].query


def test_a_listing_with_more_pages_than_are_watched_is_given_up_and_remembered(hub: Hub) -> None:
    crowd(hub, 2500)
    acme = reader("acme/m0", "acme/m1")
    first = acme()
    assert sorted(found(first)) == ["acme/m0", "acme/m1"]
    assert (first.page_count, first.releases) == (3, None)
    assert first.note == "acme: 2 repositories one by one, for its listing has more than 2 pages"
    start = len(hub.log)
    second = acme()
    assert asked_since(hub, start) == ["/api/models/acme/m0", "/api/models/acme/m1"]
    assert (set(second.unchanged), second.page_count) == ({"acme/m0", "acme/m1"}, 3)
    assert second.content_sha256 == first.content_sha256 != ""
    assert second.note == "acme: 2 repositories one by one, for its listing has 3 pages or more"


def test_a_poisoned_row_costs_the_listing_and_not_its_neighbours(hub: Hub) -> None:
    hub.add("acme/poison", createdAt="once upon a time")
    answer = read(*ACME)
    assert sorted(found(answer)) == ACME
    assert "a row that cannot be read" in answer.note


def test_a_watched_row_that_makes_no_sense_is_rejected_and_read_again(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    hub.change("acme/m2", gated="perhaps")
    answer = acme()
    assert [one.external_id for one in answer.parsed.rejects] == ["acme/m2"]
    assert answer.content_sha256 == ""


def test_rows_that_are_shown_twice_count_once(hub: Hub) -> None:
    hub.repositories["acme/M0"] = hub.repositories["acme/m0"]
    assert read(*ACME).row_count == len(hub.repositories.listed("acme", "createdAt")) - 1


def test_names_are_compared_whatever_their_case() -> None:
    acme = reader("acme/M0", "acme/m1")
    assert {name: record.renamed_to for name, record in found(acme()).items()} == {"acme/M0": None, "acme/m1": None}
    assert set(acme().unchanged) == {"acme/M0", "acme/m1"}


def test_what_awaits_its_second_read_is_read_whole_again() -> None:
    acme = reader(*ACME)
    acme()
    acme.held = {"acme/m1"}
    answer = acme()
    assert sorted(found(answer)) == ["acme/m1"]
    assert answer.content_sha256 == ""


def test_what_was_let_go_is_not_asked_for_while_the_namespace_stands_still(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    hub.relicense("acme/m1", "cc-by-nc-4.0")
    before = acme.known["acme/m1"]
    acme()
    acme.known["acme/m1"] = before
    start = len(hub.log)
    assert set(acme().unchanged) == set(ACME)
    assert asked_since(hub, start) == [LIST]


def test_a_429_in_the_middle_keeps_what_was_read_before(hub: Hub) -> None:
    acme = reader(*ACME)
    acme()
    hub.relicense("acme/m1", "cc-by-nc-4.0")
    hub.relicense("acme/m2", "cc-by-nc-4.0")
    hub.fail("429", on="acme/m2")
    answer = acme()
    assert sorted(found(answer)) == ["acme/m1"]
    assert lacking(answer) == {"acme/m2": Lack.UNKNOWN}
    assert answer.content_sha256 == ""


def test_three_failures_in_a_row_end_the_questions(hub: Hub) -> None:
    hub.fail("500", on="/api/models/acme/")
    with pytest.raises(UpstreamError, match="answered 500"):
        read(*ACME)
    assert len(hub.log) == 1 + 3


def test_a_namespace_that_takes_too_long_is_read_in_part_and_the_rest_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_answers, "LONGEST", timedelta(0))
    acme = reader(*ACME)
    first = acme()
    read_at_first = set(found(first))
    assert 0 < len(read_at_first) < len(ACME)
    assert lacking(first) == dict.fromkeys(set(ACME) - read_at_first, Lack.UNKNOWN)
    monkeypatch.setattr(hub_answers, "LONGEST", timedelta(minutes=1))
    assert set(found(acme())) == set(ACME) - read_at_first


def test_releases_are_those_of_the_whole_listing_without_packings(hub: Hub) -> None:
    hub.add("acme/open", createdAt="2026-02-01T00:00:00.000Z", **licensed("mit"))
    hub.add("acme/closed", createdAt="2026-02-01T00:00:00.000Z", gated="manual", **licensed("cc-by-nc-4.0"))
    hub.add("acme/open-GGUF", createdAt="2026-02-02T00:00:00.000Z", tags=["base_model:quantized:acme/open"])
    answer = read(*ACME)
    (last,) = (one for one in answer.releases or [] if one["quarter"] == "2026Q1")
    assert (last["released"], last["open"], last["gated"]) == (2, 1, 1)


def test_a_release_that_nobody_watches_leaves_the_digest_as_it_was(hub: Hub) -> None:
    acme = reader(*ACME)
    first = acme()
    hub.add("acme/new", createdAt="2026-05-01T00:00:00.000Z")
    second = acme()
    assert second.content_sha256 == first.content_sha256
    assert second.releases != first.releases


def test_the_evidence_names_where_it_can_be_read_again(hub: Hub) -> None:
    assert read(*ACME).document.url == f"{hub.url}/api/models?author=acme"
