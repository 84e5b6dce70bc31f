"""A sweep in rounds: what is due, what a round leaves, what a hint or a kill does to it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from registry import sweep
from registry.ingest import poll
from registry.models import Change, Incident, Listing, Observation, Offering, PollRun, Section, Source
from registry.refs import Wanted, resolve
from registry.reports import report_change
from registry.upstream import hub_budget
from tests import factories as f
from tests.factories import NOW
from tests.fakes.hub import TOKEN, Hub

pytestmark = pytest.mark.django_db
INTERVAL = timedelta(hours=6)
NAMESPACES = ("acme", "bolt", "corp")


@pytest.fixture
def hub(settings: Settings) -> Iterator[Hub]:
    """Two repositories in each of three namespaces, all watched."""
    with Hub(quota=1_000_000) as running:
        settings.HF_ENDPOINT, settings.HF_TOKEN = running.url, TOKEN
        for name in [f"{namespace}/{model}" for namespace in NAMESPACES for model in ("e5", "bge")]:
            running.add(name)
            f.offering(name)
        yield running


def round_(hub: Hub, now: datetime) -> PollRun:
    """One round as the beat has it made."""
    hub.clock.set(now)
    return poll("huggingface", now=now, slot=now)


def listings_asked(hub: Hub) -> list[str]:
    return [line.query.split("author=")[1].split("&")[0] for line in hub.log if "author=" in line.query]


def told() -> list[str]:
    return sorted(Change.objects.in_force().exclude(kind="listed").values_list("kind", flat=True))


def test_the_log_says_how_the_round_was_made_and_what_it_cost(hub: Hub) -> None:
    run = round_(hub, NOW)
    assert run.log == "3 namespaces in 3 pages"
    assert (run.section_count, run.left_count, run.record_count) == (3, 0, 6)
    assert run.request_count == len(hub.log)


def test_a_section_is_read_once_in_an_interval(hub: Hub) -> None:
    round_(hub, NOW)
    hub.log.clear()
    assert round_(hub, NOW + timedelta(hours=1)).section_count == 0
    assert round_(hub, NOW + INTERVAL).section_count == 3
    assert listings_asked(hub) == list(NAMESPACES)


def test_a_person_who_polls_now_has_all_of_it_read(hub: Hub) -> None:
    round_(hub, NOW)
    hub.clock.set(NOW + timedelta(hours=1))
    assert poll("huggingface", now=NOW + timedelta(hours=1)).section_count == 3


def test_an_unchanged_sweep_writes_a_row_a_section_and_none_a_model(hub: Hub) -> None:
    round_(hub, NOW)
    with CaptureQueriesContext(connection) as queries:
        run = round_(hub, NOW + INTERVAL)
    written = [one["sql"] for one in queries if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    tables = {sql.split('"')[1] for sql in written}
    assert run.outcome == PollRun.Outcome.UNCHANGED
    assert tables == {"registry_section", "registry_pollrun", "registry_source", "registry_requestbudget"}
    assert Offering.objects.with_as_of().filter(as_of=NOW + INTERVAL).count() == 6


def test_what_a_round_does_not_reach_is_due_first_in_the_next_one(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "ROUND", timedelta(0))
    run = round_(hub, NOW)
    assert (run.section_count, run.left_count) == (1, 2)
    assert run.log.endswith("2 sections are left for the next round. The round has had its time.")
    next_due_at = Source.objects.get(slug="huggingface").next_due_at
    assert next_due_at is not None
    assert timedelta(seconds=1) <= next_due_at - NOW < timedelta(seconds=20)

    monkeypatch.undo()
    hub.log.clear()
    assert round_(hub, NOW + timedelta(minutes=1)).left_count == 0
    assert listings_asked(hub) == ["bolt", "corp"]


def test_after_a_429_the_round_ends_keeps_what_it_read_and_waits_as_long_as_it_was_told(hub: Hub) -> None:
    round_(hub, NOW)
    hub.change("acme/e5", gated="auto")
    hub.fail("429", namespace="bolt")
    run = round_(hub, NOW + INTERVAL)
    assert (run.section_count, run.left_count) == (1, 2)
    assert told() == ["gated"]
    next_due_at = Source.objects.get(slug="huggingface").next_due_at
    assert next_due_at is not None
    assert next_due_at - NOW - INTERVAL >= timedelta(seconds=170)


def test_a_namespace_that_fails_harms_no_other_and_is_due_again(hub: Hub) -> None:
    round_(hub, NOW)
    hub.change("corp/e5", disabled=True)
    hub.fail("503", namespace="bolt")
    run = round_(hub, NOW + INTERVAL)
    assert (run.section_count, told()) == (2, ["disabled"])
    assert run.error == "Not answered: 1 of 3 sections; bolt: The Hub answered 503."
    bolt = Section.objects.get(name="bolt")
    assert (bolt.confirmed_at, bolt.failed_since) == (NOW, NOW + INTERVAL)

    hub.recover()
    round_(hub, NOW + 2 * INTERVAL)
    bolt.refresh_from_db()
    assert (bolt.failed_since, bolt.last_error) == (None, "")


def test_a_hub_that_fails_everywhere_fails_the_run_and_changes_nothing(hub: Hub) -> None:
    round_(hub, NOW)
    hub.fail("503")
    run = round_(hub, NOW + INTERVAL)
    assert (run.outcome, told()) == (PollRun.Outcome.FAILED, [])
    assert not Listing.objects.exclude(missing_since=None).exists()


def test_a_namespace_that_upstream_hinted_at_is_read_first_and_alone(hub: Hub) -> None:
    round_(hub, NOW)
    Section.objects.filter(name="corp").update(hinted_at=NOW + timedelta(minutes=5))
    hub.change("corp/e5", gated="manual")
    hub.log.clear()
    round_(hub, NOW + timedelta(minutes=6))
    assert (listings_asked(hub), told()) == (["corp"], ["gated"])
    assert Section.objects.get(name="corp").hinted_at is None


def test_a_repository_that_is_new_in_the_register_is_asked_for_before_its_namespace_is_due(hub: Hub) -> None:
    round_(hub, NOW)
    hub.add("bolt/new")
    f.offering("bolt/new")
    hub.log.clear()
    round_(hub, NOW + timedelta(minutes=11))
    assert set(listings_asked(hub)) == {"bolt"}
    assert Listing.objects.get(external_id="bolt/new").offering is not None


def test_a_killed_round_leaves_nothing_that_counts_and_is_taken_up_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_args: object, **_kwargs: object) -> None:
        raise Killed

    round_(hub, NOW)
    hub.change("acme/e5", gated="auto", sha="b" * 40)
    with monkeypatch.context() as patched:
        patched.setattr(sweep, "complete", kill)
        with pytest.raises(Killed):
            round_(hub, NOW + INTERVAL)
    assert told() == []

    round_(hub, NOW + INTERVAL + timedelta(minutes=20))
    assert told() == ["gated", "revision_moved"]
    assert Observation.objects.filter(listing__external_id="acme/e5").count() == 2


def test_the_same_slot_is_swept_once(hub: Hub) -> None:
    round_(hub, NOW)
    requests = len(hub.log)
    round_(hub, NOW)
    assert len(hub.log) == requests


def test_a_round_that_saw_nothing_that_is_known_to_be_there_is_not_believed(hub: Hub) -> None:
    round_(hub, NOW)
    for name in list(hub.repositories):
        hub.remove(name)
    run = round_(hub, NOW + INTERVAL)
    assert (run.outcome, run.error.partition(",")[0]) == (
        PollRun.Outcome.FAILED,
        "Nothing that is known to be there was seen",
    )
    assert not Listing.objects.exclude(missing_since=None).exists()
    assert set(Section.objects.values_list("confirmed_at", flat=True)) == {NOW}, "what nobody saw is not fresh"


def test_what_is_seen_for_the_first_time_is_believed_though_no_absence_counts_beside_it(hub: Hub) -> None:
    f.offering("acme/never-there")
    run = round_(hub, NOW)
    assert (run.outcome, run.log.rpartition("\n")[2]) == (
        PollRun.Outcome.CHANGED,
        "Nothing that was known to be there before was seen in this round, so that no absence counts.",
    )
    assert Observation.objects.count() == len(hub.repositories)
    assert not Listing.objects.exclude(missing_since=None).exists()


def test_a_renamed_repository_answers_to_both_names(hub: Hub) -> None:
    round_(hub, NOW)
    hub.rename("acme/e5", "zenith/e5")
    round_(hub, NOW + INTERVAL)
    round_(hub, NOW + 2 * INTERVAL)
    renamed = Offering.objects.get(external_id="acme/e5")
    both = resolve([Wanted("zenith/e5"), Wanted("acme/e5")], system=None)
    assert [one.offering_id for one in both] == [renamed.pk, renamed.pk]


def test_a_new_name_that_another_offering_has_stays_with_that(hub: Hub) -> None:
    other = f.offering("zenith/e5")
    round_(hub, NOW)
    hub.rename("acme/e5", "zenith/e5")
    round_(hub, NOW + INTERVAL)
    assert resolve([Wanted("zenith/e5")], system=None)[0].offering_id == other.pk


def test_a_report_of_a_rename_gives_no_name_away(hub: Hub) -> None:
    round_(hub, NOW)
    report_change(
        Offering.objects.get(external_id="acme/e5"),
        kind="renamed",
        facts={"renamed_to": "zenith/never-registered"},
        summary="Seen in a forum",
        source_url="https://forum.example/renamed",
        reported_by=f.user(),
        now=NOW + timedelta(minutes=1),
    )
    assert resolve([Wanted("zenith/never-registered")], system=None)[0].offering_id is None


def test_a_single_repository_that_is_gone_is_believed_when_the_canary_lives(hub: Hub) -> None:
    round_(hub, NOW)
    for name in list(hub.repositories):
        hub.remove(name)
    hub.add("openai-community/gpt2")
    round_(hub, NOW + INTERVAL)
    assert Incident.objects.get().affected_count == 6


def test_a_namespace_that_the_budget_cuts_is_gone_on_with_once_the_budget_allows(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Hub(quota=30) as hub:
        settings.HF_ENDPOINT, settings.HF_TOKEN = hub.url, TOKEN
        monkeypatch.setattr(hub_budget, "now", hub.clock.now)
        for number in range(20):
            hub.add(f"acme/m{number}")
            f.offering(f"acme/m{number}")
        now, rounds, run = NOW, 0, None
        while run is None or run.left_count or run.outcome == PollRun.Outcome.FAILED:
            run = round_(hub, now)
            next_due_at = Source.objects.get(slug="huggingface").next_due_at
            assert next_due_at is not None
            now, rounds = next_due_at, rounds + 1
        assert 2 <= rounds <= 5
        assert hub.early == []
        assert Listing.objects.filter(current__isnull=False).count() == 20
        assert Section.objects.get(name="acme").confirmed_at is not None
