"""How a vendor's list is fetched: with its key, all of its pages or nothing. Against a real server."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from config.env import ModelList
from registry.upstream import Document, Known, UpstreamError, adapter_of, pages
from registry.upstream.base import Blocked
from registry.upstream.provider_lists import azure_credentials
from tests.fakes.model_lists import ModelLists
from tests.registry.payloads import payload

pytestmark = pytest.mark.django_db

KEY = "sk-of-the-tests"
NOTHING = Known()
FIRST = json.loads(payload("anthropic/first-page.json"))
LAST = json.loads(payload("anthropic/last-page.json"))


@pytest.fixture
def vendor() -> Iterator[ModelLists]:
    with ModelLists() as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_set(settings: Any) -> None:
    """Whatever keys the shell of a developer holds, no test sends them."""
    settings.MODEL_LISTS = {slug: ModelList() for slug in settings.MODEL_LISTS}


def ask(slug: str, settings: Any, *urls: str, key: str = KEY, known: Known = NOTHING) -> Document | None:
    settings.MODEL_LISTS = {**settings.MODEL_LISTS, slug: ModelList(urls, key)}
    return adapter_of(slug).fetch(known)


def ids(slug: str, document: Document | None) -> list[str]:
    assert document is not None
    return [record.external_id for record in adapter_of(slug).parse(document.raw).records]


@pytest.mark.parametrize(
    ("slug", "name", "value"),
    [
        ("openai", "authorization", f"Bearer {KEY}"),
        ("anthropic", "x-api-key", KEY),
        ("anthropic", "anthropic-version", "2023-06-01"),
        ("mistral", "authorization", f"Bearer {KEY}"),
        ("cohere", "authorization", f"Bearer {KEY}"),
        ("gemini", "x-goog-api-key", KEY),
        ("groq", "authorization", f"Bearer {KEY}"),
        ("azure", "api-key", KEY),
        ("openai_compatible", "authorization", f"Bearer {KEY}"),
    ],
)
def test_the_key_goes_as_the_vendor_wants_it_and_never_into_the_address(
    vendor: ModelLists, settings: Any, slug: str, name: str, value: str
) -> None:
    vendor.answers["/models"] = (200, {"data": [], "models": []})
    document = ask(slug, settings, f"{vendor.url}/models")
    [(target, headers)] = vendor.asked
    assert headers[name] == value
    assert document is not None
    assert KEY not in target + document.url + document.raw.decode()


def test_the_management_plane_of_azure_takes_a_token() -> None:
    assert azure_credentials("https://management.azure.com/subscriptions/1", KEY) == {"Authorization": f"Bearer {KEY}"}


def test_a_list_that_needs_no_key_is_asked_for_without(vendor: ModelLists, settings: Any) -> None:
    vendor.answers["/models"] = (200, json.loads(payload("openrouter/plain.json")))
    assert len(ids("openrouter", ask("openrouter", settings, f"{vendor.url}/models", key=""))) == 3
    assert "authorization" not in vendor.asked[0][1]


@pytest.mark.parametrize(
    ("slug", "wanted"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("azure", "AZURE_URL and AZURE_API_KEY"),
        ("openai_compatible", "OPENAI_COMPATIBLE_URL"),
    ],
)
def test_without_its_settings_a_list_is_not_asked_for_and_says_which_are_missing(slug: str, wanted: str) -> None:
    with pytest.raises(UpstreamError, match=f"Set {wanted}, or disable") as raised:
        adapter_of(slug).fetch(NOTHING)
    assert not raised.value.retryable


def test_pages_are_followed_to_the_last(vendor: ModelLists, settings: Any) -> None:
    vendor.answers = {"/models?limit=2": (200, FIRST), "/models?limit=2&after_id=acme-prose-4": (200, LAST)}
    document = ask("anthropic", settings, f"{vendor.url}/models?limit=2")
    assert ids("anthropic", document) == ["acme-prose-5", "acme-prose-4", "acme-prose-1", "acme-prose-next"]
    assert vendor.targets == ["/models?limit=2", "/models?limit=2&after_id=acme-prose-4"]


def test_the_same_pages_make_the_same_document(vendor: ModelLists, settings: Any) -> None:
    vendor.answers = {"/models": (200, FIRST), "/models?after_id=acme-prose-4": (200, LAST)}
    fetched = [ask("anthropic", settings, f"{vendor.url}/models") for _ in range(2)]
    assert fetched[0] is not None
    assert fetched[0] == fetched[1]


def test_one_page_is_the_document_as_it_came(vendor: ModelLists, settings: Any) -> None:
    raw = payload("openai/plain.json")
    vendor.answers["/models"] = (200, raw)
    document = ask("openai", settings, f"{vendor.url}/models")
    assert document is not None
    assert document.raw == raw


@pytest.mark.parametrize(
    ("slug", "rows", "token", "parameter"),
    [
        ("cohere", "models", {"next_page_token": "a b&c"}, "page_token=a+b%26c"),
        ("gemini", "models", {"nextPageToken": "a b&c"}, "pageToken=a+b%26c"),
    ],
)
def test_a_token_leads_to_the_next_page(
    vendor: ModelLists, settings: Any, slug: str, rows: str, token: dict[str, str], parameter: str
) -> None:
    vendor.answers = {
        "/models": (200, {rows: [{"name": "acme-1"}]} | token),
        f"/models?{parameter}": (200, {rows: [{"name": "acme-2"}]}),
    }
    assert ids(slug, ask(slug, settings, f"{vendor.url}/models")) == ["acme-1", "acme-2"]


def test_a_link_leads_to_the_next_page(vendor: ModelLists, settings: Any) -> None:
    row = {"model": {"name": "acme-chat", "version": "1"}}
    vendor.answers = {
        "/models": (200, {"value": [], "nextLink": f"{vendor.url}/models?page=2"}),
        "/models?page=2": (200, {"value": [row], "nextLink": None}),
    }
    assert ids("azure", ask("azure", settings, f"{vendor.url}/models")) == ["acme-chat-1"]


def test_several_addresses_make_one_list(vendor: ModelLists, settings: Any) -> None:
    vendor.answers = {"/north": (200, {"data": [{"id": "a"}]}), "/west": (200, {"data": [{"id": "a"}, {"id": "b"}]})}
    document = ask("azure", settings, f"{vendor.url}/north", f"{vendor.url}/west")
    assert ids("azure", document) == ["a", "b"]


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ((500, {}), "answered 500"),
        ((429, {}), "answered 429"),
        ((200, {}), "no list of models"),
        ((200, b'{"data": ['), "cut off"),
        ((200, FIRST), "no last page"),
        ((200, {"data": [], "has_more": True}), "does not say which"),
        ((200, {"data": [], "has_more": True, "last_id": "\ud800"}), "half a character"),
    ],
)
def test_a_page_that_fails_takes_the_others_with_it(
    vendor: ModelLists, settings: Any, second: tuple[int, Any], says: str
) -> None:
    vendor.answers = {"/models": (200, FIRST), "/models?after_id=acme-prose-4": second}
    with pytest.raises(UpstreamError, match=says) as raised:
        ask("anthropic", settings, f"{vendor.url}/models")
    assert raised.value.retryable


def test_pages_that_take_longer_together_than_a_list_may_are_given_up(
    vendor: ModelLists, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.answers = {"/models": (200, FIRST), "/models?after_id=acme-prose-4": (200, LAST)}
    monkeypatch.setattr(pages, "DEADLINE", timedelta(0))
    with pytest.raises(UpstreamError, match="gave no whole list within 0 s") as late:
        ask("anthropic", settings, f"{vendor.url}/models")
    assert late.value.retryable
    assert vendor.asked == []


def test_the_key_does_not_follow_a_link_to_another_host(vendor: ModelLists, settings: Any) -> None:
    with ModelLists() as other:
        vendor.answers["/models"] = (200, {"value": [], "nextLink": f"{other.url}/models"})
        with pytest.raises(UpstreamError, match="which is not asked") as raised:
            ask("azure", settings, f"{vendor.url}/models")
        assert not raised.value.retryable
        assert other.asked == []


def test_a_refused_key_is_for_a_person_to_repair(vendor: ModelLists, settings: Any) -> None:
    vendor.answers["/models"] = (401, {"error": {"message": "Incorrect API key provided"}})
    with pytest.raises(UpstreamError, match="refused us") as raised:
        ask("openai", settings, f"{vendor.url}/models")
    assert not raised.value.retryable
    assert KEY not in str(raised.value)


def test_each_key_has_a_budget_of_its_own(vendor: ModelLists, settings: Any) -> None:
    url = f"{vendor.url}/models"
    vendor.answers["/models"] = (429, {})
    with pytest.raises(UpstreamError, match="answered 429"):
        ask("openai", settings, url)
    with pytest.raises(Blocked, match="openai is not asked before"):
        ask("openai", settings, url)
    assert len(vendor.asked) == 1
    vendor.answers["/models"] = (200, payload("openai/plain.json"))
    assert len(ids("openai", ask("openai", settings, url, key="another key"))) == 3
