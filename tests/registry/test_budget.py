"""Promise B2: at most 80 % of any window, nothing before a pause is over, one budget for all, and nobody sleeps."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import budget as budgets
from registry.budget import Allowance, Budget
from registry.budget.bucket import FIRST_WAIT, LONGEST_BLOCK, LONGEST_WAIT, Bucket, Wait, note, spend, usable
from registry.budget.headers import Said, read
from registry.budget.state import from_json, from_text, to_json, to_text
from registry.ingest import poll
from registry.models import PollRun, RequestBudget, Source
from registry.upstream import http
from registry.upstream.base import Blocked
from tests.factories import NOW
from tests.fakes.limited import Limited, serving

AT = 1_790_000_000.0
HUB = {"RateLimit": '"api";r=495;t=23', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
TEN_A_MINUTE = Allowance(10, 60)


def drain(bucket: Bucket, default: Allowance, *, now: float) -> tuple[Bucket, int]:
    """What is left when all is spent at once, and how many that were."""
    for count in range(default.limit + 1):
        spent = spend(bucket, default, now=now)
        if isinstance(spent, Wait):
            return bucket, count
        bucket = spent
    raise AssertionError("more than the limit was granted")


def wait_of(bucket: Bucket, default: Allowance = TEN_A_MINUTE, *, now: float = AT) -> Wait:
    spent = spend(bucket, default, now=now)
    assert isinstance(spent, Wait)
    return spent


# --- headers ---------------------------------------------------------------------------------


def test_the_headers_of_the_hub_are_read() -> None:
    assert read(HUB, now=AT) == Said(Allowance(500, 300), left=495, resets_in=23)


@pytest.mark.parametrize("name", ["retry-after", "Retry-After", "RETRY-AFTER"])
def test_names_of_headers_are_read_in_any_case(name: str) -> None:
    assert read({name: "17"}, now=AT).retry_after == 17


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:30:00 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 120),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "9" * 30}, None),
        ({"Retry-After": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"Retry-After": ""}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_by_the_servers_clock(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert read(headers, now=AT).retry_after == seconds


@pytest.mark.parametrize(
    ("policy", "allowance"),
    [
        ('"default";q=100;w=10', Allowance(100, 10)),
        ("default;w=10;q=100", Allowance(100, 10)),
        ('"burst";q=100;w=60, "day";q=1000;w=86400', Allowance(1000, 86400)),
        ('"a, b;q=1;w=1";q=7;w=60', Allowance(7, 60)),
        ('"month";q=1000;w=2592000', None),
        ('"none";q=0;w=60', None),
        ('"no window";q=5', None),
        ('"x";q=5;w=0', None),
        (";;;,,,\x00", None),
    ],
)
def test_of_the_policies_the_slowest_counts(policy: str, allowance: Allowance | None) -> None:
    assert read({"RateLimit-Policy": policy}, now=AT).allowance == allowance


def test_of_several_rests_the_least_counts() -> None:
    said = read({"RateLimit": '"burst";r=90;t=5, "day";r=3;t=4000'}, now=AT)
    assert (said.left, said.resets_in) == (3, 4000)


@given(st.dictionaries(st.sampled_from(["RateLimit", "RateLimit-Policy", "Retry-After", "Date"]), st.text(max_size=80)))
def test_no_header_is_too_odd_to_be_passed_over(headers: dict[str, str]) -> None:
    assert isinstance(note(Bucket(), read(headers, now=AT), 429, TEN_A_MINUTE, now=AT), Bucket)


# --- the arithmetic --------------------------------------------------------------------------

GAPS = st.lists(st.floats(0, 40) | st.floats(0, 0.2), min_size=1, max_size=150)


def fullest(moments: list[float], seconds: float) -> int:
    """The most of them in any window, both of its ends included."""
    return max((sum(at <= other <= at + seconds for other in moments) for at in moments), default=0)


@given(GAPS, st.integers(1, 60), st.sampled_from([1, 7, 60]))
def test_no_window_wherever_it_begins_holds_more_than_80_percent(gaps: list[float], limit: int, seconds: int) -> None:
    allowance, bucket, now, sent = Allowance(limit, seconds), Bucket(), AT, list[float]()
    for gap in gaps:
        now += gap
        spent = spend(bucket, allowance, now=now)
        sent += [] if isinstance(spent, Wait) else [now]
        bucket = bucket if isinstance(spent, Wait) else spent
    assert fullest(sent, seconds) <= max(1, 0.8 * limit)


def test_a_counter_that_starts_anew_with_each_window_would_let_more_through() -> None:
    sent = [AT + 59.9] * 8 + [AT + 60.1] * 8
    assert fullest(sent, 60) == 16 > 0.8 * TEN_A_MINUTE.limit


@given(GAPS)
def test_who_waits_as_long_as_he_is_told_may_send(gaps: list[float]) -> None:
    bucket, now = Bucket(), AT
    for gap in gaps:
        now += gap
        spent = spend(bucket, TEN_A_MINUTE, now=now)
        now = spent.until if isinstance(spent, Wait) else now
        after = spend(bucket, TEN_A_MINUTE, now=now)
        assert isinstance(after, Bucket)
        bucket = after


def test_after_a_window_all_of_our_share_is_there_again() -> None:
    empty, count = drain(Bucket(), TEN_A_MINUTE, now=AT)
    _, again = drain(empty, TEN_A_MINUTE, now=AT + 63)
    assert (count, again) == (8, 8)


@pytest.mark.parametrize(("limit", "ours"), [(1, 1), (2, 1), (5, 4), (500, 400), (1000, 800)])
def test_ours_is_four_fifths_and_never_nothing(limit: int, ours: int) -> None:
    assert usable(Allowance(limit, 60)) == ours


def test_a_limit_that_upstream_names_replaces_the_default() -> None:
    told = note(Bucket(), read(HUB, now=AT), 200, TEN_A_MINUTE, now=AT)
    assert drain(replace(told, left=10_000), Allowance(5000, 1), now=AT)[1] == 400


def test_the_last_fifth_of_what_the_server_has_left_is_not_touched() -> None:
    told = note(Bucket(), Said(Allowance(500, 300), left=110, resets_in=23), 200, TEN_A_MINUTE, now=AT)
    empty, count = drain(told, Allowance(5000, 1), now=AT)
    assert count == 10
    assert wait_of(empty).until == AT + 24


def test_of_answers_that_overtake_each_other_the_least_counts() -> None:
    bucket = Bucket()
    for left in (450, 110, 430):
        bucket = note(bucket, Said(Allowance(500, 300), left=left, resets_in=23), 200, TEN_A_MINUTE, now=AT)
    assert drain(bucket, Allowance(5000, 1), now=AT)[1] == 10


def test_an_answer_from_the_window_before_says_nothing_of_this_one() -> None:
    this = note(Bucket(), Said(Allowance(500, 300), left=499, resets_in=300), 200, TEN_A_MINUTE, now=AT)
    assert note(this, Said(Allowance(500, 300), left=0, resets_in=1), 200, TEN_A_MINUTE, now=AT) == this


def test_a_new_window_gives_back_what_the_last_one_lacked() -> None:
    spent_up = note(Bucket(), Said(Allowance(500, 300), left=100, resets_in=1), 200, TEN_A_MINUTE, now=AT)
    fresh = note(spent_up, Said(Allowance(500, 300), left=499, resets_in=300), 200, TEN_A_MINUTE, now=AT + 3)
    assert drain(fresh, Allowance(5000, 1), now=AT + 3)[1] == 399


@pytest.mark.parametrize(
    ("said", "status", "seconds"),
    [
        (Said(retry_after=120), 429, 121),
        (Said(retry_after=120), 503, 121),
        (Said(left=0, resets_in=23), 429, 24),
        (Said(left=0, resets_in=23, retry_after=5), 429, 24),
        (Said(), 429, FIRST_WAIT),
        (Said(retry_after=10**9), 429, LONGEST_BLOCK + 1),
    ],
)
def test_a_pause_lasts_as_long_as_upstream_says(said: Said, status: int, seconds: float) -> None:
    told = note(Bucket(), said, status, TEN_A_MINUTE, now=AT)
    assert wait_of(told).until == AT + seconds
    assert isinstance(spend(told, TEN_A_MINUTE, now=AT + seconds), Bucket)


@pytest.mark.parametrize("status", [200, 304, 500])
def test_no_other_answer_is_a_pause(status: int) -> None:
    told = note(Bucket(), Said(left=495, resets_in=23), status, Allowance(500, 300), now=AT)
    assert isinstance(spend(told, Allowance(500, 300), now=AT), Bucket)


def test_a_later_answer_never_shortens_a_pause() -> None:
    bucket = note(Bucket(), Said(retry_after=120), 429, TEN_A_MINUTE, now=AT)
    for said, status in [(Said(retry_after=1), 429), (Said(), 429), (Said(left=9, resets_in=60), 200)]:
        bucket = note(bucket, said, status, TEN_A_MINUTE, now=AT + 1)
    assert wait_of(bucket).until == AT + 121


def test_refusals_that_name_no_wait_are_answered_by_longer_and_longer_ones() -> None:
    bucket, now, waits = Bucket(), AT, []
    for _ in range(9):
        bucket = note(bucket, Said(), 429, TEN_A_MINUTE, now=now)
        waits.append(bucket.blocked_until - now)
        now = bucket.blocked_until
    assert waits == [60, 120, 240, 480, 960, 1920, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]


def test_refusals_of_requests_that_were_on_their_way_together_count_once() -> None:
    bucket = Bucket()
    for _ in range(4):
        bucket = note(bucket, Said(), 429, TEN_A_MINUTE, now=AT)
    assert (bucket.blocked_until, bucket.refusals) == (AT + FIRST_WAIT, 1)


def test_an_answer_after_the_pause_makes_the_next_one_short_again() -> None:
    refused = note(Bucket(), Said(), 429, TEN_A_MINUTE, now=AT)
    welcome = note(refused, Said(), 200, TEN_A_MINUTE, now=AT + 61)
    assert note(welcome, Said(), 429, TEN_A_MINUTE, now=AT + 62).blocked_until == AT + 62 + FIRST_WAIT


# --- as it is kept ---------------------------------------------------------------------------


def test_a_bucket_is_read_as_it_was_written() -> None:
    bucket = note(drain(Bucket(), TEN_A_MINUTE, now=AT)[0], read(HUB, now=AT), 429, TEN_A_MINUTE, now=AT)
    assert from_json(to_json(bucket)) == from_text(to_text(bucket)) == bucket


@pytest.mark.parametrize("state", [{}, {"spent": 3}, {"spent": [[1]]}, {"advertised": {"limit": "x"}}, {"left": None}])
def test_what_cannot_be_read_is_a_new_bucket(state: dict[str, Any]) -> None:
    assert from_json(state) == Bucket()
    assert from_text("not json") == Bucket()


@pytest.mark.django_db
def test_workers_with_the_same_key_share_one_budget_and_others_have_their_own() -> None:
    ours, theirs = Budget("openai", "sk-1", Allowance(2, 60)), Budget("openai", "sk-2", Allowance(2, 60))
    assert budgets.spend(ours, now=NOW) is None
    blockade = budgets.spend(ours, now=NOW)
    assert blockade is not None
    assert blockade.reason == "1 of 2 requests in 60 s were sent"
    assert timedelta(seconds=60) < blockade.until - NOW <= timedelta(seconds=62)
    assert budgets.spend(theirs, now=NOW) is None


@pytest.mark.django_db
def test_the_key_is_kept_nowhere() -> None:
    budget = Budget("openai", "sk-secret")
    budgets.spend(budget, now=NOW)
    row = RequestBudget.objects.get()
    assert row.key.startswith("openai:")
    assert "sk-secret" not in f"{row.key} {row.state} {budget!r}"


@pytest.mark.django_db
def test_a_redis_that_is_down_leaves_the_counting_to_the_database(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    budget = Budget("openai", default=Allowance(2, 60))
    assert budgets.spend(budget, now=NOW) is None
    assert budgets.spend(budget, now=NOW) is not None
    assert RequestBudget.objects.get().key == "openai:anonymous"


# --- the GET, and the poll -------------------------------------------------------------------


@pytest.fixture
def limited() -> Iterator[Limited]:
    return Limited(10, 60)


@pytest.fixture
def url(limited: Limited) -> Iterator[str]:
    with serving(limited) as address:
        yield address


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moment it is, to be changed."""
    moments = [NOW]
    monkeypatch.setattr(http, "clock", lambda: moments[-1])
    return moments


