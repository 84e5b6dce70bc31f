"""A real release of LiteLLM's map that loses 14 % of its keys, as one has: held back, while its dates come through."""

import json
from pathlib import Path
from typing import Any

import pytest

from registry.models import Change, Incident, Listing, PollRun
from tests.registry.feeding import feed

pytestmark = pytest.mark.django_db
OLD, NEW = "1.98.1", "1.99.4"
DATES = {"retirement_announced", "retirement_moved", "retirement_withdrawn"}


def test_a_release_that_drops_a_seventh_of_its_keys_is_held_back_and_its_dates_come_through(
    feeds: Path, tmp_path: Path
) -> None:
    old, new = (json.loads((feeds / f"litellm-{version}.json").read_bytes()) for version in (OLD, NEW))
    (truth,) = (one for one in json.loads((feeds / "litellm-diffs.json").read_bytes())["diffs"] if one["to"] == NEW)
    known = sorted(old.keys() & new.keys() - {"sample_spec"})
    dropped = set(known[::7])
    feed(tmp_path, old)
    run = feed(tmp_path, {key: entry for key, entry in new.items() if key not in dropped})

    gone = dropped | set(truth["removed"])
    assert run.outcome == PollRun.Outcome.CHANGED
    assert 0.13 < len(gone) / len(old) < 0.16
    incident = Incident.objects.get()
    assert (incident.kind, incident.affected_count) == ("suspect", len(gone))
    assert not Listing.objects.exclude(missing_since=None).exists()
    told = Change.objects.in_force().filter(kind__in=DATES).values_list("listing__external_id", flat=True)
    assert set(told) == _dated(truth) - dropped


def _dated(truth: dict[str, Any]) -> set[str]:
    """The keys whose day the truth file knows to have come, gone or moved."""
    return {row[0] for name in ("added", "changed", "cleared") for row in truth[f"deprecation_date_{name}"]}
