"""What a person does with the rows of feeds that nobody has mapped, in the browser and through the API."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.models import AuditEntry
from registry.models import Change, Listing, Offering
from tests import factories as f
from tests.registry.feeding import feed

pytestmark = pytest.mark.django_db
LIST = reverse("admin:registry_listing_changelist")


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(f.user("root", is_superuser=True))
    return client


@pytest.fixture
def offering() -> Offering:
    return f.offering("gpt-5-2025-08-07", host="azure", kind=Offering.Kind.SERVICE, status="unknown")


@pytest.fixture
def row(tmp_path: Path, offering: Offering) -> Listing:  # noqa: ARG001 - it has to be there before
    rows = [{"provider": "Azure", "model_id": name, "shutdown_date": "2027-02-06"} for name in ("gpt-5", "gpt-4")]
    feed(tmp_path, rows, to="deprecations_info")
    return Listing.objects.get(external_id="Azure/gpt-5")


def map_url(row: Listing, offering: Offering) -> str:
    return reverse("admin:registry_listing_map", args=[row.pk, offering.pk])


def mapped(row: Listing) -> Offering | None:
    row.refresh_from_db()
    return row.offering


class TestTheList:
    def test_shows_what_could_be_ours_with_a_button_for_each_suggestion(
        self, browser: Client, row: Listing, offering: Offering
    ) -> None:
        page = browser.get(LIST, {"mapped": "ours"}).content.decode()
        assert map_url(row, offering) in page
        assert "Azure/gpt-4" not in page

    def test_shows_no_button_to_those_who_may_not_map(self, client: Client, row: Listing, offering: Offering) -> None:
        client.force_login(f.user("vera", role="viewer"))
        page = client.get(LIST, {"mapped": "ours"})
        assert page.status_code == 200
        assert row.external_id in page.content.decode()
        assert map_url(row, offering) not in page.content.decode()

    def test_maps_by_one_click_says_what_was_told_and_keeps_the_filter(
        self, browser: Client, row: Listing, offering: Offering
    ) -> None:
        came_from = f"http://testserver{LIST}?mapped=ours"
        answer = browser.post(map_url(row, offering), headers={"referer": came_from})
        assert answer.headers["Location"] == came_from
        assert mapped(row) == offering
        assert [change.kind for change in Change.objects.filter(offering=offering)] == ["retirement_announced"]
        assert "its users hear of 1 change." in browser.get(LIST).content.decode()
        assert AuditEntry.objects.filter(tag="admin:listing:changed").count() == 1

    def test_goes_back_to_no_place_but_the_list(self, browser: Client, row: Listing, offering: Offering) -> None:
        answer = browser.post(map_url(row, offering), headers={"referer": "https://elsewhere.example/phish"})
        assert answer.headers["Location"] == LIST

    def test_maps_nothing_by_a_link(self, browser: Client, row: Listing, offering: Offering) -> None:
        browser.get(map_url(row, offering))
        assert mapped(row) is None

    def test_maps_nothing_for_those_who_may_not(self, client: Client, row: Listing, offering: Offering) -> None:
        client.force_login(f.user("vera", role="viewer"))
        client.post(map_url(row, offering))
        assert mapped(row) is None

    def test_takes_nothing_from_somebody_who_was_quicker(
        self, browser: Client, row: Listing, offering: Offering
    ) -> None:
        other = f.offering("gpt-5-other", host="azure", kind=Offering.Kind.SERVICE)
        Listing.objects.filter(pk=row.pk).update(offering=other)
        browser.post(map_url(row, offering))
        assert mapped(row) == other


class TestTheForm:
    def save(self, browser: Client, row: Listing, chosen: Offering | None) -> None:
        url = reverse("admin:registry_listing_change", args=[row.pk])
        rows = {f"observations-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
        answer = browser.post(url, {"offering": chosen.pk if chosen else "", **rows})
        assert answer.status_code == 302

    def test_takes_a_wrong_mapping_back(self, browser: Client, row: Listing, offering: Offering) -> None:
        browser.post(map_url(row, offering))
        self.save(browser, row, None)
        assert mapped(row) is None
        offering.refresh_from_db()
        assert offering.retires_on is None
        told = Change.objects.filter(offering=offering).order_by("pk").values_list("kind", flat=True)
        assert list(told) == ["retirement_announced", "retirement_withdrawn"]

    def test_moves_a_row_from_one_offering_to_another(self, browser: Client, row: Listing, offering: Offering) -> None:
        other = f.offering("gpt-5-other", host="azure", kind=Offering.Kind.SERVICE)
        browser.post(map_url(row, offering))
        self.save(browser, row, other)
        assert mapped(row) == other
        offering.refresh_from_db()
        other.refresh_from_db()
        assert (offering.retires_on, str(other.retires_on)) == (None, "2027-02-06")


class TestTheAPI:
    def ids(self, browser: Client, **query: Any) -> list[str]:
        answer = browser.get("/api/v1/listings/", {"source": "deprecations_info", **query})
        assert answer.status_code == 200
        return sorted(one["external_id"] for one in answer.json()["results"])

    def test_lists_what_could_be_ours(self, browser: Client, row: Listing) -> None:
        assert self.ids(browser, is_mapped="false", host="azure") == ["Azure/gpt-4", "Azure/gpt-5"]
        assert self.ids(browser, could_be_ours="true") == [row.external_id]
        assert self.ids(browser, could_be_ours="false") == ["Azure/gpt-4"]

    def test_maps_and_takes_back(self, browser: Client, row: Listing, offering: Offering) -> None:
        there = f"/api/v1/listings/{row.pk}/"
        answer = browser.post(f"{there}map/", {"offering": offering.pk}, content_type="application/json")
        assert answer.json()["offering"] == offering.pk
        assert browser.post(f"{there}unmap/").json()["offering"] is None
        assert mapped(row) is None
