"""When an absence counts, when it is held back, when it is a removal."""

from datetime import timedelta

import pytest

from registry.absence import Absence, is_confirmed, is_mass, once_more, waves
from tests.factories import NOW


def after(*hours: float) -> Absence:
    absence = None
    for each in hours:
        absence = once_more(absence, NOW + timedelta(hours=each))
    assert absence is not None
    return absence


@pytest.mark.parametrize(
    ("hours", "is_gone"),
    [
        ((0,), False),
        ((0, 12), False),
        ((0, 48), False),
        ((0, 6, 12, 18), False),
        ((0, 12, 24), True),
        ((0, 6, 12, 18, 24), True),
        ((0, 1, 23.9), False),
    ],
)
def test_a_removal_needs_three_negatives_over_a_day(hours: tuple[float, ...], *, is_gone: bool) -> None:
    assert is_confirmed(after(*hours)) is is_gone


@pytest.mark.parametrize(
    ("gone", "known", "is_too_many"),
    [(3, 3, False), (4, 10, True), (63, 1326, False), (5, 100, False), (6, 100, True), (420, 3000, True)],
)
def test_more_than_a_twentieth_at_once_is_an_incident(gone: int, known: int, *, is_too_many: bool) -> None:
    assert is_mass(gone, known) is is_too_many


def test_a_group_that_is_gone_as_a_whole_is_an_incident() -> None:
    groups = {f"facebook/m{number}": "facebook" for number in range(10)} | {
        f"acme/m{number}": "acme" for number in range(9)
    }
    assert waves(groups, groups) == {"facebook"}, "nine are too few to tell"
    assert waves([name for name in groups if name != "facebook/m3"], groups) == set()
