"""Real releases of LiteLLM's map, one after the other through the command, against lists that were computed elsewhere.

Each pair is fed once; what it left is read into values and rolled back, so the tests themselves need no database.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

from registry.models import Change, Listing, PollRun

PAIRS = [
    ("1.75.9", "2025-08-15", "1.80.17", "2026-01-20"),
    ("1.98.1", "2026-09-25", "1.99.4", "2026-10-20"),
]
FIELDS = {"input_price": "input_cost_per_token", "output_price": "output_cost_per_token"}


@dataclass(frozen=True, slots=True)
class Fed:
    """What the second document of a pair left, beside what it should have left."""

    truth: dict[str, Any]
    printed: str
    run: PollRun
    by_kind: dict[str, list[Change]]
    missing: set[str]
    baseline_kinds: set[str]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: f"{pair[0]} to {pair[2]}")
def fed(
    request: pytest.FixtureRequest,
    feeds: Path,
    django_db_setup: None,  # noqa: ARG001 - the database has to be there
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Fed]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield _feed(feeds, *request.param)
        transaction.set_rollback(True)


def _feed(feeds: Path, old: str, old_day: str, new: str, new_day: str) -> Fed:
    truths = json.loads((feeds / "litellm-diffs.json").read_text(encoding="utf-8"))["diffs"]
    _poll(feeds / f"litellm-{old}.json", old_day)
    baseline_kinds = set(Change.objects.values_list("kind", flat=True))
    printed = _poll(feeds / f"litellm-{new}.json", new_day)
    run = PollRun.objects.filter(source__slug="litellm").order_by("-pk")[0]
    by_kind = defaultdict(list)
    for change in Change.objects.filter(run=run).select_related("listing"):
        by_kind[change.kind].append(change)
    return Fed(
        truth=next(truth for truth in truths if (truth["from"], truth["to"]) == (old, new)),
        printed=printed,
        run=run,
        by_kind=by_kind,
        missing=set(Listing.objects.exclude(missing_since=None).values_list("external_id", flat=True)),
        baseline_kinds=baseline_kinds,
    )


def _poll(path: Path, day: str) -> str:
    out = StringIO()
    call_command("poll", "litellm", "--file", str(path), "--as-of", day, stdout=out)
    return out.getvalue()


def _told(fed: Fed, kind: str) -> list[tuple[Any, ...]]:
    return sorted((change.listing.external_id, change.before, change.after) for change in fed.by_kind[kind])  # type: ignore[union-attr]


def test_the_first_document_raises_nothing_but_listed(fed: Fed) -> None:
    assert fed.baseline_kinds == {"listed"}


def test_every_announced_retirement_of_a_known_row_is_raised(fed: Fed) -> None:
    expected = sorted((key, None, day) for key, day in fed.truth["deprecation_date_added"])
    assert _told(fed, "retirement_announced") == expected


def test_every_moved_retirement_is_raised(fed: Fed) -> None:
    assert _told(fed, "retirement_moved") == sorted(map(tuple, fed.truth["deprecation_date_changed"]))


def test_every_withdrawn_retirement_is_raised(fed: Fed) -> None:
    expected = sorted((key, day, None) for key, day in fed.truth["deprecation_date_cleared"])
    assert _told(fed, "retirement_withdrawn") == expected


def test_every_price_that_moved_by_more_than_a_tenth_is_raised_once_per_model(fed: Fed) -> None:
    told = {
        (change.listing.external_id, FIELDS[name])  # type: ignore[union-attr]
        for change in fed.by_kind["price_changed"]
        for name in change.after
    }
    assert told == {(key, field) for key, field, _, _ in fed.truth["price_changed"]}
    assert len(fed.by_kind["price_changed"]) == fed.truth["counts"]["price_changed_gt_10pct_models"]


def test_prices_are_told_in_dollars_per_million(fed: Fed) -> None:
    told = {
        (change.listing.external_id, FIELDS[name]): (change.before[name], change.after[name])  # type: ignore[union-attr]
        for change in fed.by_kind["price_changed"]
        for name in change.after
    }
    for key, field, old, new in fed.truth["price_changed"]:
        before, after = map(float, told[key, field])
        assert (before, after) == pytest.approx((old * 1e6, new * 1e6))


def test_every_changed_context_length_is_raised(fed: Fed) -> None:
    told = [change for change in fed.by_kind["capability_changed"] if "context_length" in change.after]
    assert len(told) == fed.truth["counts"]["max_input_tokens_changed"]


def test_new_rows_are_listed_and_absent_ones_missing_and_none_removed(fed: Fed) -> None:
    assert len(fed.by_kind["listed"]) == fed.run.listed_count == fed.truth["counts"]["added"]
    assert fed.missing == set(fed.truth["removed"])
    assert fed.run.missing_count == fed.truth["counts"]["removed"]


def test_nothing_else_is_raised(fed: Fed) -> None:
    assert set(fed.by_kind) <= {
        "listed",
        "retirement_announced",
        "retirement_moved",
        "retirement_withdrawn",
        "price_changed",
        "capability_changed",
    }
    assert fed.run.rejected_count == 0


def test_the_command_says_what_came(fed: Fed) -> None:
    assert f"{fed.run.record_count} records" in fed.printed
    assert f"{len(fed.by_kind['retirement_announced']):8} retirement_announced" in fed.printed
