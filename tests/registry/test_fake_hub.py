"""Where the fake Hub could lie to every test that trusts it: the Hub's own client sees what it would see."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import HfApi, set_client_factory
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import _http

from tests.factories import NOW
from tests.fakes.hub import API, FAULT_MODES, FAULTS, PUBLIC, TOKEN, Hub, hub_process, repository
from tests.fakes.hub.files import blob_id

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _plain_client() -> Iterator[None]:
    """The Hub's client as it comes, whatever limits the register has given it in this process."""
    before = _http._GLOBAL_CLIENT_FACTORY  # noqa: SLF001 - nothing else tells it
    set_client_factory(_http.default_client_factory)
    yield
    set_client_factory(before)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub("acme/e5", "acme/bge", links_to="") as running:
        running.clock.set(NOW)
        yield running


def client(hub: Hub, *, token: str | bool = TOKEN) -> HfApi:
    return HfApi(endpoint=hub.url, token=token)


def listed(hub: Hub, author: str, **options: Any) -> list[str]:
    return [row.id for row in client(hub).list_models(author=author, sort="created_at", **options)]


def get(hub: Hub, path: str, **headers: str) -> httpx2.Response:
    with httpx2.Client(timeout=5) as session:
        return session.get(f"{hub.url}{path}", headers=BEARER | headers)


def model(hub: Hub, name: str = "acme/e5") -> int:
    return get(hub, f"{API}/{name}").status_code


def test_2500_rows_come_over_three_pages_without_a_gap_or_a_double(hub: Hub) -> None:
    hub.generate(2500, namespaces=1)
    found = listed(hub, "vendor-0000", expand=["sha", "createdAt"])
    assert Counter(found) == Counter({f"vendor-0000/model-{number:04}": 1 for number in range(2500)})
    assert [request.path for request in hub.log] == [API, API, API]


def test_what_comes_and_goes_between_two_pages_shifts_no_row(hub: Hub) -> None:
    hub.generate(2500, namespaces=1)
    rows = iter(client(hub).list_models(author="vendor-0000", sort="created_at", expand=["sha"]))
    first = [next(rows).id for _ in range(1000)]
    hub.add("vendor-0000/new", createdAt="2026-01-01T00:00:00.000Z")
    hub.remove(first[10])
    assert len({*first, *(row.id for row in rows)}) == 2500


def test_the_next_page_is_said_to_be_at_the_public_hub() -> None:
    with Hub() as hub:
        hub.generate(3, namespaces=1)
        answer = get(hub, f"{API}?author=vendor-0000&limit=2")
    assert answer.links["next"]["url"].startswith(f"{PUBLIC}{API}?author=vendor-0000&limit=2&cursor=")


def test_a_list_shows_what_was_asked_for_and_nothing_that_is_private(hub: Hub) -> None:
    hub.change("acme/bge", private=True)
    rows = get(hub, f"{API}?author=acme&expand=sha&expand=gated").json()
    assert rows == [{name: repository("acme/e5")[name] for name in ("_id", "id", "sha", "gated")}]
    assert get(hub, f"{API}?author=nobody").json() == []
    assert model(hub, "acme/bge") == 404


def test_a_renamed_repository_redirects_and_is_listed_where_it_is_now(hub: Hub) -> None:
    hub.rename("acme/e5", "other/e5-new")
    info = client(hub).model_info("acme/e5")
    assert (info.id, info._id) == ("other/e5-new", repository("acme/e5")["_id"])  # type: ignore[attr-defined]  # noqa: SLF001 - the client keeps it so
    assert (listed(hub, "acme"), listed(hub, "other")) == (["acme/bge"], ["other/e5-new"])


@pytest.mark.parametrize("freed", [("remove", "acme/e5"), ("rename", "acme/e5", "acme/e5-new")])
def test_a_name_that_somebody_else_took_has_another_identity_and_no_redirect(hub: Hub, freed: tuple[str, ...]) -> None:
    getattr(hub, freed[0])(*freed[1:])
    hub.reregister("acme/e5")
    info = client(hub).model_info("acme/e5")
    assert info.id == "acme/e5"
    assert info._id != repository("acme/e5")["_id"]  # type: ignore[attr-defined]  # noqa: SLF001 - the client keeps it so
    assert "acme/e5" in listed(hub, "acme")


