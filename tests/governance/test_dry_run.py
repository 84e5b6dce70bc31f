"""Trying a policy before it takes force: it says what the gate will say."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from bench.rows import Size, write
from governance import dry_run
from governance.check import preview
from governance.dry_run import Moved, Report, ask, try_policy, work, work_on
from governance.facts import many
from governance.models import BreakGlass, DryRun, Policy
from governance.refused import Refused
from governance.rules.policy_text import read
from governance.terms import terms_in_force
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

    with django_assert_num_queries(14):
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


def test_a_large_one_waits_for_a_worker_and_is_done_once(rita: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "AT_ONCE", 0)
    some_systems()

    row = ask(by=rita, text=STRICTER, now=NOW)

    assert row.finished_at is None
    assert work(clock=lambda: NOW) == 1
    assert work(clock=lambda: NOW) == 0
    row.refresh_from_db()
    assert row.done == 6


def test_a_dry_run_that_a_dead_worker_left_is_begun_anew_after_its_lease(rita: User) -> None:
    row = DryRun.objects.create(text=STRICTER, asked_by=rita, policy_version=0, claimed_until=NOW + dry_run.LEASE)

    assert work_on(row, clock=lambda: NOW) is False
    assert work(clock=lambda: NOW + dry_run.LEASE + timedelta(seconds=1)) == 1


def test_owners_try_no_policies() -> None:
    with pytest.raises(Refused):
        ask(by=f.user(role="owner"), text=STRICTER, now=NOW)
