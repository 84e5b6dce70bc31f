"""Trying a policy before it takes force: it says what the gate will say."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest

from bench.rows import Size, write
from governance import trials
from governance.check import preview
from governance.dry_run import Moved, Report, try_policy
from governance.facts import many
from governance.models import BreakGlass, DryRun, Policy
from governance.refused import Refused
from governance.rules.policy_text import read
from governance.terms import terms_in_force
from governance.trials import ask, work
from registry.models import Dependency, Environment, System, User
from tests import factories as f
from tests.factories import NOW
from tests.governance.gate_world import green

pytestmark = pytest.mark.django_db

STRICTER = '[levels]\nUD303 = "error"\nUD401.production.normal = "error"\n'


@pytest.fixture
def rita() -> User:
    return f.user("rita", role="reviewer")


def tried(text: str) -> Report:
    *_, report = try_policy(read(text)[1], terms_in_force(NOW), now=NOW)
    return report


def verdicts() -> dict[tuple[str, str], str]:
    """What the gate itself says of everything that is declared."""
    places = Environment.objects.filter(dependencies__ended_on=None).values_list("dependencies__system__slug", "slug")
    return {place: preview(*place, now=NOW).verdict for place in places.distinct()}


def some_systems() -> None:
    """Green, without a plan, deprecated, staged, tagged and broken open."""
    green()
    f.dependency(system=f.system("planless", criticality="normal"))
    old = green(system=f.system("old", criticality="normal"))
    old.offering.status = "deprecated"
    old.offering.save()
    f.dependency(system=f.system("staged"), environment=f.environment("staging"))
    f.dependency(system=f.system("sandboxed", tags=["sandbox"]))
    opened = f.dependency(system=f.system("opened"))
    BreakGlass.objects.create(
        system=opened.system,
        environment=opened.environment,
        reason="Down.",
        opened_by=f.user(),
        opened_at=NOW - timedelta(hours=1),
        ends_at=NOW + timedelta(hours=1),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        STRICTER,
        'levels.UD401 = "note"\nlevels.UD103 = "note"',
        "[enforce_from]\nUD401 = 2026-06-01\nUD103 = 2026-06-01\n[enforce_from.systems.planless]\nUD103 = 2026-01-01",
        '[[exceptions]]\ntag = "sandbox"\nrules = ["UD401", "UD103"]\nlevel = "note"\nuntil = 2026-06-01\nreason = "r"',
        "lead_days.critical = 200\nallowed_license_classes.saas = []",
    ],
)
def test_a_dry_run_says_what_the_gate_says_before_and_after(text: str, rita: User) -> None:
    some_systems()
    before = verdicts()

    report = tried(text)

    Policy.objects.create(version=1, document=read(text)[0], reason="r", author=rita, in_force_from=NOW)
    after = verdicts()
    assert {(one.system, one.environment): (one.before, one.after) for one in report.changes} == {
        place: (before[place], after[place]) for place in before if before[place] != after[place]
    }
    assert sum(report.verdicts.values()) == len(before)
    assert (report.done, report.total) == (6, 6)


def test_what_comes_and_goes_is_named() -> None:
    dependency = f.dependency(system=f.system("planless", criticality="normal"))

    (changed,) = tried('levels.UD103 = "note"').changes

    assert (changed.before, changed.after) == ("fail", "warn")
    assert changed.findings == (Moved("UD103", str(dependency.offering), "error", "note"),)


@pytest.mark.parametrize("systems", [3, 30])
def test_a_batch_costs_the_same_queries_however_many_systems_are_in_it(
    systems: int, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    write(
        Size(models=60, systems=systems, dependencies=60, busy_systems=1, uses_of_a_busy_system=5, vendors=5, teams=3)
    )
    ids = list(System.objects.values_list("pk", flat=True))

    with django_assert_num_queries(15):
        loaded = many.load_many(ids, now=NOW)

    assert sum(len(one.uses) for one in loaded) == Dependency.objects.count()


def test_batches_together_are_everything_once() -> None:
    some_systems()

    loaded = [one.system.slug for batch in many.declared_in_batches(now=NOW, size=2) for one in batch]

    assert len(loaded) == len(set(loaded)) == 6


def test_a_small_register_is_answered_at_once(rita: User) -> None:
    some_systems()

    row = ask(by=rita, text=STRICTER, now=NOW)

    assert row.finished_at == NOW
    assert (row.done, row.total) == (6, 6)
    assert row.changed_count == len(row.changes)
    assert sum(row.verdicts.values()) == 6


@pytest.fixture
def parted(rita: User, monkeypatch: pytest.MonkeyPatch) -> DryRun:
    """A dry run that waits for workers, of three parts with two systems each."""
    monkeypatch.setattr(trials, "AT_ONCE", 0)
    monkeypatch.setattr(trials, "A_PART", 2)
    some_systems()
    return ask(by=rita, text=STRICTER, now=NOW)


def begun_by_a_worker_that_died(row: DryRun, parts: int) -> None:
    """Let a worker do so many parts and die within the next one."""
    left = iter([NOW] * (2 + 6 * parts))

    def clock() -> datetime:
        moment = next(left, None)
        if moment is None:
            raise SystemExit
        return moment

    with pytest.raises(SystemExit):
        trials.work_on(row, clock=clock)


def test_a_large_one_waits_for_a_worker_and_is_done_once(parted: DryRun) -> None:
    whole = tried(STRICTER)
    assert parted.finished_at is None

    assert work(clock=lambda: NOW) == 3
    assert work(clock=lambda: NOW) == 0

    parted.refresh_from_db()
    assert (parted.done, parted.total, parted.finished_at) == (6, 6, NOW)
    assert parted.changes == [changed.as_json for changed in whole.changes]
    assert parted.changed_count == whole.changed_count > 0
    assert parted.verdicts == {f"{before} -> {after}": count for (before, after), count in whole.verdicts.items()}
    assert not parted.parts.exists()


def test_what_a_dead_worker_has_finished_stands_and_its_part_is_begun_anew_after_the_lease(parted: DryRun) -> None:
    begun_by_a_worker_that_died(parted, parts=1)
    assert [part.finished_at is not None for part in parted.parts.all()] == [True, False, False]

    assert work(clock=lambda: NOW) == 1
    parted.refresh_from_db()
    assert parted.finished_at is None

    later = NOW + trials.LEASE + timedelta(seconds=1)
    assert work(clock=lambda: later) == 1
    parted.refresh_from_db()
    assert (parted.done, parted.finished_at) == (6, later)


def test_a_worker_that_dies_before_it_sums_up_leaves_that_to_another(parted: DryRun) -> None:
    begun_by_a_worker_that_died(parted, parts=2)
    parted.parts.filter(finished_at=None).update(finished_at=NOW)

    assert work(clock=lambda: NOW) == 0

    parted.refresh_from_db()
    assert parted.finished_at == NOW


def test_no_more_parts_are_judged_at_a_time_than_leave_room_for_others(parted: DryRun) -> None:
    begun_by_a_worker_that_died(parted, parts=0)
    begun_by_a_worker_that_died(parted, parts=0)

    assert work(clock=lambda: NOW) == 0
    assert work(clock=lambda: NOW + trials.LEASE + timedelta(seconds=1)) == 3


def test_a_worker_does_as_many_parts_as_it_is_asked_to(parted: DryRun) -> None:
    assert [work(clock=lambda: NOW, at_most=1) for _ in range(4)] == [1, 1, 1, 0]
    parted.refresh_from_db()
    assert parted.finished_at == NOW


def test_all_parts_are_compared_with_the_policy_of_one_moment(parted: DryRun, rita: User) -> None:
    whole = tried(STRICTER)
    begun_by_a_worker_that_died(parted, parts=1)
    moment = NOW + timedelta(minutes=1)
    document = read('levels.UD103 = "note"')[0]
    Policy.objects.create(version=1, document=document, reason="r", author=rita, in_force_from=moment)

    work(clock=lambda: NOW + trials.LEASE + timedelta(seconds=1))

    parted.refresh_from_db()
    assert parted.policy_version == 0
    assert parted.changes == [changed.as_json for changed in whole.changes]


def test_owners_try_no_policies() -> None:
    with pytest.raises(Refused):
        ask(by=f.user(role="owner"), text=STRICTER, now=NOW)
