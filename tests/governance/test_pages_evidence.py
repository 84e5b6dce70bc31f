"""What sources say side by side: disagreement about one offering shows, a difference between hosts is none."""

import pytest

from governance.admin.pages.evidence import compare
from registry.models import Listing, Observation
from tests.factories import NOW


def listing(offering_id: int, **facts: object) -> Listing:
    return Listing(offering_id=offering_id, current=Observation(facts=facts, observed_at=NOW, last_confirmed_at=NOW))


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (listing(1, retires_on="2026-12-01"), listing(1, retires_on="2027-01-01"), True),
        (listing(1, retires_on="2026-12-01"), listing(2, retires_on="2027-01-01"), False),
        (listing(1, retires_on="2026-12-01"), listing(1, retires_on="2026-12-01"), False),
        (listing(1, retires_on="2026-12-01"), listing(1), False),
    ],
    ids=["same offering, other day", "other offering", "same day", "one does not say"],
)
def test_a_field_differs_only_where_two_sources_disagree_about_one_offering(
    one: Listing, other: Listing, *, differs: bool
) -> None:
    (row,) = compare([one, other]).rows
    assert row.differs is differs


def test_a_listing_that_nobody_has_observed_has_no_column() -> None:
    assert compare([Listing(offering_id=1)]).listings == ()
