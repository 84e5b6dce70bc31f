"""What sources said may go once it is old, and all that must stay does."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from registry.clock import retire_due
from registry.ingest import poll
from registry.license_changes import diff_of
from registry.models import Change, Incident, Listing, Observation, Offering, PollRun, Rejected, Source
from registry.retention import KEPT_RUNS, expendable
from tests import factories as f
from tests.factories import NOW
from tests.fakes.hub import TOKEN, Hub, licensed
from tests.registry.feeding import chat, feed

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PRICES = (1e-06, 2e-06, 3e-06)


def may_go(model: type, *, before: datetime) -> list[int]:
    (rows,) = [rows for rows in expendable(before=before) if rows.model is model]
    return sorted(rows.values_list("pk", flat=True))


def forget(*, before: datetime) -> None:
    for rows in expendable(before=before):
        rows.delete()


def priced(folder: Path, *, at: datetime, price: float) -> PollRun:
    return feed(folder, {"gpt-4o": chat(input_cost_per_token=price), "other": chat()}, now=at)


def one_for_each_price(folder: Path) -> list[int]:
    """A row that says something else on each of three days; its observations, the oldest first."""
    for number, price in enumerate(PRICES):
        priced(folder, at=NOW + number * DAY, price=price)
    said = Observation.objects.filter(listing__external_id="gpt-4o").order_by("observed_at")
    return list(said.values_list("pk", flat=True))


# --- observations --------------------------------------------------------------------------------------------------------


def test_what_was_overtaken_before_the_day_goes_and_what_stood_on_it_stays(tmp_path: Path) -> None:
    first, second, present = one_for_each_price(tmp_path)
    assert may_go(Observation, before=NOW + 1.5 * DAY) == [first]
    assert may_go(Observation, before=NOW + 0.5 * DAY) == []
    assert may_go(Observation, before=NOW + 900 * DAY) == [first, second]

    forget(before=NOW + 900 * DAY)
    assert Listing.objects.get(external_id="gpt-4o").current_id == present


def test_a_statement_of_a_run_that_never_ended_overtakes_nothing(tmp_path: Path) -> None:
    first, _, _ = one_for_each_price(tmp_path)
    PollRun.objects.filter(slot__gt=NOW).update(completed_at=None)
    assert may_go(Observation, before=NOW + 900 * DAY) == []
    assert Observation.objects.filter(pk=first).exists()


def test_what_people_reported_stays(tmp_path: Path) -> None:
    one_for_each_price(tmp_path)
    Source.objects.filter(slug="litellm").update(method="reported", is_enabled=False)
    assert may_go(Observation, before=NOW + 900 * DAY) == []


def test_both_texts_that_a_change_of_license_compares_stay(settings: Settings) -> None:
    with Hub(quota=1_000_000) as hub:
        settings.HF_ENDPOINT, settings.HF_TOKEN = hub.url, TOKEN
        hub.add("acme/e5", **licensed("other", license_name="acme-terms"))
        f.offering("acme/e5")
        for hours, text in ((0, "free"), (6, "research alone"), (12, "research alone")):
            hub.write("acme/e5", "LICENSE", text)
            poll("huggingface", now=NOW + timedelta(hours=hours))
    change = Change.objects.get(kind="license_text_changed")
    before = diff_of(change)

    forget(before=NOW + 900 * DAY)
    assert before is not None
    assert diff_of(change) == before


def test_without_that_change_the_older_text_goes(settings: Settings) -> None:
    test_both_texts_that_a_change_of_license_compares_stay(settings)
    Change.objects.filter(kind="license_text_changed").delete()
    assert len(may_go(Observation, before=NOW + 900 * DAY)) == 2


def overdue(folder: Path) -> Offering:
    """A model whose day passed while its feed called it alive; who named the day first did so before it came."""
    listed = f.offering("gpt-4o", host="openai", kind="service")
    named = {"deprecation_date": "2026-04-20"}
    for number, price in enumerate(PRICES):
        feed(folder, {"gpt-4o": chat(input_cost_per_token=price, **named)}, now=NOW + number * 10 * DAY)
    listed.refresh_from_db()
    assert listed.retires_on == date(2026, 4, 20)
    return listed


def test_who_named_an_overdue_day_first_stays_so_that_it_stays_credible(tmp_path: Path) -> None:
    listed = overdue(tmp_path)
    forget(before=NOW + 900 * DAY)
    assert [change.offering for change in retire_due(now=NOW + 901 * DAY)] == [listed]


def test_without_it_the_day_would_not_be_believed_any_more(tmp_path: Path) -> None:
    overdue(tmp_path)
    Observation.objects.filter(observed_at__lt=NOW + 15 * DAY).delete()
    assert retire_due(now=NOW + 901 * DAY) == []


def test_once_it_is_retired_its_old_statements_go(tmp_path: Path) -> None:
    overdue(tmp_path)
    retire_due(now=NOW + 30 * DAY)
    assert len(may_go(Observation, before=NOW + 900 * DAY)) == 2


# --- runs and what they set aside ----------------------------------------------------------------------------------------


def many_runs(folder: Path, count: int) -> list[int]:
    """Runs of which the first lists two rows and the others find the same; their ids, the oldest first."""
    for number in range(count):
        priced(folder, at=NOW + number * DAY, price=PRICES[0])
    return list(PollRun.objects.order_by("slot").values_list("pk", flat=True))


def test_runs_that_nothing_names_go_and_the_newest_of_each_source_stay(tmp_path: Path) -> None:
    runs = many_runs(tmp_path, KEPT_RUNS + 4)
    # The first one brought what counts.
    assert may_go(PollRun, before=NOW + 900 * DAY) == runs[1:4]
    assert may_go(PollRun, before=NOW + 2.5 * DAY) == runs[1:3]


def test_a_run_that_brought_a_change_or_an_incident_or_goes_on_stays(tmp_path: Path) -> None:
    runs = many_runs(tmp_path, KEPT_RUNS + 4)
    Change.objects.create(
        kind="gated", severity="info", origin="source", listing=Listing.objects.first(), detected_at=NOW, run_id=runs[1]
    )
    Incident.objects.create(source=f.source(), kind="suspect", opened_at=NOW, closed_at=NOW, reason="…", run_id=runs[2])
    PollRun.objects.filter(pk=runs[3]).update(outcome=PollRun.Outcome.RUNNING)
    assert may_go(PollRun, before=NOW + 900 * DAY) == []


def test_what_was_set_aside_goes_with_its_run_and_before_it(tmp_path: Path) -> None:
    feed(tmp_path, {"bad": "no object", "good": chat()})
    many_runs(tmp_path, KEPT_RUNS - 1)
    assert Rejected.objects.count() == 1
    assert may_go(Rejected, before=NOW + 900 * DAY) == []
    feed(tmp_path, {"good": chat()}, now=NOW + 899 * DAY)
    assert len(may_go(Rejected, before=NOW + 900 * DAY)) == 1
    # The row that it listed still stands on that run.
    assert may_go(PollRun, before=NOW + 900 * DAY) == []
