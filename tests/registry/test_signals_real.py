"""The release dates of real models: `hf/mteb-model-meta.json`, which sees embedding models alone."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from registry.history import History
from registry.releases import is_open
from registry.signal_parts import Name, Part
from registry.signals import ENOUGH_RELEASES, judge
from tests.registry.histories import Release, history

NEWEST = date(2026, 10, 21)
QUIET = {"BAAI", "Salesforce", "Snowflake", "cl-nagoya", "nomic-ai", "vidore"}
SLOW = {"facebook"}


@pytest.fixture(scope="module")
def vendors(feeds: Path) -> Mapping[str, History]:
    """By namespace, those with enough releases with weights."""
    found: defaultdict[str, list[Release]] = defaultdict(list)
    for row in json.loads((feeds / "hf" / "mteb-model-meta.json").read_bytes()):
        if row.get("release_date") and row.get("open_weights"):
            license_ids = tuple(filter(None, [row.get("license")]))
            release = Release(date.fromisoformat(row["release_date"]), is_open=is_open(license_ids))
            found[row["name"].partition("/")[0]].append(release)
    return {
        name: history(releases, as_of=NEWEST) for name, releases in found.items() if len(releases) >= ENOUGH_RELEASES
    }


def part(of: History, name: Name) -> Part:
    return next(one for one in judge(of, today=NEWEST) if one.name is name)


def crossing(vendors: Mapping[str, History], name: Name) -> set[str]:
    return {vendor for vendor, of in vendors.items() if part(of, name).is_crossed}


def test_of_25_vendors_those_are_quiet_that_have_paused_for_twice_as_long_as_before(
    vendors: Mapping[str, History],
) -> None:
    assert len(vendors) == 25
    assert crossing(vendors, Name.SILENCE) == QUIET


def test_one_wave_after_another_year_of_waves_is_slow_at_most(vendors: Mapping[str, History]) -> None:
    assert crossing(vendors, Name.PACE) == SLOW


def test_of_embedding_models_alone_nobody_is_said_to_close(vendors: Mapping[str, History]) -> None:
    assert crossing(vendors, Name.OPEN_SHARE) == set()


@pytest.mark.parametrize(
    ("vendor", "value", "threshold"),
    [("google", 0.5, 24.0), ("Qwen", 9.4, 14.8), ("BAAI", 17.2, 14.6), ("codefuse-ai", 7.4, 12.0)],
)
def test_each_is_held_against_its_own_rhythm(
    vendors: Mapping[str, History], vendor: str, value: float, threshold: float
) -> None:
    silence = part(vendors[vendor], Name.SILENCE)
    assert (silence.value, silence.threshold) == (value, threshold)


def test_a_single_wave_is_no_rhythm(vendors: Mapping[str, History]) -> None:
    assert part(vendors["McGill-NLP"], Name.SILENCE).sentence == (
        "Not enough to say: 8 releases in 1 quarter; at least 8 in 3 quarters are needed."
    )
