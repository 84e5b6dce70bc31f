"""What stands beside the facts of a proposal: how much would hang on one vendor, and what sources contradict."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.beside import beside
from governance.concentration import snapshot
from governance.concentration_after import Move, Share, after_switch
from governance.disputes import MATERIAL, find
from governance.models import Concentration, Proposal
from governance.proposals import withdraw
from registry.effective import Claim
from registry.models import Dependency, Offering
from registry.records import ListingRecord
from tests import factories as f
from tests.governance.conftest import browser_of, client_of
from tests.governance.proposing import World, make_world

pytestmark = pytest.mark.django_db
HERE, THERE = 1, 2


@pytest.mark.parametrize(
    ("move", "vendor", "after"),
    [
        (Move(frozenset({THERE}), frozenset({HERE})), THERE, Share(3, 9, 1, 4)),
        (Move(frozenset({THERE}), frozenset({HERE})), HERE, Share(1, 9, 1, 4)),
        (Move(frozenset({THERE}), frozenset({HERE}), is_critical=True), THERE, Share(3, 9, 2, 4)),
        (Move(frozenset({THERE}), frozenset({HERE}), is_critical=True), HERE, Share(1, 9, 0, 4)),
        (Move(frozenset({HERE}), frozenset({HERE}), is_critical=True), HERE, Share(2, 9, 1, 4)),
        (Move(frozenset({THERE}), frozenset({HERE}), is_new=True), THERE, Share(3, 10, 1, 4)),
        (Move(frozenset({THERE}), frozenset({HERE}), is_new=True, is_critical=True), HERE, Share(2, 10, 1, 5)),
    ],
    ids=["gained", "lost", "gained, critical", "lost, critical", "of both", "new, gained", "new, left nobody"],
)
def test_a_move_alters_only_the_vendors_that_it_leaves_and_joins(move: Move, vendor: int, after: Share) -> None:
    assert move.of(vendor, Share(2, 9, 1, 4)) == after


def counted(dependency: Dependency) -> None:
    """A snapshot of today that has the dependency."""
    Dependency.objects.filter(pk=dependency.pk).update(declared_on=timezone.now().date() - timedelta(days=1))
    snapshot(now=timezone.now())
    dependency.refresh_from_db()


def spare() -> Offering:
    return f.offering(model=f.model(developer=f.vendor("mistral")))


def test_what_is_foretold_is_what_the_next_snapshot_counts() -> None:
    """The oracle is the snapshot itself, taken after the use has really moved."""
    lab = f.vendor("lab", parent=f.vendor("owner"))
    system = f.system(criticality="critical")
    dependency = f.dependency(system=system, offering=f.offering(model=f.model(developer=lab)))
    f.dependency(system=f.system(team=system.team, criticality="normal"), offering=spare())
    f.dependency(system=f.system(criticality="critical"), offering=dependency.offering)
    alternative = f.offering(model=f.model(developer=f.vendor("other", parent=lab.parent)))
    counted(dependency)
    foretold = {
        (one.scope.split()[0], one.vendor): one.afterwards for one in after_switch(dependency, alternative).lines
    }

    Concentration.objects.all().delete()
    Dependency.objects.filter(pk=dependency.pk).update(ended_on=timezone.now().date())
    f.dependency(system=system, offering=alternative)
    snapshot(now=timezone.now())
    about = {"organisation": {}, "team": {"team": system.team}, "system": {"system": system}}
    real = {
        (scope.title(), row.vendor.name): Share(row.behind, row.total, row.critical_behind, row.critical_total)
        for scope, of in about.items()
        for row in Concentration.objects.filter(scope=scope, **of).select_related("vendor")
    }

    assert {key: share for key, share in foretold.items() if share.behind} == {
        key: share for key, share in real.items() if key in foretold
    }
    assert len(foretold) == 9


def test_a_use_outside_production_moves_nothing() -> None:
    dependency = f.dependency(environment=f.environment("staging"))
    after = after_switch(dependency, spare())
    assert (after.lines, after.why_not) == ((), "This use does not run in production, and only what does is counted.")


def test_what_was_declared_after_the_snapshot_is_added_and_leaves_nobody() -> None:
    dependency, other = f.dependency(), f.dependency()
    snapshot(now=timezone.now() - timedelta(days=1))
    shares = {one.afterwards.total - one.now.total for one in after_switch(dependency, other.offering).lines}
    assert shares == {1}


def test_the_number_of_queries_does_not_grow_with_what_is_counted() -> None:
    def cost(dependency: Dependency, alternative: Offering) -> int:
        with CaptureQueriesContext(connection) as queries:
            after_switch(dependency, alternative)
        return len(queries)

    dependency, alternative = f.dependency(), spare()
    counted(dependency)
    few = cost(dependency, alternative)
    for _ in range(12):
        f.dependency(system=dependency.system, offering=f.offering())
    Concentration.objects.all().delete()
    counted(dependency)
    assert cost(dependency, alternative) == few


# --- sources ---------------------------------------------------------------------------------------


def claim(source: str, **facts: Any) -> Claim:
    record = ListingRecord(external_id="x", **facts)
    return Claim(source=source, method="curated_feed", record=record, last_confirmed_at=f.NOW, is_stale=False)


@pytest.mark.parametrize(
    ("one", "other", "in_words"),
    [
        ({"license": ("mit",)}, {"license": ("apache-2.0",)}, [("a", "mit"), ("b", "apache-2.0")]),
        ({"license": ("mit",)}, {"license": ("MIT",)}, None),
        ({"license": ("mit",)}, {}, None),
        ({"gating": "open"}, {"gating": "manual"}, [("a", "open"), ("b", "manual")]),
        ({"is_retired": False}, {"is_retired": True}, [("a", "no"), ("b", "yes")]),
        ({"context_length": 8192}, {"context_length": 4096}, [("a", "8192"), ("b", "4096")]),
    ],
)
def test_sources_contradict_each_other_where_they_mean_something_else(
    one: dict[str, Any], other: dict[str, Any], in_words: list[tuple[str, str]] | None
) -> None:
    found = [found for fact in MATERIAL if (found := find([claim("a", **one), claim("b", **other)], fact))]
    assert [list(dispute.in_words) for dispute in found] == ([in_words] if in_words else [])


# --- the page and the API -----------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    world = make_world()
    counted(world.dependency)
    return world


def test_the_page_says_now_and_afterwards_for_each_vendor(world: World) -> None:
    proposal = world.approval(now=timezone.now())
    told = browser_of(world.reviewer).get(f"/proposals/{proposal.pk}/").content.decode()

    assert '0 of 1 → <strong class="us-strong">1 of 1</strong>' in told
    assert "critical: 0 of 1 → 1 of 1 (100%)" in told
    assert "No source that answers contradicts another" in told


def test_the_api_says_the_same(world: World) -> None:
    proposal = world.approval(now=timezone.now())
    told = client_of(world.reviewer).get(f"/api/v1/proposals/{proposal.pk}/beside/").json()

    joined = required_name(world)
    assert told["counted_on"] == str(timezone.now().date())
    assert told["disputes"] == []
    assert [row["afterwards"] for row in told["concentration"] if row["vendor"] == joined] == [
        {"behind": 1, "total": 1, "critical_behind": 1, "critical_total": 1}
    ] * 3


def required_name(world: World) -> str:
    offering = world.alternative.offering
    assert offering is not None
    return offering.model.developer.name


def test_an_adoption_counts_one_use_more_of_the_organisation(world: World) -> None:
    proposal = world.adoption(now=timezone.now())
    (of_vendor,) = beside(proposal, now=timezone.now()).told
    assert [(one.line.scope, one.line.now.total, one.line.afterwards.total) for one in of_vendor] == [
        ("Organisation", 1, 2)
    ]


def test_beside_a_closed_proposal_and_one_about_no_model_stands_nothing(world: World) -> None:
    now = timezone.now()
    waiver = world.waiver(until=(now + timedelta(days=30)).date(), now=now)
    assert beside(waiver, now=now).after is None
    closed = withdraw(world.approval(now=now), actor=world.owner, now=now)
    assert beside(Proposal.objects.get(pk=closed.pk), now=now).told == ()


def test_an_adoption_says_who_declared_the_use_and_what_the_license_still_stops(world: World) -> None:
    worse = f.offering(license_=f.license_("CC-BY-NC-4.0", "non-commercial"))
    f.dependency(system=world.dependency.system, offering=worse)
    proposal = world.adoption(offering=worse, now=timezone.now())
    effect = browser_of(world.reviewer).get(f"/proposals/{proposal.pk}/").context["page"].effect
    assert f"Declared by {world.dependency.system}." in effect
    assert "It does not ship by this alone: UD202 stands, for the license class is non-commercial." in effect
