"""The health of the sources: who answers, who is silent, who says less than usual, whose word is held back."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest

from registry.health import Coverage, Health, Sections, State, coverage_of, look
from registry.models import Change, ChangeKind, HeldFact, Incident, PollRun, Section, Severity, Source
from registry.silence import open_failing_incidents
from tests import factories as f

pytestmark = pytest.mark.django_db
NOW = f.NOW
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _only_ours() -> None:
    Source.objects.all().delete()


def source(slug: str = "hub", **fields: Any) -> Source:
    """A source with an interval of six hours that answered an hour ago."""
    given = {"interval": 6 * HOUR, "last_success_at": NOW - HOUR, "next_due_at": NOW + 5 * HOUR}
    return f.source(slug, **(given | fields))


def run(source: Source, rows: int, *, ago: timedelta = HOUR, **fields: Any) -> PollRun:
    slot = NOW - ago
    given = {"started_at": slot, "lease_until": slot, "completed_at": slot, "outcome": "changed"}
    return PollRun.objects.create(source=source, slot=slot, record_count=rows, **(given | fields))


def incident(source: Source, kind: str = "suspect", **fields: Any) -> Incident:
    given = {"opened_at": NOW - HOUR, "reason": "48 of 500 rows vanished at once."}
    return Incident.objects.create(source=source, kind=kind, **(given | fields))


def health_of(one: Source, *, now: datetime = NOW) -> Health:
    (found,) = [health for health in look(Source.objects.all(), now=now) if health.source == one]
    return found


@pytest.mark.parametrize(
    ("fields", "state", "says"),
    [
        ({}, State.OK, "Answers."),
        ({"is_enabled": False}, State.OFF, "Switched off"),
        ({"last_success_at": None}, State.NEW, "Not polled yet."),
        ({"last_success_at": None, "last_error_at": NOW, "last_error": "HTTP 401"}, State.FAILING, "never answered"),
        ({"last_error_at": NOW, "last_error": "HTTP 503"}, State.LATE, "The last poll failed"),
        ({"next_due_at": NOW - 6 * timedelta(minutes=1)}, State.LATE, "not polled yet"),
        ({"next_due_at": NOW - 4 * timedelta(minutes=1)}, State.OK, "Answers."),
        ({"last_success_at": NOW - 12 * HOUR}, State.OK, "Answers."),
        ({"last_success_at": NOW - 12.1 * HOUR}, State.FAILING, "No good poll since 2026-04-14 20:54 UTC."),
        (
            {"last_success_at": NOW - 13 * HOUR, "last_error_at": NOW, "last_error": "HTTP 503"},
            State.FAILING,
            "HTTP 503",
        ),
        ({"last_success_at": NOW - 13 * HOUR, "next_due_at": NOW - 7 * HOUR}, State.FAILING, "is a worker running?"),
    ],
)
def test_the_state_of_a_source_says_why(fields: dict[str, Any], state: State, says: str) -> None:
    health = health_of(source(**fields))
    assert health.state is state
    assert says in health.why


def test_an_old_error_says_nothing_about_a_source_that_answered_since() -> None:
    health = health_of(source(last_error_at=NOW - 2 * HOUR, last_error="HTTP 503"))
    assert (health.state, health.since) == (State.OK, None)


@pytest.mark.parametrize(("kind", "state"), [("suspect", State.QUARANTINED), ("empty", State.EMPTY)])
def test_an_open_incident_shows_with_its_reason_until_it_is_closed(kind: str, state: State) -> None:
    one = incident(source(), kind)
    health = health_of(one.source)
    assert (health.state, health.since, health.why) == (state, one.opened_at, one.reason)
    Incident.objects.update(closed_at=NOW)
    assert health_of(one.source).state is State.OK


def test_what_is_held_back_is_counted_by_its_incident() -> None:
    suspect = incident(source())
    listing = f.listing("gpt-4o", source_=suspect.source)
    held = {"listing": listing, "believed": {}, "said": {}, "reason": "suspect", "since": NOW, "incident": suspect}
    HeldFact.objects.create(fact="retires_on", **held)
    HeldFact.objects.create(fact="license", **held)
    for _ in range(3):
        Change.objects.create(
            kind=ChangeKind.REMOVED,
            severity=Severity.CRITICAL,
            origin=Change.Origin.SOURCE,
            listing=listing,
            detected_at=NOW,
            incident=suspect,
        )
    (quarantine,) = health_of(suspect.source).quarantines
    assert (quarantine.fact_count, quarantine.change_count) == (2, 3)


def test_parts_that_did_not_answer_make_a_source_late() -> None:
    one = source()
    Section.objects.create(source=one, name="acme", failed_since=NOW - 3 * HOUR, last_error="HTTP 500")
    Section.objects.create(source=one, name="qwen")
    health = health_of(one)
    assert (health.state, health.since) == (State.LATE, NOW - 3 * HOUR)
    assert health.why == "1 of 2 parts did not answer when they were last read."
    assert health.sections == Sections(2, 1, NOW - 3 * HOUR)


@pytest.mark.parametrize(
    ("row_counts", "expected", "text"),
    [
        ([], Coverage(), "nothing yet"),
        ([100], Coverage(100), "100 rows"),
        ([50, 100, 100, 90], Coverage(50, 100), "50 rows, 50% of the usual 100"),
        ([0, 2000], Coverage(0, 2000), "0 rows, 0% of the usual 2,000"),
        ([3038, 6], Coverage(3038, 6), "3,038 rows, 506 times the usual 6"),
        ([5] + [10] * 10 + [1000] * 90, Coverage(5, 10), "5 rows, 50% of the usual 10"),
    ],
)
def test_coverage_is_the_last_run_against_the_median_of_ten_before_it(
    row_counts: list[int], expected: Coverage, text: str
) -> None:
    assert coverage_of(row_counts) == expected
    assert str(coverage_of(row_counts)) == text


def test_coverage_leaves_out_runs_that_failed_or_met_the_same_document() -> None:
    one = source()
    run(one, 90, ago=4 * HOUR)
    run(one, 100, ago=3 * HOUR)
    run(one, 0, ago=2 * HOUR, outcome="unchanged")
    run(one, 7, completed_at=None, outcome="failed")
    assert health_of(one).coverage == Coverage(100, 90)


def test_the_newest_run_is_the_one_that_ended_last() -> None:
    one = source()
    run(one, 90, ago=3 * HOUR)
    failed = run(one, 0, ago=2 * HOUR, completed_at=None, outcome="failed", error="HTTP 503")
    run(one, 0, completed_at=None, outcome="running")
    assert health_of(one).newest_run == failed


def test_the_worst_comes_first() -> None:
    source("fine")
    source("away", last_success_at=NOW - 20 * HOUR)
    incident(source("held"))
    source("off", is_enabled=False)
    states = [health.state for health in look(Source.objects.all(), now=NOW)]
    assert states == [State.FAILING, State.QUARANTINED, State.OK, State.OFF]


@pytest.mark.parametrize("count", [1, 12])
def test_the_number_of_queries_does_not_grow(
    count: int, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    for number in range(count):
        one = source(f"source-{number}")
        incident(one)
        run(one, 10)
    with django_assert_num_queries(5):
        look(Source.objects.all(), now=NOW)


class TestSilence:
    """`open_failing_incidents`, which a beat calls."""

    def test_one_incident_is_opened_however_often_somebody_looks(self) -> None:
        one = source(last_success_at=NOW - 13 * HOUR, last_error_at=NOW - HOUR, last_error="HTTP 503")
        f.listing("gpt-4o", source_=one)
        assert [open_failing_incidents(now=NOW + minute * HOUR / 60) for minute in range(5)] == [1, 0, 0, 0, 0]
        (opened,) = Incident.objects.all()
        assert (opened.kind, opened.opened_at, opened.affected_count) == ("failing", NOW, 1)
        assert opened.reason == "No good poll since 2026-04-14 20:00 UTC. HTTP 503"

    def test_a_worker_that_did_not_see_the_other_ones_incident_adds_none(self) -> None:
        one = source(last_success_at=NOW - 13 * HOUR)
        rows = [Incident(source=one, kind="failing", opened_at=NOW, reason="both saw none") for _ in range(2)]
        Incident.objects.bulk_create(rows[:1], ignore_conflicts=True)
        Incident.objects.bulk_create(rows[1:], ignore_conflicts=True)
        assert Incident.objects.count() == 1

    @pytest.mark.parametrize(
        "fields",
        [
            {"last_success_at": NOW - 11 * HOUR},
            {"is_enabled": False, "last_success_at": NOW - 90 * HOUR},
            {"last_success_at": None, "last_error_at": NOW - 90 * HOUR, "last_error": "OPENAI_API_KEY is not set."},
        ],
    )
    def test_a_source_that_answers_or_is_off_or_never_answered_has_none(self, fields: dict[str, Any]) -> None:
        source(**fields)
        assert open_failing_incidents(now=NOW) == 0

    def test_a_good_poll_closes_it_and_the_next_silence_opens_another(self) -> None:
        one = source(last_success_at=NOW - 13 * HOUR)
        open_failing_incidents(now=NOW)
        Source.objects.filter(pk=one.pk).update(last_success_at=NOW + HOUR)
        open_failing_incidents(now=NOW + 2 * HOUR)
        closed = Incident.objects.get()
        assert (closed.verdict, closed.closed_at) == ("passed", NOW + HOUR)
        open_failing_incidents(now=NOW + 14 * HOUR)
        assert Incident.objects.open().get().opened_at == NOW + 14 * HOUR

    def test_switching_a_source_off_ends_its_incident_and_says_so(self) -> None:
        one = source(last_success_at=NOW - 13 * HOUR)
        open_failing_incidents(now=NOW)
        Source.objects.filter(pk=one.pk).update(is_enabled=False)
        open_failing_incidents(now=NOW + HOUR)
        closed = Incident.objects.get()
        assert (closed.verdict, closed.closed_at, closed.note) == ("passed", NOW + HOUR, "The source was switched off.")

    def test_incidents_of_another_kind_are_left_to_people(self) -> None:
        suspect = incident(source())
        open_failing_incidents(now=NOW)
        suspect.refresh_from_db()
        assert suspect.closed_at is None


def test_a_round_that_read_few_sections_says_nothing_of_coverage() -> None:
    source = f.source("huggingface")
    for number in range(10):
        Section.objects.create(source=source, name=f"n{number}")
    for hours, (sections, rows) in enumerate([(10, 500), (10, 500), (1, 7)]):
        moment = NOW + timedelta(hours=hours)
        PollRun.objects.create(
            source=source, slot=moment, started_at=moment, lease_until=moment, completed_at=moment,
            outcome=PollRun.Outcome.CHANGED, section_count=sections, record_count=rows,
        )  # fmt: skip
    Source.objects.filter(pk=source.pk).update(last_success_at=NOW + timedelta(hours=2))
    (health,) = look(Source.objects.filter(pk=source.pk), now=NOW + timedelta(hours=3))
    assert (health.coverage.rows, health.coverage.usual) == (500, 500)
