"""What a vendor's history suggests, and what it does not: tables, and histories that are drawn by chance."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import signals
from registry.history import Gate, History, Move, Quarter, Read, Registered, Seen, see
from registry.signal_parts import Name, Part, crossed, is_worse
from registry.signals import Thresholds, judge
from tests.registry.histories import BEGINNING, Release, closing, history, quarters_of, steady, stopping

TODAY = date(2026, 10, 21)
MONTH = timedelta(days=30)
A_YEAR_OF_DAYS = [TODAY - number * MONTH for number in range(12)]
SEEDS = range(20)
STOPPED_ON = CLOSED_ON = date(2025, 6, 1)
# Everything that a threshold holds back comes through: no silence is too short, no share too small.
INVERSE = Thresholds(
    silence_in_pauses=0.0,
    silence_in_months=0.0,
    silence_of_the_young_in_months=0.0,
    pace=100.0,
    open_share_fall=-1.0,
    gated_share_rise=-1.0,
    newly_gated=0.0,
    hosted_only_rise=-1.0,
)


def part(of: History, name: Name, *, today: date = TODAY, by: Thresholds | None = None) -> Part:
    return next(one for one in judge(of, today=today, by=by) if one.name is name)


def crossed_names(of: History, *, today: date = TODAY, by: Thresholds | None = None) -> set[str]:
    return {one.name.value for one in crossed(judge(of, today=today, by=by))}


def every_two_months(until: date, **what: bool) -> list[Release]:
    days = range(0, (until - BEGINNING).days, 60)
    return [Release(BEGINNING + timedelta(days=number), **what) for number in days]


# --- generated vendors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_steady_vendor_gives_no_signal_in_a_year_of_looking(seed: int) -> None:
    releases = steady(seed, a_year=24, until=TODAY, open_share=0.8, gated_share=0.1)
    looks = [crossed_names(history(releases, as_of=day), today=day) for day in A_YEAR_OF_DAYS]
    assert looks == [set()] * 12


@pytest.mark.parametrize("seed", SEEDS)
def test_the_steady_vendor_would_cross_every_threshold_that_is_turned_round(seed: int) -> None:
    releases = steady(seed, a_year=24, until=TODAY, open_share=0.8, gated_share=0.1)
    inverse = crossed_names(history(releases, as_of=TODAY), by=INVERSE)
    assert inverse == {"silence", "pace", "open_share", "gated_share"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_vendor_that_stops_is_noticed_and_for_nothing_else(seed: int) -> None:
    releases = stopping(seed, a_year=24, on=STOPPED_ON)
    assert crossed_names(history(releases, as_of=TODAY)) == {"silence", "pace"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_vendor_that_closes_is_noticed_and_not_called_quiet(seed: int) -> None:
    releases = closing(seed, a_year=24, on=CLOSED_ON, until=TODAY)
    looks = [crossed_names(history(releases, as_of=day), today=day) for day in A_YEAR_OF_DAYS]
    assert set().union(*looks) == {"open_share", "gated_share"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_vendor_that_only_renames_itself_gives_no_signal(seed: int) -> None:
    quarters = quarters_of(steady(seed, a_year=24, until=TODAY))
    reads = {"old-name": Read(TODAY), "newname": Read(TODAY, quarters)}
    move = Move("Old-Name", "NewName", on=TODAY - MONTH, moved_count=3, watched_count=3)
    of = History(see(["Old-Name"], reads, [move], foreign=(), today=TODAY), moves=(move,))
    assert crossed_names(of) == set()
    assert "Old-Name → NewName on 21 September 2026" in part(of, Name.MOVES).sentence


def test_without_following_the_move_the_renamed_vendor_would_look_like_one_that_stopped() -> None:
    before = quarters_of(steady(1, a_year=24, until=date(2025, 6, 1)))
    reads = {"old": Read(TODAY, before), "new": Read(TODAY, quarters_of(steady(1, a_year=24, until=TODAY)))}
    unfollowed = History(see(["old"], reads, [], foreign=(), today=TODAY))
    assert "silence" in crossed_names(unfollowed)


# --- what was not read is no quiet -----------------------------------------------------------------------------


def test_a_vendor_of_which_nothing_was_listed_is_not_judged() -> None:
    silence = part(History(), Name.SILENCE)
    assert silence.value is None
    assert silence.sentence == "Not enough to say. None of its namespaces on the Hub has been listed yet."


def test_releases_are_judged_by_the_day_to_which_they_are_known() -> None:
    known_to = STOPPED_ON + timedelta(days=10)
    releases = every_two_months(STOPPED_ON)
    of = History(replace(history(releases, as_of=known_to).seen, unseen=""))
    assert part(of, Name.SILENCE, today=TODAY).value == pytest.approx(1.4, abs=1)


@pytest.mark.parametrize(
    ("reads", "why"),
    [
        ({"acme": Read(TODAY)}, "None of its namespaces"),
        ({}, "None of its namespaces"),
        ({"acme": Read(TODAY - MONTH, quarters_of(every_two_months(TODAY)))}, "acme has not been confirmed since"),
        ({"acme": Read(None, quarters_of(every_two_months(TODAY)))}, "acme has not been confirmed yet"),
    ],
)
def test_a_namespace_that_is_not_read_mutes_what_is_said_of_releases(reads: dict[str, Read], why: str) -> None:
    of = History(see(["acme"], reads, [], foreign=(), today=TODAY))
    assert why in of.seen.unseen
    assert {one.value for one in judge(of, today=TODAY)[:4]} == {None}


def test_a_namespace_that_moved_out_of_sight_mutes_what_is_said_of_releases() -> None:
    move = Move("acme", "Acme-AI", on=STOPPED_ON, moved_count=2, watched_count=2)
    reads = {"acme": Read(TODAY, quarters_of(every_two_months(STOPPED_ON)))}
    seen = see(["acme"], reads, [move], foreign=(), today=TODAY)
    assert seen.unseen == "acme moved to Acme-AI on 1 June 2025, which has not been listed yet."
    assert crossed_names(History(seen)) == set()


def test_a_single_repository_that_was_handed_over_moves_no_namespace() -> None:
    move = Move("acme", "somebody", on=STOPPED_ON, moved_count=1, watched_count=5)
    reads = {"acme": Read(TODAY, quarters_of(every_two_months(TODAY)))}
    assert see(["acme"], reads, [move], foreign=(), today=TODAY).unseen == ""


def test_a_namespace_of_another_vendor_is_not_counted_though_all_moved_there() -> None:
    move = Move("acme", "Bolt", on=STOPPED_ON, moved_count=2, watched_count=2)
    reads = {"bolt": Read(TODAY, quarters_of(every_two_months(TODAY)))}
    assert see(["acme"], reads, [move], foreign={"bolt"}, today=TODAY).quarters == ()


def test_namespaces_that_moved_in_a_circle_are_read_once() -> None:
    there = Move("a", "b", on=TODAY - 2 * MONTH, moved_count=1, watched_count=1)
    back = Move("b", "a", on=TODAY - MONTH, moved_count=1, watched_count=1)
    quarters = quarters_of(every_two_months(TODAY))
    assert see(["a"], {"a": Read(TODAY, quarters)}, [there, back], foreign=(), today=TODAY).quarters == quarters


def test_the_releases_of_all_namespaces_are_summed() -> None:
    first = quarters_of([Release(date(2026, 1, 5)), Release(date(2026, 2, 7), is_gated=True)])
    second = quarters_of([Release(date(2026, 3, 9), is_open=False)])
    reads = {"acme": Read(TODAY, first), "bolt": Read(TODAY - timedelta(days=1), second)}
    seen = see(["Acme", "bolt", "unused"], reads, [], foreign=(), today=TODAY)
    assert seen.quarters == (Quarter(date(2026, 1, 1), released=3, open=2, gated=1, last_on=date(2026, 3, 9)),)
    assert (seen.as_of, seen.not_read) == (TODAY - timedelta(days=1), ("unused",))


# --- each part -------------------------------------------------------------------------------------------------


def test_silence_is_held_against_the_vendors_own_rhythm() -> None:
    once_a_year = [Release(date(year, 3, day)) for year in range(2023, 2027) for day in (1, 2, 3)]
    often = every_two_months(date(2026, 3, 3))
    assert not part(history(once_a_year, as_of=TODAY), Name.SILENCE).is_crossed
    assert part(history(often, as_of=TODAY), Name.SILENCE).is_crossed


def test_silence_says_since_when_and_how_long_the_pauses_were() -> None:
    silence = part(history(every_two_months(date(2026, 1, 1)), as_of=TODAY), Name.SILENCE)
    assert silence.sentence == (
        "No release with weights for 10 months; the last one was on 16 December 2025. "
        "The longest pause in the three years before it was 3 months."
    )
    assert silence.dates == {"last_on": date(2025, 12, 16), "as_of": TODAY}
    assert silence.since == date(2025, 12, 16)


def test_no_rhythm_excuses_more_than_two_years() -> None:
    releases = [Release(day) for day in (date(2022, 6, 1), date(2024, 5, 1), date(2024, 8, 1)) for _ in range(3)]
    silence = part(history(releases, as_of=date(2026, 9, 1)), Name.SILENCE, today=date(2026, 9, 1))
    assert (silence.threshold, silence.is_crossed) == (24.0, True)


def test_one_that_began_lately_is_given_a_year() -> None:
    releases = [Release(day) for day in (date(2025, 8, 1), date(2025, 11, 1), date(2026, 2, 1)) for _ in range(3)]
    silence = part(history(releases, as_of=TODAY), Name.SILENCE)
    assert (silence.threshold, silence.is_crossed) == (12.0, False)


@pytest.mark.parametrize(
    "releases",
    [[], every_two_months(date(2024, 1, 1)), [Release(date(2024, 4, 9))] * 50],
    ids=["none", "seven", "one wave"],
)
def test_too_little_history_is_not_judged(releases: list[Release]) -> None:
    parts = judge(history(releases, as_of=TODAY), today=TODAY)[:4]
    assert {one.value for one in parts} == {None}
    assert all(one.sentence.startswith("Not enough to say") for one in parts)


def test_the_pace_is_that_of_the_last_four_quarters_against_the_four_before() -> None:
    before = [Release(date(2025, 2, 1))] * 12
    pace = part(history([*before, *[Release(date(2025, 11, 1))] * 2], as_of=TODAY), Name.PACE)
    assert pace.sentence == "2 releases with weights since 1 October 2025, after 12 in the twelve months before."
    assert (pace.value, pace.is_crossed) == (0.167, True)


def test_a_share_says_both_numbers() -> None:
    was = [Release(date(2024, 2, 1))] * 9 + [Release(date(2024, 2, 1), is_open=False)]
    now = [Release(date(2026, 2, 1), is_open=False)] * 7 + [Release(date(2026, 2, 1))]
    share = part(history(was + now, as_of=TODAY), Name.OPEN_SHARE)
    assert share.sentence == (
        "Of 8 releases since 1 October 2025, 1 is under an open license (12%); "
        "of the 10 in the two years before, 9 (90%)."
    )
    assert share.numbers == {"recent": 1, "recent_of": 8, "before": 9, "before_of": 10}
    assert share.is_crossed


def test_a_share_that_cannot_fall_so_far_has_no_threshold() -> None:
    was, now = [Release(date(2024, 2, 1), is_open=False)] * 8, [Release(date(2026, 2, 1), is_open=False)] * 8
    share = part(history(was + now, as_of=TODAY), Name.OPEN_SHARE)
    assert (share.threshold, share.is_crossed) == (None, False)


@pytest.mark.parametrize(
    ("gated_days_ago", "watched", "expected"),
    [
        ([10, 20], 8, True),
        ([10], 4, False),
        ([10, 20], 9, False),
        ([10, 400], 8, False),
        ([10, 20, 30], 3, False),
    ],
    ids=["a quarter", "one", "less than a quarter", "one of them long ago", "too few in use"],
)
def test_repositories_that_became_gated_within_a_year_are_counted(
    gated_days_ago: Iterable[int],
    watched: int,
    expected: bool,  # noqa: FBT001  # a table
) -> None:
    gates = tuple(Gate(f"acme/{days}", TODAY - timedelta(days=days)) for days in gated_days_ago)
    assert part(History(gates=gates, watched_count=watched), Name.NEWLY_GATED).is_crossed is expected


def models(hosted_only: Iterable[bool], *, months_ago: int) -> list[Registered]:
    return [Registered(f"m{one}", TODAY - months_ago * MONTH, is_hosted_only=one) for one in hosted_only]


def test_a_vendor_whose_new_models_are_services_alone_is_noticed() -> None:
    of = History(models=(*models([False, False, False, True], months_ago=20), *models([True] * 3, months_ago=2)))
    assert part(of, Name.HOSTED_ONLY).is_crossed


@pytest.mark.parametrize(
    ("before", "recent"),
    [((True, True, True), (True, True, True)), ((), (True, True, True)), ((False,) * 3, (True, False, False))],
    ids=["always was one", "nothing to compare with", "one of three"],
)
def test_a_vendor_that_sells_services_as_it_always_did_is_not(before: list[bool], recent: list[bool]) -> None:
    of = History(models=(*models(before, months_ago=20), *models(recent, months_ago=2)))
    assert not part(of, Name.HOSTED_ONLY).is_crossed


# --- a person decided ------------------------------------------------------------------------------------------


def silence(value: float, *, since: date = STOPPED_ON) -> Part:
    return Part(Name.SILENCE, "", value=value, threshold=6.0, is_crossed=True, since=since)


@pytest.mark.parametrize(
    ("now", "decided", "expected"),
    [
        (silence(9.0), silence(7.0), False),
        (silence(13.0), silence(7.0), True),
        (silence(7.0, since=TODAY), silence(7.0), True),
        (Part(Name.OPEN_SHARE, "", value=0.2), Part(Name.OPEN_SHARE, "", value=0.3), False),
        (Part(Name.OPEN_SHARE, "", value=0.1), Part(Name.OPEN_SHARE, "", value=0.3), True),
        (Part(Name.OPEN_SHARE, "", value=0.9), Part(Name.OPEN_SHARE, "", value=0.3), False),
        (Part(Name.NEWLY_GATED, "", value=0.5), Part(Name.NEWLY_GATED, "", value=0.3), True),
        (Part(Name.PACE, ""), Part(Name.PACE, "", value=0.1), False),
    ],
    ids=[
        "two months more",
        "half a year more",
        "another silence",
        "a tenth less",
        "a fifth less",
        "better",
        "a fifth more",
        "not judged",
    ],
)
def test_what_was_decided_is_asked_again_only_when_it_is_materially_worse(
    now: Part,
    decided: Part,
    expected: bool,  # noqa: FBT001  # a table
) -> None:
    assert is_worse(now, decided.as_json()) is expected


# --- properties ------------------------------------------------------------------------------------------------

DAYS = st.dates(date(2022, 4, 1), TODAY)
RELEASES = st.lists(st.builds(Release, on=DAYS, is_open=st.booleans(), is_gated=st.booleans()), max_size=60)


@given(RELEASES, st.builds(Release, on=DAYS))
@settings(deadline=None)
def test_another_release_never_lengthens_the_silence(releases: list[Release], more: Release) -> None:
    before = part(history(releases, as_of=TODAY), Name.SILENCE).value
    after = part(history([*releases, more], as_of=TODAY), Name.SILENCE).value
    assert before is None or (after is not None and after <= before)


@given(RELEASES)
@settings(deadline=None)
def test_a_release_of_today_ends_every_silence(releases: list[Release]) -> None:
    assert not part(history([*releases, Release(TODAY)], as_of=TODAY), Name.SILENCE).is_crossed


@given(RELEASES)
@settings(deadline=None)
def test_another_open_release_lets_no_share_of_open_licenses_cross(releases: list[Release]) -> None:
    before = part(history(releases, as_of=TODAY), Name.OPEN_SHARE)
    after = part(history([*releases, Release(TODAY)], as_of=TODAY), Name.OPEN_SHARE)
    assert before.value is None or before.is_crossed or not after.is_crossed


@given(RELEASES)
@settings(deadline=None)
def test_every_part_explains_itself_and_crosses_nothing_without_a_value(releases: list[Release]) -> None:
    parts = judge(history(releases, as_of=TODAY), today=TODAY)
    assert [one.name for one in parts] == list(Name)
    assert all(one.sentence.endswith(".") and len(one.sentence) <= 300 for one in parts)
    assert all(one.value is not None and one.threshold is not None for one in crossed(parts))


@given(RELEASES, st.integers(0, 400))
@settings(deadline=None)
def test_in_how_many_namespaces_a_vendor_releases_makes_no_difference(releases: list[Release], cut: int) -> None:
    one = history(releases, as_of=TODAY)
    halves = {"a": Read(TODAY, quarters_of(releases[:cut])), "b": Read(TODAY, quarters_of(releases[cut:]))}
    two = History(see(["a", "b"], halves, [], foreign=(), today=TODAY))
    assert judge(two, today=TODAY) == judge(one, today=TODAY)


def test_the_windows_are_whole_quarters() -> None:
    assert signals.RECENT_QUARTERS == signals.PACE_QUARTERS
    assert Seen().released == ()