def test_a_missing_repository_is_told_only_to_a_caller_with_a_token(hub: Hub) -> None:
    with pytest.raises(RepositoryNotFoundError):
        client(hub).model_info("acme/none")
    with pytest.raises(HfHubHTTPError, match="401"):
        client(hub, token=False).model_info("acme/none")
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        client(hub, token="hf_stolen").model_info("acme/e5")


def test_a_disabled_repository_is_listed_and_refused(hub: Hub) -> None:
    hub.change("acme/e5", disabled=True)
    with pytest.raises(DisabledRepoError):
        client(hub).model_info("acme/e5")
    assert "acme/e5" in listed(hub, "acme")


def test_a_commit_moves_the_sha_and_keeps_the_revision_before(hub: Hub) -> None:
    before = client(hub).model_info("acme/e5")
    hub.relicense("acme/e5", "mit")
    after, earlier = (client(hub).model_info("acme/e5", revision=rev) for rev in ("main", before.sha))
    assert (earlier.sha, earlier.card_data, after.tags) == (
        before.sha,
        before.card_data,
        ["transformers", "license:mit"],
    )
    assert after.sha != before.sha
    with pytest.raises(RevisionNotFoundError):
        client(hub).model_info("acme/e5", revision="0" * 40)


def test_a_license_may_change_without_a_commit_too(hub: Hub) -> None:
    hub.relicense("acme/e5", "other", moves_sha=False, license_name="acme-1", license_link="LICENSE")
    info = client(hub).model_info("acme/e5")
    assert (info.sha, info.card_data and info.card_data.license_name) == (repository("acme/e5")["sha"], "acme-1")


def test_files_are_described_under_their_git_ids_and_missing_ones_left_out(hub: Hub) -> None:
    hub.write("acme/e5", "LICENSE", "Do as you like.\n")
    (found,) = client(hub).get_paths_info("acme/e5", ["LICENSE", "NOTICE"])
    assert (found.path, found.size, found.blob_id) == ("LICENSE", 16, blob_id(b"Do as you like.\n"))  # type: ignore[union-attr]


def test_a_license_text_is_a_redirect_away_and_comes_with_its_commit(hub: Hub) -> None:
    hub.write("acme/e5", "LICENSE", "Do as you like.\n")
    with httpx2.Client(follow_redirects=True, headers=BEARER) as session:
        answer = session.get(f"{hub.url}/acme/e5/resolve/main/LICENSE")
    assert (answer.text, [one.status_code for one in answer.history]) == ("Do as you like.\n", [307])
    assert answer.headers["X-Repo-Commit"] == hub.repositories["acme/e5"]["sha"]
    assert answer.headers["ETag"] == f'"{blob_id(answer.content)}"'


def test_a_gated_repository_shows_its_metadata_and_keeps_its_files(hub: Hub, tmp_path: Path) -> None:
    hub.change("acme/e5", gated="manual")
    assert client(hub).model_info("acme/e5").gated == "manual"
    with pytest.raises(GatedRepoError):
        client(hub).hf_hub_download("acme/e5", "README.md", local_dir=tmp_path)
    with pytest.raises(RemoteEntryNotFoundError):
        client(hub).hf_hub_download("acme/bge", "LICENSE", local_dir=tmp_path)


@pytest.mark.parametrize("path", ["model.safetensors", "LICENSE.bin", "pytorch_model.bin", "onnx/model.onnx"])
def test_whoever_asks_for_weights_is_refused_and_seen(hub: Hub, path: str) -> None:
    assert get(hub, f"/acme/e5/resolve/main/{path}").status_code == 403
    assert [request.path for request in hub.weights_asked] == [f"/acme/e5/resolve/main/{path}"]


@pytest.mark.parametrize("path", ["README.md", "config.json", "LICENSE", "LICENSE.md"])
def test_texts_and_configuration_are_no_weights(hub: Hub, path: str) -> None:
    get(hub, f"/acme/e5/resolve/main/{path}")
    assert hub.weights_asked == []


