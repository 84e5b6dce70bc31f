"""What polls of vendors' own lists tell: each event once, and nothing of a list that was cut."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.env import ModelList
from registry.ingest import poll
from registry.models import Change, Listing, PollRun, Source
from tests import factories as f
from tests.factories import NOW
from tests.fakes.model_lists import ModelLists
from tests.registry.feeding import feed

LATER = NOW + timedelta(hours=6)
pytestmark = pytest.mark.django_db


@pytest.fixture
def anthropic(settings: Any) -> Iterator[ModelLists]:
    with ModelLists() as running:
        settings.MODEL_LISTS = {**settings.MODEL_LISTS, "anthropic": ModelList((f"{running.url}/models",), "a key")}
        yield running


def told() -> list[tuple[str, str, Any, Any]]:
    """What was told of listings, but that they are listed."""
    rows = Change.objects.in_force().exclude(kind="listed").exclude(listing=None).order_by("pk")
    return list(rows.values_list("kind", "listing__external_id", "before", "after"))


def feed_both(folder: Path, slug: str, rows: str, before: dict[str, Any], after: dict[str, Any]) -> PollRun:
    """Feed the list with one row as it was, and six hours later as it is; beside it is a row that never changes."""
    calm = {"id": "calm", "name": "calm", "modelId": "calm"}
    feed(folder, {rows: [before, calm]}, to=slug)
    return feed(folder, {rows: [after, calm]}, to=slug, now=LATER)


def openai(shutdown: str | None) -> dict[str, Any]:
    return {"id": "acme-chat-1", "object": "model", "shutdown_date": shutdown}


def prose(lifecycle: str, retires: str | None = None, deprecated: str | None = None) -> dict[str, Any]:
    return {"id": "acme-prose-4", "lifecycle": lifecycle, "deprecated_at": deprecated, "retires_at": retires}


def mistral(**fields: Any) -> dict[str, Any]:
    return {"id": "acme-large-2411", "deprecation": None, "deprecation_replacement_model": None} | fields


def openrouter(prompt: str = "0.000001", **fields: Any) -> dict[str, Any]:
    return {"id": "acme/acme-70b", "pricing": {"prompt": prompt, "completion": "0.000002"}} | fields


def azure(status: str, **deprecation: str) -> dict[str, Any]:
    model = {"name": "acme-chat", "version": "1", "lifecycleStatus": status, "deprecation": deprecation}
    return {"kind": "OpenAI", "skuName": "S0", "model": model}


def bedrock(status: str, **moments: str) -> dict[str, Any]:
    return {"modelId": "acme.prose-3-v1:0", "modelLifecycle": {"status": status} | moments}


@pytest.mark.parametrize(
    ("slug", "rows", "before", "after", "kinds"),
    [
        ("openai", "data", openai(None), openai("2026-10-23"), ["retirement_announced"]),
        ("openai", "data", openai("2026-10-23"), openai("2026-08-01"), ["retirement_moved"]),
        ("openai", "data", openai("2026-10-23"), openai("2027-01-31"), ["retirement_moved"]),
        ("openai", "data", openai("2026-10-23"), openai(None), ["retirement_withdrawn"]),
        ("openai", "data", openai("2026-10-23"), openai("2026-10-23T12:00:00Z"), []),
        (
            "anthropic",
            "data",
            prose("active"),
            prose("deprecated", "2026-06-15T00:00:00Z", "2026-04-14T00:00:00Z"),
            ["deprecated", "retirement_announced"],
        ),
        (
            "anthropic",
            "data",
            prose("deprecated", "2026-04-01T00:00:00Z"),
            prose("retired", "2026-04-01T00:00:00Z"),
            ["retired"],
        ),
        (
            "mistral",
            "data",
            mistral(),
            mistral(deprecation="2026-11-30T12:00:00Z", deprecation_replacement_model="acme-large-2512"),
            ["deprecated", "retirement_announced", "successor_named"],
        ),
        (
            "cohere",
            "models",
            {"name": "acme-command-1", "is_deprecated": False},
            {"name": "acme-command-1", "is_deprecated": True},
            ["deprecated"],
        ),
        ("openrouter", "data", openrouter(), openrouter("0.000003"), ["price_changed"]),
        ("openrouter", "data", openrouter(), openrouter("0.00000101"), []),
        (
            "azure",
            "value",
            azure("Stable", inference="2027-01-01T00:00:00Z", deprecationStatus="Tentative"),
            azure("Stable", inference="2027-02-01T00:00:00Z", deprecationStatus="Tentative"),
            [],
        ),
        (
            "azure",
            "value",
            azure("Stable", inference="2027-01-01T00:00:00Z", deprecationStatus="Tentative"),
            azure("Deprecating", inference="2026-12-01T00:00:00Z", deprecationStatus="Planned"),
            ["deprecated", "retirement_announced"],
        ),
        ("azure", "value", azure("Deprecating"), azure("Deprecated"), ["retired"]),
        (
            "bedrock",
            "modelSummaries",
            bedrock("ACTIVE"),
            bedrock("LEGACY", legacyTime="2026-04-15T08:00:00Z", endOfLifeTime="2026-10-15T08:00:00Z"),
            ["deprecated", "retirement_announced"],
        ),
    ],
)
def test_what_a_vendor_says_anew_is_told_once(
    tmp_path: Path, slug: str, rows: str, before: dict[str, Any], after: dict[str, Any], kinds: list[str]
) -> None:
    feed_both(tmp_path, slug, rows, before, after)
    assert sorted(kind for kind, *_ in told()) == kinds


def test_a_successor_is_named_as_a_ref(tmp_path: Path) -> None:
    feed_both(tmp_path, "mistral", "data", mistral(), mistral(deprecation_replacement_model="acme-large-2512"))
    assert told() == [("successor_named", "acme-large-2411", None, "mistral/acme-large-2512")]


def test_the_date_that_openrouter_took_back_is_told_as_withdrawn(tmp_path: Path) -> None:
    row = openrouter() | {"id": "meta-llama/llama-3.1-70b-instruct"}
    feed_both(tmp_path, "openrouter", "data", row | {"expiration_date": "2026-11-03"}, row | {"expiration_date": None})
    assert told() == [("retirement_withdrawn", "meta-llama/llama-3.1-70b-instruct", "2026-11-03", None)]


def test_a_vendors_own_word_reaches_the_offering_that_is_called_so_at_that_vendor(tmp_path: Path) -> None:
    offering = f.offering("acme-chat-1", host="openai", kind="service")
    feed(tmp_path, {"data": [openai("2026-10-23")]}, to="openai")
    offering.refresh_from_db()
    assert offering.retires_on == date(2026, 10, 23)


def test_what_a_list_leaves_out_once_is_missing_and_not_removed(tmp_path: Path) -> None:
    feed(tmp_path, {"data": [openai(None), {"id": "a"}, {"id": "b"}]}, to="openai")
    feed(tmp_path, {"data": [{"id": "a"}, {"id": "b"}]}, to="openai", now=LATER)
    assert told() == []
    assert Listing.objects.get(external_id="acme-chat-1").missing_since == LATER


def test_of_a_list_whose_last_page_fails_nothing_is_taken(anthropic: ModelLists) -> None:
    first = {"data": [prose("active")], "has_more": True, "last_id": "acme-prose-4"}
    last = {"data": [{"id": "acme-prose-1"}], "has_more": False}
    anthropic.answers = {"/models": (200, first), "/models?after_id=acme-prose-4": (200, last)}
    poll("anthropic", now=NOW)
    anthropic.answers = {
        "/models": (200, first | {"data": [prose("retired")]}),
        "/models?after_id=acme-prose-4": (502, {}),
    }
    run = poll("anthropic", now=LATER)
    assert (run.outcome, told()) == (PollRun.Outcome.FAILED, [])
    assert not Listing.objects.exclude(missing_since=None).exists()


def test_a_source_without_its_key_says_which_setting_is_missing(settings: Any) -> None:
    settings.MODEL_LISTS = {**settings.MODEL_LISTS, "openai": ModelList()}
    run = poll("openai", now=NOW)
    assert (run.outcome, run.error) == (
        PollRun.Outcome.FAILED,
        "Set OPENAI_API_KEY, or disable this source in the admin.",
    )
    assert Source.objects.get(slug="openai").last_error == run.error
