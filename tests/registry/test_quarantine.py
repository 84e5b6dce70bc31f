"""What a source says and nobody believes yet: held back, with one incident, until a person or the source decides."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry import incidents
from registry.models import Change, HeldFact, Incident, Listing, Offering, PollRun, Source
from tests import factories as f
from tests.factories import NOW
from tests.registry.feeding import chat, feed

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def told() -> list[tuple[str, str]]:
    rows = Change.objects.in_force().exclude(kind="listed").exclude(listing=None).order_by("kind", "pk")
    return [(row.kind, row.listing.external_id) for row in rows if row.listing]


def catalogue(count: int = 100, **fields: Any) -> dict[str, dict[str, Any]]:
    return {f"m{number}": chat(**fields) for number in range(count)}


def hub(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return list(rows)


def repository(name: str = "acme/e5", **fields: Any) -> dict[str, Any]:
    return {"_id": name, "id": name, "sha": "a" * 40, "gated": False, "cardData": {"license": "mit"}} | fields


def test_rows_that_are_gone_at_once_are_held_back_and_the_dates_of_the_others_come_through(tmp_path: Path) -> None:
    feed(tmp_path, catalogue())
    less = {name: entry for name, entry in catalogue().items() if name not in {f"m{number}" for number in range(14)}}
    run = feed(tmp_path, less | {"m50": chat(deprecation_date="2027-01-01")}, now=NOW + HOUR)

    assert run.outcome == PollRun.Outcome.CHANGED
    assert told() == [("retirement_announced", "m50")]
    assert not Listing.objects.exclude(missing_since=None).exists()
    incident = Incident.objects.get()
    assert (incident.kind, incident.affected_count) == ("suspect", 14)
    assert incident.reason == "14 of 100 rows are gone at once, among them m0, m1, m10."


def test_an_incident_is_opened_once_however_often_the_source_says_the_same(tmp_path: Path) -> None:
    feed(tmp_path, catalogue())
    for hours in range(1, 5):
        feed(tmp_path, catalogue(80) | {"m1": chat(max_input_tokens=hours)}, now=NOW + hours * HOUR)
    assert (Incident.objects.count(), HeldFact.objects.count()) == (1, 20)
    assert {kind for kind, _ in told()} == {"capability_changed"}


def test_rows_that_come_back_end_the_incident(tmp_path: Path) -> None:
    feed(tmp_path, catalogue())
    feed(tmp_path, catalogue(80), now=NOW + HOUR)
    feed(tmp_path, catalogue(), now=NOW + 2 * HOUR)
    assert Incident.objects.get().verdict == "passed"
    assert (told(), HeldFact.objects.count()) == ([], 0)


def test_released_rows_of_a_feed_are_missing_and_not_removed(tmp_path: Path) -> None:
    feed(tmp_path, catalogue())
    feed(tmp_path, catalogue(80), now=NOW + HOUR)
    incidents.release(Incident.objects.get(), by=f.user("mara"), note="", now=NOW + 2 * HOUR)
    assert Listing.objects.filter(missing_since=NOW + HOUR, removed_at=None).count() == 20
    assert (told(), HeldFact.objects.count()) == ([], 0)


def test_dismissed_rows_stay_there_and_open_nothing_again(tmp_path: Path) -> None:
    feed(tmp_path, catalogue())
    feed(tmp_path, catalogue(80), now=NOW + HOUR)
    incidents.dismiss(Incident.objects.get(), by=f.user("mara"), note="They broke their export.", now=NOW + 2 * HOUR)
    feed(tmp_path, catalogue(80) | {"m1": chat(mode="x")}, now=NOW + 3 * HOUR)
    assert Incident.objects.get().verdict == "dismissed"
    assert not Listing.objects.exclude(missing_since=None).exists()


def test_an_incident_ends_once(tmp_path: Path) -> None:
    feed(tmp_path, catalogue())
    feed(tmp_path, catalogue(80), now=NOW + HOUR)
    incidents.dismiss(Incident.objects.get(), by=f.user("mara"), note="", now=NOW + 2 * HOUR)
    with pytest.raises(incidents.Closed, match="Dismissed"):
        incidents.release(Incident.objects.get(), by=f.user("paul"), note="", now=NOW + 3 * HOUR)


def test_a_date_given_to_most_of_a_source_at_once_is_held_back(tmp_path: Path) -> None:
    offering = f.offering("m1", host="openai", kind=Offering.Kind.SERVICE)
    feed(tmp_path, catalogue())
    feed(tmp_path, catalogue(deprecation_date="2026-05-01"), now=NOW + HOUR)

    assert told() == []
    offering.refresh_from_db()
    assert (offering.retires_on, offering.status) == (None, "available")
    assert "“Retirement announced” is stated of 100 of 100 rows at once" in Incident.objects.get().reason


def test_what_is_released_counts_and_is_told_at_once(tmp_path: Path) -> None:
    offering = f.offering("m1", host="openai", kind=Offering.Kind.SERVICE)
    feed(tmp_path, catalogue())
    feed(tmp_path, catalogue(deprecation_date="2026-05-01"), now=NOW + HOUR)
    incidents.release(Incident.objects.get(), by=f.user("mara"), note="Their page says so.", now=NOW + 2 * HOUR)

    assert len(told()) == 100
    offering.refresh_from_db()
    assert offering.retires_on == date(2026, 5, 1)


def test_what_is_dismissed_is_not_believed_until_the_source_says_something_else(tmp_path: Path) -> None:
    offering = f.offering("m1", host="openai", kind=Offering.Kind.SERVICE)
    feed(tmp_path, catalogue())
    wrong = catalogue(deprecation_date="2026-05-01")
    feed(tmp_path, wrong, now=NOW + HOUR)
    incidents.dismiss(Incident.objects.get(), by=f.user("mara"), note="", now=NOW + 2 * HOUR)
    feed(tmp_path, wrong | {"m9": chat(deprecation_date="2026-05-01", mode="x")}, now=NOW + 3 * HOUR)
    offering.refresh_from_db()
    assert (told(), offering.retires_on) == ([("capability_changed", "m9")], None)

    feed(tmp_path, wrong | {"m1": chat(deprecation_date="2027-08-01")}, now=NOW + 4 * HOUR)
    offering.refresh_from_db()
    assert (offering.retires_on, ("retirement_announced", "m1") in told()) == (date(2027, 8, 1), True)


def test_as_many_as_a_person_can_look_at_are_no_mass_change(tmp_path: Path) -> None:
    feed(tmp_path, catalogue(20))
    feed(tmp_path, catalogue(20, deprecation_date="2027-01-01"), now=NOW + HOUR)
    assert (len(told()), Incident.objects.count()) == (20, 0)


def test_a_document_that_is_nearly_empty_opens_one_incident_and_the_next_good_one_ends_it(tmp_path: Path) -> None:
    feed(tmp_path, catalogue())
    assert feed(tmp_path, catalogue(3), now=NOW + HOUR).outcome == PollRun.Outcome.REFUSED
    assert feed(tmp_path, {}, now=NOW + 2 * HOUR).outcome == PollRun.Outcome.REFUSED
    assert (Incident.objects.get().kind, Incident.objects.get().closed_at) == ("empty", None)

    feed(tmp_path, catalogue(), now=NOW + 3 * HOUR)
    assert Incident.objects.get().verdict == "passed"


def test_a_license_counts_when_two_reads_agree(tmp_path: Path) -> None:
    feed(tmp_path, hub(repository()), to="huggingface")
    other = repository(cardData={"license": "cc-by-nc-4.0"}, sha="b" * 40)
    feed(tmp_path, hub(other), to="huggingface", now=NOW + HOUR)
    assert told() == [("revision_moved", "acme/e5")]

    feed(tmp_path, hub(other), to="huggingface", now=NOW + 2 * HOUR)
    assert told() == [("license_changed", "acme/e5"), ("revision_moved", "acme/e5")]
    assert HeldFact.objects.count() == 0


def test_a_license_that_goes_back_raises_nothing_and_stays_in_the_history(tmp_path: Path) -> None:
    feed(tmp_path, hub(repository()), to="huggingface")
    feed(tmp_path, hub(repository(cardData={"license": "cc-by-nc-4.0"})), to="huggingface", now=NOW + HOUR)
    feed(tmp_path, hub(repository()), to="huggingface", now=NOW + 2 * HOUR)
    feed(tmp_path, hub(repository()), to="huggingface", now=NOW + 3 * HOUR)

    assert (told(), HeldFact.objects.count()) == ([], 0)
    said = Listing.objects.get().observations.order_by("observed_at").values_list("facts__license", flat=True)
    assert list(said) == [["mit"], ["cc-by-nc-4.0"], ["mit"]]


def test_three_different_licenses_in_three_reads_are_not_believed(tmp_path: Path) -> None:
    for hours, license_ in enumerate(("mit", "cc-by-nc-4.0", "other")):
        feed(tmp_path, hub(repository(cardData={"license": license_})), to="huggingface", now=NOW + hours * HOUR)
    assert told() == []


def test_the_license_that_was_believed_before_counts_meanwhile(tmp_path: Path) -> None:
    offering = f.offering("acme/e5")
    feed(tmp_path, hub(repository()), to="huggingface")
    feed(tmp_path, hub(repository(cardData={"license": "cc-by-nc-4.0"})), to="huggingface", now=NOW + HOUR)
    assert offering.revisions.get().license_as_given == "mit"


def test_a_repository_is_removed_after_three_negatives_over_a_day_and_restored_when_it_is_back(tmp_path: Path) -> None:
    offering = f.offering("acme/e5")
    there, gone = repository("acme/other"), {"id": "acme/e5", "problem": "not_found", "detail": ""}
    feed(tmp_path, hub(repository(), there), to="huggingface")
    for hours in (6, 12, 24):
        feed(tmp_path, hub(gone, there), to="huggingface", now=NOW + hours * HOUR)
        assert told() == []
    feed(tmp_path, hub(gone, there), to="huggingface", now=NOW + 30 * HOUR)
    offering.refresh_from_db()
    assert (told(), offering.status) == ([("removed", "acme/e5")], "removed")

    feed(tmp_path, hub(gone, there), to="huggingface", now=NOW + 36 * HOUR)
    assert told() == [("removed", "acme/e5")], "it is told once"
    feed(tmp_path, hub(repository(), there), to="huggingface", now=NOW + 42 * HOUR)
    offering.refresh_from_db()
    assert (told(), offering.status) == ([("removed", "acme/e5"), ("restored", "acme/e5")], "available")


def test_answers_that_say_nothing_neither_count_nor_interrupt_an_absence(tmp_path: Path) -> None:
    there, gone = repository("acme/other"), {"id": "acme/e5", "problem": "not_found", "detail": ""}
    silent = {"id": "acme/e5", "problem": "unknown", "detail": "503"}
    feed(tmp_path, hub(repository(), there), to="huggingface")
    for hours, answer in ((6, gone), (12, silent), (18, silent), (30, silent), (36, gone)):
        feed(tmp_path, hub(answer, there), to="huggingface", now=NOW + hours * HOUR)
    assert (told(), Listing.objects.get(external_id="acme/e5").absences) == ([], 2)
    feed(tmp_path, hub(gone, there), to="huggingface", now=NOW + 37 * HOUR)
    assert told() == [("removed", "acme/e5")]


def test_released_repositories_are_removed_at_once_on_a_person_s_word(tmp_path: Path) -> None:
    names = [f"acme/m{number}" for number in range(40)]
    feed(tmp_path, hub(*map(repository, names)), to="huggingface")
    away = [{"id": name, "problem": "not_found", "detail": ""} for name in names[:5]]
    feed(tmp_path, hub(*away, *map(repository, names[5:])), to="huggingface", now=NOW + HOUR)
    assert told() == []

    incidents.release(Incident.objects.get(), by=f.user("mara"), note="", now=NOW + 2 * HOUR)
    assert [kind for kind, _ in told()] == ["removed"] * 5
    assert set(Change.objects.filter(kind="removed").values_list("origin", "reported_by__username")) == {
        ("person", "mara")
    }


def test_a_source_of_its_own_package_keeps_its_incidents(tmp_path: Path) -> None:
    feed(tmp_path, catalogue())
    feed(tmp_path, catalogue(80), now=NOW + HOUR)
    assert Incident.objects.get().source == Source.objects.get(slug="litellm")
