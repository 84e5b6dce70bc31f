"""Which of several claims counts."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from registry.effective import Claim, combine, is_stale
from registry.records import ListingRecord
from tests.factories import NOW

EARLY, LATE = date(2027, 1, 1), date(2027, 6, 1)


def claim(source: str, method: str = "curated_feed", *, age: timedelta = timedelta(0), **facts: Any) -> Claim:
    record = ListingRecord(external_id=f"{source}/e5", **facts)
    return Claim(source, method, record, NOW - age, is_stale=False, evidence_url=f"https://{source}.example")


def test_the_better_method_counts_and_the_other_is_shown_as_disagreeing() -> None:
    page = claim("page", "vendor_page", retires_on=EARLY, age=timedelta(days=1))
    feed = claim("feed", retires_on=LATE)

    found = combine([feed, page])["retires_on"]

    assert (found.value, found.evidence, found.disagreeing) == (EARLY, page, (feed,))


def test_a_stale_claim_comes_after_a_fresh_one_of_a_lesser_method() -> None:
    api = replace(claim("api", "vendor_api", retires_on=EARLY), is_stale=True)
    assert combine([api, claim("feed", retires_on=LATE)])["retires_on"].value == LATE


def test_a_stale_claim_still_counts_where_no_other_speaks() -> None:
    api = replace(claim("api", "vendor_api", retires_on=EARLY), is_stale=True)
    assert combine([api])["retires_on"].value == EARLY


def test_of_equal_methods_the_one_confirmed_later_counts() -> None:
    older = claim("older", retires_on=EARLY, age=timedelta(hours=1))
    assert combine([older, claim("newer", retires_on=LATE)])["retires_on"].value == LATE


def test_absence_never_overrides_a_value() -> None:
    found = combine([claim("api", "vendor_api", sha="a"), claim("feed", retires_on=LATE)])
    assert {name: one.value for name, one in found.items()} == {"sha": "a", "retires_on": LATE}
    assert found["retires_on"].disagreeing == ()


def test_an_untrue_statement_is_a_statement() -> None:
    found = combine([claim("api", "vendor_api", is_disabled=False), claim("feed", is_disabled=True)])
    assert found["is_disabled"].value is False


def test_the_order_of_the_claims_does_not_matter() -> None:
    claims = [claim("b", retires_on=LATE), claim("a", retires_on=EARLY)]
    assert combine(claims) == combine(claims[::-1])


def test_a_claim_is_stale_after_two_intervals() -> None:
    interval = timedelta(hours=6)
    assert not is_stale(NOW - 2 * interval, interval=interval, now=NOW)
    assert is_stale(NOW - 2 * interval - timedelta(seconds=1), interval=interval, now=NOW)
