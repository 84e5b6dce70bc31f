"""Releases counted by quarter, from the rows of a listing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.releases import BEFORE_MEMORY, by_quarter, is_open

ROWS = st.lists(
    st.tuples(
        st.datetimes(datetime(2022, 4, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds the zone
        st.lists(st.sampled_from(["mit", "apache-2.0", "other", "llama3", "cc-by-nc-4.0"]), max_size=2).map(tuple),
        st.booleans(),
    ),
    max_size=40,
)


def at(year: int, month: int, day: int = 15) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


def test_each_quarter_says_how_many_were_released_open_and_gated() -> None:
    rows = [
        (at(2026, 4), ("mit",), False),
        (at(2026, 1), ("apache-2.0",), False),
        (at(2026, 3, 31), ("llama3",), True),
    ]
    assert by_quarter(rows) == [
        {"quarter": "2026Q1", "last_on": "2026-03-31", "released": 2, "open": 1, "gated": 1},
        {"quarter": "2026Q2", "last_on": "2026-04-15", "released": 1, "open": 1, "gated": 0},
    ]


def test_a_namespace_without_releases_has_no_quarters() -> None:
    assert by_quarter([]) == []


def test_a_quarter_begins_by_the_clock_of_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    (line,) = by_quarter([(datetime(2026, 4, 1, 3, tzinfo=tokyo), ("mit",), False)])
    assert line["quarter"] == "2026Q1"


def test_what_is_older_than_the_hubs_memory_is_no_wave_of_releases() -> None:
    old = [(BEFORE_MEMORY, ("mit",), False)] * 300
    assert by_quarter([*old, (BEFORE_MEMORY + timedelta(seconds=1), ("mit",), False)]) == [
        {"quarter": "2022Q1", "last_on": "2022-03-02", "released": 1, "open": 1, "gated": 0}
    ]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (("apache-2.0",), True),
        (("MIT",), True),
        (("mit", "apache-2.0"), True),
        (("mit", "cc-by-nc-4.0"), False),
        (("other",), False),
        (("gemma",), False),
        ((), False),
        (("nobody-knows-this",), False),
    ],
)
def test_open_is_what_states_open_licenses_alone(ids: tuple[str, ...], expected: bool) -> None:  # noqa: FBT001  # a table
    assert is_open(ids) is expected


@given(ROWS)
def test_no_release_is_lost_and_no_part_is_larger_than_the_whole(
    rows: list[tuple[datetime, tuple[str, ...], bool]],
) -> None:
    lines = by_quarter(rows)
    assert sum(line["released"] for line in lines) == len(rows)
    assert all(max(line["open"], line["gated"]) <= line["released"] for line in lines)
    assert [line["quarter"] for line in lines] == sorted({line["quarter"] for line in lines})