def ask(url: str) -> timedelta | None:
    """None for an answer, else how long to wait for one."""
    try:
        http.get(url, budget=Budget("limited"))
    except http.UpstreamError as error:
        return error.retry_after
    return None


@pytest.mark.django_db
def test_a_get_stops_at_80_percent_of_what_its_answers_advertise(limited: Limited, url: str) -> None:
    waits = [ask(url) for _ in range(12)]
    assert waits[:8] == [None] * 8
    assert all(waits[8:])
    assert (len(limited.seen), limited.refused) == (8, 0)


@pytest.mark.django_db
def test_after_a_429_nothing_is_sent_before_its_end(limited: Limited, url: str, clock: list[datetime]) -> None:
    limited.pauses = [(1, 30)]
    assert ask(url) == timedelta(seconds=31)
    for seconds in (0, 10, 30):
        clock.append(NOW + timedelta(seconds=seconds))
        with pytest.raises(Blocked, match=r"limited is not asked before .* UTC: it asked for a pause"):
            http.get(url, budget=Budget("limited"))
    assert len(limited.seen) == 1


@pytest.mark.django_db
def test_with_the_budget_off_it_would_be(limited: Limited, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "spend", lambda _budget: None)
    limited.pauses = [(1, 30)]
    assert all(ask(url) for _ in range(3))
    assert len(limited.seen) == 3


@pytest.mark.django_db
def test_a_source_that_is_blocked_is_due_after_the_reset_and_no_worker_sleeps(
    limited: Limited, url: str, clock: list[datetime], settings: Any
) -> None:
    settings.LITELLM_URL = url
    limited.pauses = [(1, 1500)]
    Source.objects.filter(slug="litellm").update(interval=timedelta(hours=6), next_due_at=NOW)
    began = time.monotonic()
    polls = [poll_at(clock, seconds) for seconds in (0, 700, 1400)]
    assert time.monotonic() - began < 5
    assert [run.outcome for run in polls] == [PollRun.Outcome.FAILED] * 3
    due = Source.objects.get(slug="litellm").next_due_at
    assert due is not None
    assert due >= NOW + timedelta(seconds=1500)
    assert len(limited.seen) == 1


def poll_at(clock: list[datetime], seconds: int) -> PollRun:
    clock.append(NOW + timedelta(seconds=seconds))
    return poll("litellm", now=clock[-1])
