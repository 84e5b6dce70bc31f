"""Listing or asking one by one: whichever takes fewer requests."""

from typing import Any

import pytest

from registry.upstream.base import Kept, Part
from registry.upstream.hub_plan import is_listed, summed_up


def part(name: str, watched: int, pages: int = 0) -> Part:
    return Part(name, [Kept(f"{name}/m{number}", None) for number in range(watched)], page_count=pages)


@pytest.mark.parametrize(
    ("watched", "pages", "listed"),
    [(1, 0, True), (1, 1, True), (3, 3, True), (50, 2, True), (1, 2, False), (2, 3, False), (40, 100, False)],
)
def test_the_cheaper_way_wins_and_a_tie_goes_to_the_listing(watched: int, pages: int, listed: Any) -> None:
    assert is_listed(part("acme", watched, pages)) is listed


def test_what_has_no_namespace_is_never_listed() -> None:
    assert not is_listed(part("", 50))


def test_the_plan_of_a_round_is_a_sentence() -> None:
    parts = [part("acme", 50, 3), part("globex", 2), part("huge", 2, 9), part("", 3)]
    assert summed_up(parts) == "2 namespaces in 4 pages, 5 repositories one by one"


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([part("acme", 1)], "1 namespace in 1 page"),
        ([part("", 1)], "1 repository one by one"),
        ([], "0 namespaces in 0 pages"),
        ([part(f"n{number}", 50, 1) for number in range(2000)], "2,000 namespaces in 2,000 pages"),
    ],
)
def test_the_sentence_leaves_out_what_there_is_none_of(parts: list[Part], sentence: str) -> None:
    assert summed_up(parts) == sentence