def test_a_window_lets_its_number_through_and_ends_after_five_minutes() -> None:
    with Hub("acme/e5", quota=3) as hub:
        hub.clock.set(NOW)
        assert [model(hub) for _ in range(4)] == [200, 200, 200, 429]
        hub.clock.advance(timedelta(seconds=299))
        assert model(hub) == 429
        hub.clock.advance(timedelta(seconds=1))
        assert model(hub) == 200


def test_who_does_not_wait_is_listed_and_who_does_is_not() -> None:
    with Hub("acme/e5", quota=1) as hub:
        hub.clock.set(NOW)
        assert [model(hub), model(hub), model(hub)] == [200, 429, 429]
        hub.clock.advance(timedelta(seconds=301))
        assert model(hub) == 200
        assert [request.status for request in hub.early] == [429]


def test_what_was_on_its_way_when_another_worker_was_told_to_wait_is_not_early() -> None:
    with Hub("acme/e5", quota=1) as hub:
        hub.quota.in_flight = timedelta(seconds=30)
        assert [model(hub), model(hub), model(hub)] == [200, 429, 429]
        assert hub.early == []


def test_the_headers_count_down_and_callers_and_buckets_count_apart(hub: Hub) -> None:
    hub.clock.set(NOW)
    get(hub, f"{API}/acme/e5")
    hub.clock.advance(timedelta(seconds=10))
    answers = [get(hub, f"{API}/acme/e5"), get(hub, f"{API}/acme/e5", Authorization="")]
    assert [answer.headers["RateLimit"] for answer in answers] == ['"api";r=998;t=290', '"api";r=499;t=300']
    assert answers[0].headers["RateLimit-Policy"] == '"fixed window";"api";q=1000;w=300'
    assert get(hub, "/acme/e5/resolve/main/README.md").headers["RateLimit"] == '"resolvers";r=4999;t=300'


def test_a_fault_concerns_its_namespace_in_its_hours_only(hub: Hub) -> None:
    hub.add("other/e5")
    hub.fail("5xx", namespace="acme", since=NOW, until=NOW + timedelta(hours=1))
    during = [model(hub), get(hub, f"{API}?author=acme").status_code, model(hub, "other/e5")]
    hub.clock.set(NOW + timedelta(hours=1))
    assert (during, model(hub)) == ([500, 503, 200], 200)


def test_a_wave_of_404_looks_like_a_removal_in_every_detail(hub: Hub) -> None:
    hub.fail("404 wave")
    assert get(hub, f"{API}?author=acme").json() == []
    with pytest.raises(RepositoryNotFoundError):
        client(hub).model_info("acme/e5")


def test_a_namespace_may_list_nothing_although_its_repositories_are_there(hub: Hub) -> None:
    hub.fail("empty list")
    assert (get(hub, f"{API}?author=acme").json(), model(hub)) == ([], 200)


def test_the_fourteen_faults_are_fourteen_and_known() -> None:
    assert len(set(FAULT_MODES)) == 14
    assert set(FAULT_MODES) <= FAULTS.keys()


def test_a_process_of_its_own_is_changed_from_outside_and_keeps_its_log(tmp_path: Path) -> None:
    log = tmp_path / "hub.jsonl"
    with hub_process(log, "--models", "20", "--namespaces", "4", "--own-links") as hub:
        hub("rename", "vendor-0000/model-0000", "vendor-0001/moved")
        hub("fail", "503", on="model-0001", until=datetime(2026, 2, 1, tzinfo=UTC))
        state = hub("set_clock", moment=NOW)
        rows = HfApi(endpoint=hub.url, token=TOKEN).list_models(author="vendor-0001")
        assert "vendor-0001/moved" in [row.id for row in rows]
    (line,) = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert (state["repositories"], state["requests"], state["clock"]) == (20, 0, NOW.isoformat())
    assert (line["path"], line["status"], line["token"], line["time"]) == (API, 200, True, NOW.isoformat())


def test_real_repositories_keep_their_ids_days_and_successors(hub: Hub, feeds: Path) -> None:
    hub.seed(feeds / "hf" / "mteb-model-meta.json")
    assert len(hub.repositories) == 889 + 2
    assert [row for row in hub.repositories.values() if row["createdAt"] < "2022-03-02T23:29:04"] == []
    assert [row["id"] for row in hub.repositories.values() if row["cardData"].get("new_version")] != []
