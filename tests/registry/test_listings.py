"""A listing finds its offering, and its users hear at once what has been said of it before."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.listings import map_all_new, map_listing, map_new_offerings
from registry.models import Alias, Change, Listing, Offering, Source
from tests import factories as f
from tests.factories import NOW
from tests.registry.feeding import chat, feed

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=6)


def service(external_id: str, host: str = "openai", **fields: Any) -> Offering:
    return f.offering(external_id, host=host, kind=Offering.Kind.SERVICE, status="unknown", **fields)


def told(offering: Offering) -> list[tuple[str, date | None]]:
    rows = Change.objects.in_force().filter(offering=offering).order_by("pk")
    return list(rows.values_list("kind", "effective_on"))


def listing(external_id: str) -> Listing:
    return Listing.objects.select_related("current").get(external_id=external_id)


def test_mapping_tells_what_was_announced_before_and_applies_it(tmp_path: Path) -> None:
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")})
    offering = service("something-else")

    changes = map_listing(listing("gpt-x"), offering, now=LATER)

    assert [(change.kind, change.origin, change.offering) for change in changes] == [
        ("retirement_announced", Change.Origin.SOURCE, offering)
    ]
    assert changes[0].evidence_sha256
    offering.refresh_from_db()
    assert (offering.retires_on, offering.facts_as_of) == (date(2027, 1, 1), NOW)


def test_mapping_again_tells_nothing_again(tmp_path: Path) -> None:
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")})
    offering = service("something-else")
    map_listing(listing("gpt-x"), offering, now=LATER)
    map_listing(listing("gpt-x"), offering, now=LATER)
    offering.refresh_from_db()
    map_listing(listing("gpt-x"), offering, now=LATER)
    assert told(offering) == [("retirement_announced", date(2027, 1, 1))]


def test_mapping_an_untroubled_listing_tells_nothing(tmp_path: Path) -> None:
    feed(tmp_path, {"gpt-x": chat()})
    offering = service("something-else")
    assert map_listing(listing("gpt-x"), offering, now=LATER) == []
    offering.refresh_from_db()
    assert offering.status == Offering.Status.AVAILABLE


@pytest.mark.parametrize(
    ("key", "provider", "host", "external_id"),
    [
        ("gpt-x", "openai", "openai", "gpt-x"),
        ("azure/gpt-x", "azure", "azure", "gpt-x"),
        ("azure/eu/gpt-x", "azure", "azure", "eu/gpt-x"),
        ("acme.chat-v1:0", "bedrock_converse", "bedrock", "acme.chat-v1:0"),
        ("groq/llama", "groq", "groq", "groq/llama"),
    ],
)
def test_a_poll_maps_a_row_to_the_offering_at_its_place(
    tmp_path: Path, key: str, provider: str, host: str, external_id: str
) -> None:
    offering = service(external_id, host)
    feed(tmp_path, {key: chat(litellm_provider=provider)})
    assert listing(key).offering == offering


def test_a_poll_maps_by_a_provider_alias(tmp_path: Path) -> None:
    offering = service("snapshot-2026")
    Alias.objects.create(namespace=Alias.Namespace.PROVIDER, text="openai/gpt-x", offering=offering)
    feed(tmp_path, {"openai/gpt-x": chat()})
    assert listing("openai/gpt-x").offering == offering


def test_a_floating_alias_maps_nothing(tmp_path: Path) -> None:
    offering = service("snapshot-2026")
    Alias.objects.create(namespace=Alias.Namespace.PROVIDER, text="gpt-x", offering=offering, is_floating=True)
    feed(tmp_path, {"gpt-x": chat()})
    assert listing("gpt-x").offering is None


def test_the_same_id_at_another_host_is_another_offering(tmp_path: Path) -> None:
    service("gpt-x", "azure")
    feed(tmp_path, {"gpt-x": chat()})
    assert listing("gpt-x").offering is None


def test_what_a_person_mapped_stays(tmp_path: Path) -> None:
    feed(tmp_path, {"gpt-x": chat()})
    chosen = service("chosen")
    map_listing(listing("gpt-x"), chosen, now=NOW)
    service("gpt-x")
    feed(tmp_path, {"gpt-x": chat(mode="responses")}, now=LATER)
    assert listing("gpt-x").offering == chosen


def test_an_offering_that_came_later_is_mapped_by_the_next_poll_though_nothing_changed(tmp_path: Path) -> None:
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")})
    offering = service("gpt-x")
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")}, now=LATER)
    assert listing("gpt-x").offering == offering
    assert told(offering) == [("retirement_announced", date(2027, 1, 1))]


def test_an_offering_that_was_imported_a_moment_ago_need_not_wait_for_a_poll(tmp_path: Path) -> None:
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")})
    offering = service("gpt-x")
    assert map_all_new(now=LATER) == 1
    assert told(offering) == [("retirement_announced", date(2027, 1, 1))]
    assert map_all_new(now=LATER) == 0


def test_the_first_document_tells_users_what_already_stands(tmp_path: Path) -> None:
    offering = service("gpt-x")
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")})
    assert told(offering) == [("retirement_announced", date(2027, 1, 1))]
    assert set(Change.objects.filter(offering=None).values_list("kind", flat=True)) == {"listed"}


def test_what_the_offering_says_already_is_no_news(tmp_path: Path) -> None:
    offering = service("gpt-x", retires_on=date(2027, 1, 1))
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")})
    assert told(offering) == []


def test_a_later_change_of_a_mapped_listing_is_about_the_listing(tmp_path: Path) -> None:
    offering = service("gpt-x")
    feed(tmp_path, {"gpt-x": chat()})
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")}, now=LATER)
    change = Change.objects.get(kind="retirement_announced")
    assert change.listing == listing("gpt-x")
    offering.refresh_from_db()
    assert offering.retires_on == date(2027, 1, 1)


def test_of_two_sources_the_better_method_counts_and_silence_overrides_nothing(tmp_path: Path) -> None:
    offering = service("gpt-x")
    feed(tmp_path, {"gpt-x": chat(deprecation_date="2027-01-01")})
    Source.objects.filter(slug="huggingface").update(method="vendor_api")
    feed(tmp_path, [{"id": "acme/x", "gated": "auto", "disabled": False}], to="huggingface")
    map_listing(listing("acme/x"), offering, now=NOW)
    offering.refresh_from_db()
    assert (offering.retires_on, offering.gating) == (date(2027, 1, 1), "auto")


def test_a_repository_of_the_register_is_mapped_by_its_first_answer(tmp_path: Path) -> None:
    offering = f.offering("acme/e5")
    feed(tmp_path, [{"id": "acme/e5", "gated": False}], to="huggingface")
    assert listing("acme/e5").offering == offering


def test_mapping_all_takes_the_same_number_of_queries_for_one_and_for_many(
    tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    feed(tmp_path, {f"m{number}": chat() for number in range(40)})
    for number in range(40):
        service(f"m{number}")
    with django_assert_max_num_queries(20):
        assert map_new_offerings(Source.objects.get(slug="litellm"), now=LATER) == 40
