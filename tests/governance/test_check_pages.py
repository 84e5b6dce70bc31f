"""A list of answers that are long comes in shorter pages, and leaves none out in either direction."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from governance.api import check_pages
from governance.models import Check
from tests import factories as f
from tests.governance.conftest import client_of

pytestmark = pytest.mark.django_db

# Findings of each answer, in the order in which they were asked for: each ref is unknown, and so is one finding.
LENGTHS = [1, 7, 2, 2, 2, 1, 1, 12, 1, 3]
MOST = 6


@pytest.fixture
def client() -> APIClient:
    f.dependency(system=f.system("product-search"))
    client = client_of(f.user(role="viewer"))
    for length in LENGTHS:
        models = [{"ref": f"nobody/knows-{number}"} for number in range(length)]
        question = {"system": "product-search", "environment": "production", "models": models}
        assert len(client.post("/api/v1/checks/", question, format="json").json()["findings"]) == length
    return client


def pages(client: APIClient, query: str = "") -> list[dict[str, Any]]:
    found, url = [], f"/api/v1/checks/{query}"
    while url:
        found.append(client.get(url).json())
        url = found[-1]["next"]
    return found


def lengths(page: dict[str, Any]) -> list[int]:
    return [len(answer["findings"]) for answer in page["results"]]


def test_a_page_holds_what_fits_and_at_least_one(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_pages, "MOST_FINDINGS", MOST)
    told = [lengths(page) for page in pages(client)]

    assert told == [[3, 1], [12], [1, 1, 2, 2], [2], [7], [1]]


def test_without_the_limit_they_are_one_page(client: APIClient) -> None:
    """The control."""
    assert [lengths(page) for page in pages(client)] == [LENGTHS[::-1]]


def test_none_is_left_out_or_told_twice_on_the_way_back(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_pages, "MOST_FINDINGS", MOST)
    *_, last = pages(client)
    told = [answer["id"] for answer in last["results"]]
    while last["previous"]:
        last = client.get(last["previous"]).json()
        assert sum(lengths(last)) <= MOST or len(last["results"]) == 1
        told = [answer["id"] for answer in last["results"]] + told

    assert told == [str(row.pk) for row in Check.objects.order_by("-checked_at", "pk")]


def test_fewer_than_fit_are_told_where_fewer_were_asked_for(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_pages, "MOST_FINDINGS", MOST)
    told = pages(client, "?page_size=2&count=true")

    assert [lengths(page) for page in told] == [[3, 1], [12], [1, 1], [2, 2], [2], [7], [1]]
    assert {page["count"] for page in told} == {len(LENGTHS)}
