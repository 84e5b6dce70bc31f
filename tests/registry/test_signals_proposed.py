"""What the register has seen of a vendor, loaded from its rows, and what is proposed to a person."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry import propose_signals
from registry.history import History
from registry.models import (
    Change,
    HubNamespace,
    Incident,
    Offering,
    ProposedSignal,
    Section,
    Source,
    Vendor,
    VendorAlias,
)
from registry.releases import by_quarter
from registry.tasks import judge_vendors
from registry.vendor_history import load_histories
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.registry.histories import Release, closing, steady, stopping

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)
STOPPED_ON = date(2025, 3, 1)


def hub() -> Source:
    return Source.objects.get(slug="huggingface")


def section(name: str, releases: list[Release], *, confirmed_at: datetime = NOW) -> Section:
    lines = by_quarter(
        (datetime.combine(one.on, NOW.timetz()), ("mit",) if one.is_open else ("other",), one.is_gated)
        for one in releases
    )
    return Section.objects.create(source=hub(), name=name.casefold(), releases=lines, confirmed_at=confirmed_at)


def vendor(slug: str, releases: list[Release] | None = None, **fields: object) -> Vendor:
    """With one namespace on the Hub, of which `releases` are known."""
    row = f.vendor(slug, **fields)
    HubNamespace.objects.create(vendor=row, name=slug.title())
    if releases is not None:
        section(slug, releases)
    return row


def in_use(vendor_: Vendor, name: str, **fields: object) -> Offering:
    return f.offering(f"{vendor_.slug.title()}/{name}", model=f.model(developer=vendor_), **fields)


def change(kind: str, offering: Offering, *, months_ago: int = 1, **fields: object) -> Change:
    known = {"severity": "warning", "origin": "source", "detected_at": NOW - months_ago * MONTH}
    listing = offering.listings.first() or f.listing(offering.external_id, offering=offering, source_=hub())
    return Change.objects.create(kind=kind, **(known | {"listing": listing} | fields))


def history(of: Vendor) -> History:
    return load_histories([of.pk], today=TODAY)[of.pk]


def stopped(slug: str = "acme") -> Vendor:
    return vendor(slug, stopping(1, a_year=24, on=STOPPED_ON))


def proposed() -> set[tuple[str, str]]:
    return set(ProposedSignal.objects.filter(state="proposed").values_list("vendor__slug", "part"))


# --- what was seen ---------------------------------------------------------------------------------------------


def test_a_vendor_releases_what_it_and_those_that_belong_to_it_release() -> None:
    parent = vendor("alibaba", [Release(date(2026, 1, 3))])
    vendor("qwen", [Release(date(2026, 2, 3)), Release(date(2025, 12, 3))], parent=parent)
    assert [quarter.released for quarter in history(parent).seen.quarters] == [1, 2]


def test_a_move_within_the_vendor_counts_nothing_twice() -> None:
    releases = steady(1, a_year=24, until=TODAY)
    acme = vendor("acme", releases)
    section("acme-ai", releases)
    change("renamed", in_use(acme, "e5"), before="Acme/e5", after="Acme-AI/e5")
    seen = history(acme).seen
    assert (seen.unseen, sum(quarter.released for quarter in seen.quarters)) == ("", len(releases))


def test_a_model_that_is_renamed_within_its_namespace_has_not_moved() -> None:
    acme = vendor("acme", [Release(TODAY)])
    change("renamed", in_use(acme, "e5"), before="Acme/e5", after="ACME/e5-v1")
    assert history(acme).moves == ()


def test_moves_are_followed_as_far_as_they_go() -> None:
    acme = vendor("acme")
    offering = in_use(acme, "e5")
    change("renamed", offering, months_ago=9, before="Acme/e5", after="Bolt/e5")
    change("renamed", offering, months_ago=2, before="Bolt/e5", after="Cog/e5")
    section("cog", [Release(date(2026, 1, 3))])
    assert [move.present for move in history(acme).moves] == ["Bolt", "Cog"]
    assert history(acme).seen.quarters[0].released == 1


def test_what_became_gated_is_counted_while_it_is() -> None:
    acme = vendor("acme")
    kept, opened = in_use(acme, "kept"), in_use(acme, "opened")
    change("gated", kept, months_ago=3)
    change("gated", opened, months_ago=3)
    change("ungated", opened, months_ago=1)
    assert [gate.name for gate in history(acme).gates] == ["Acme/kept"]
    assert history(acme).watched_count == 2


def test_what_was_gated_when_it_came_into_the_register_is_no_news_of_the_vendor() -> None:
    acme = vendor("acme")
    offering = in_use(acme, "llama")
    fields = {"severity": "warning", "origin": "source", "detected_at": NOW}
    Change.objects.create(kind="gated", offering=offering, **fields)
    assert history(acme).gates == ()


def test_what_is_held_back_is_not_seen() -> None:
    acme = vendor("acme")
    suspect = Incident.objects.create(source=hub(), kind="suspect", opened_at=NOW, reason="70 of 500 at once")
    change("gated", in_use(acme, "e5"), incident=suspect)
    assert history(acme).gates == ()


def test_a_model_is_hosted_only_while_nobody_offers_its_weights() -> None:
    acme = vendor("acme")
    hosted = f.offering("acme-large", host="acme", kind="service", model=f.model("large", developer=acme))
    in_use(acme, "small")
    assert {one.name: one.is_hosted_only for one in history(acme).models}["large"]
    f.offering("Acme/large", model=hosted.model)
    assert not any(one.is_hosted_only for one in history(acme).models)


def test_the_number_of_queries_does_not_grow_with_what_there_is() -> None:
    acme = stopped()
    with CaptureQueriesContext(connection) as few:
        history(acme)
    for number in range(20):
        child = vendor(f"child-{number}", [Release(TODAY)], parent=acme)
        change("renamed", in_use(child, "e5"), before=f"Child-{number}/e5", after=f"Kid-{number}/e5")
        change("gated", in_use(child, "bge"))
    with CaptureQueriesContext(connection) as many:
        load_histories(today=TODAY)
    assert len(many) <= len(few)


# --- what is proposed ------------------------------------------------------------------------------------------


def test_four_vendors_and_a_person_is_asked_about_the_two_that_are_ending() -> None:
    vendor("steady", steady(1, a_year=24, until=TODAY, open_share=0.8, gated_share=0.1))
    stopped("stops")
    vendor("closes", closing(3, a_year=24, on=STOPPED_ON, until=TODAY))
    renames = vendor("renames", [])
    section("newname", steady(4, a_year=24, until=TODAY))
    VendorAlias.objects.create(vendor=renames, text="Newname")
    change("renamed", in_use(renames, "e5"), before="Renames/e5", after="Newname/e5")
    propose_signals.propose_all(now=NOW)
    assert proposed() == {("stops", "silence"), ("stops", "pace"), ("closes", "open_share"), ("closes", "gated_share")}


def test_a_proposal_carries_its_numbers_and_days() -> None:
    stopped()
    propose_signals.propose_all(now=NOW)
    row = ProposedSignal.objects.get(part="silence")
    assert row.numbers["value"] == row.numbers["months"] > row.numbers["threshold"]
    assert row.numbers["since"] == row.numbers["last_on"] < STOPPED_ON.isoformat()
    assert row.sentence.startswith("No release with weights for 1")


def test_what_is_still_so_is_one_proposal_that_follows_the_numbers() -> None:
    stopped()
    propose_signals.propose_all(now=NOW)
    before = ProposedSignal.objects.get(part="silence")
    Section.objects.update(confirmed_at=NOW + MONTH)
    assert propose_signals.propose_all(now=NOW + MONTH) == 0
    after = ProposedSignal.objects.get(part="silence")
    assert (after.pk, after.first_seen_at, after.last_seen_at) == (before.pk, NOW, NOW + MONTH)
    assert after.numbers["months"] > before.numbers["months"]


def test_a_proposal_that_the_numbers_do_not_bear_any_more_goes() -> None:
    acme = stopped()
    propose_signals.propose_all(now=NOW)
    acme.hub_namespaces.all().delete()
    HubNamespace.objects.create(vendor=acme, name="Elsewhere")
    section("elsewhere", steady(1, a_year=24, until=TODAY))
    propose_signals.propose_all(now=NOW)
    assert proposed() == set()


def test_a_source_that_falls_silent_neither_ends_nor_confirms_a_proposal() -> None:
    stopped()
    propose_signals.propose_all(now=NOW)
    propose_signals.propose_all(now=NOW + 2 * MONTH)
    assert ProposedSignal.objects.get(part="silence").last_seen_at == NOW


def test_a_source_that_falls_silent_proposes_nothing() -> None:
    vendor("acme", steady(1, a_year=24, until=TODAY))
    propose_signals.propose_all(now=NOW + 24 * MONTH)
    assert proposed() == set()


@pytest.mark.parametrize("state", ["accepted", "dismissed"])
def test_what_was_decided_comes_back_only_when_it_is_materially_worse(state: str) -> None:
    stopped()
    propose_signals.propose_all(now=NOW)
    ProposedSignal.objects.update(state=state)
    Section.objects.update(confirmed_at=NOW + MONTH)
    assert propose_signals.propose_all(now=NOW + MONTH) == 0
    Section.objects.update(confirmed_at=NOW + 7 * MONTH)
    propose_signals.propose_all(now=NOW + 7 * MONTH)
    assert proposed() == {("acme", "silence")}


def test_our_own_organisation_is_not_judged() -> None:
    vendor("northwind", stopping(1, a_year=24, on=STOPPED_ON), is_self=True)
    assert propose_signals.propose_all(now=NOW) == 0


def test_a_vendor_that_only_holds_others_is_not_judged_beside_them() -> None:
    holding = f.vendor("holding")
    vendor("lab", stopping(1, a_year=24, on=STOPPED_ON), parent=holding)
    propose_signals.propose_all(now=NOW)
    assert {slug for slug, _ in proposed()} == {"lab"}


def test_the_task_judges_by_the_clock() -> None:
    stopped()
    Section.objects.update(confirmed_at=timezone.now())
    judge_vendors()
    assert ("acme", "silence") in proposed()


def test_one_part_of_a_vendor_is_proposed_once_at_a_time() -> None:
    stopped()
    propose_signals.propose_all(now=NOW)
    propose_signals.propose_all(now=NOW)
    assert ProposedSignal.objects.filter(part="silence").count() == 1
