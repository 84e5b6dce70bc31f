"""Concentration on one vendor: how it is counted, kept once a day, and judged by UD408."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from config.celery import app
from governance.check import preview
from governance.concentration import snapshot, thin
from governance.facts.concentrations import load_concentrations, load_concentrations_of
from governance.models import Concentration
from governance.rules.catalogue import ERROR, RULES
from governance.rules.facts import ConcentrationFacts
from governance.rules.policy import BadPolicy, Policy, from_document
from governance.tasks import snapshot_concentration
from registry.models import System, Vendor
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance import facts_of_rules as facts

ALIBABA = next(iter(facts.roots("Alibaba").names))


# --- UD408 -----------------------------------------------------------------------------------------


def seen(behind: int, total: int, *, scope: str = "the organisation", vendor: str = "Alibaba") -> ConcentrationFacts:
    (pk,) = facts.roots(vendor).names
    return ConcentrationFacts(facts.TODAY, scope, pk, vendor, behind, total)


def by_vendor(*concentrations: ConcentrationFacts) -> dict[int, tuple[ConcentrationFacts, ...]]:
    pks = {one.vendor_id for one in concentrations}
    return {pk: tuple(one for one in concentrations if one.vendor_id == pk) for pk in pks}


def ud408(*concentrations: ConcentrationFacts, policy: Policy | None = None) -> list[Any]:
    one = facts.use(of=facts.system(concentrations=by_vendor(*concentrations)))
    return [finding for finding in facts.judged(one, policy) if finding.rule == "UD408"]


def test_above_the_limit_it_warns_and_says_of_whom_how_much_and_as_of_when() -> None:
    (finding,) = ud408(seen(14, 22))

    assert finding.level == "warning"
    assert finding.message == (
        "Alibaba stands behind 14 of the 22 dependencies of the organisation in production (64%; the limit is 50%), "
        f"as of {facts.TODAY}."
    )
    assert finding.fix.startswith("Take a model behind which Alibaba does not stand")


@pytest.mark.parametrize(
    ("concentration", "policy"),
    [
        (seen(11, 22), {}),
        (seen(9, 9), {}),
        (seen(20, 22, vendor="Meta"), {}),
        (seen(14, 22), {"concentration_max_share": 0.7}),
        (seen(14, 22), {"concentration_min_dependencies": 23}),
    ],
    ids=["at the limit", "of too few", "another vendor", "a higher limit", "counted from more"],
)
def test_it_says_nothing(concentration: ConcentrationFacts, policy: dict[str, Any]) -> None:
    assert ud408(concentration, policy=from_document(1, policy)) == []


def test_without_a_snapshot_it_says_nothing() -> None:
    assert ud408() == []


def test_its_fix_makes_it_go_away() -> None:
    before, after = seen(12, 22), seen(11, 22)
    assert ud408(before)
    assert not ud408(after)


def test_each_scope_is_judged_once_and_of_a_family_who_stands_behind_most_is_named() -> None:
    child = replace(seen(12, 20), vendor_id=ALIBABA + 1, vendor="Qwen")
    both = replace(facts.roots("Alibaba"), names={ALIBABA: "Alibaba", ALIBABA + 1: "Qwen"})
    system = facts.system(concentrations=by_vendor(seen(13, 20), child, seen(10, 10, scope="the team Search")))
    found = [
        finding.message
        for finding in facts.judged(facts.use(facts.gte(roots=both), of=system))
        if finding.rule == "UD408"
    ]

    assert len(found) == 2
    assert all(message.startswith("Alibaba stands behind") for message in found)


def test_no_built_in_level_of_it_stops_a_build() -> None:
    assert ERROR not in {level for levels in RULES["UD408"].levels.values() for level in levels.values()}


@pytest.mark.parametrize(
    "document",
    [
        {"concentration_max_share": 0},
        {"concentration_max_share": 1.5},
        {"concentration_max_share": True},
        {"concentration_min_dependencies": 0},
        {"concentration_min_dependencies": 2.5},
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused_by_its_name(document: dict[str, Any]) -> None:
    with pytest.raises(BadPolicy, match=next(iter(document))):
        from_document(1, document)


# --- the snapshot ------------------------------------------------------------------------------------


@pytest.fixture
def alibaba_in_use() -> System:
    """Of four uses in production three lead back to Alibaba, one of them of a critical system."""
    team = f.team("search")
    qwen = f.vendor("qwen", parent=f.vendor("alibaba"))
    base, derivative = f.model(developer=qwen), f.model(developer=f.vendor("octen"))
    f.derived(derivative, base)
    critical, normal = f.system("critical", team=team), f.system("normal", criticality="normal")
    f.dependency(system=critical, offering=f.offering(model=base))
    f.dependency(system=normal, offering=f.offering(model=base))
    f.dependency(system=normal, offering=f.offering(model=derivative))
    f.dependency(system=critical)
    f.dependency(system=normal, offering=f.offering(model=base), environment=f.environment("staging"))
    f.dependency(system=normal, offering=f.offering(model=base), ended_on=TODAY)
    return critical


def row(vendor: str, **scope: Any) -> tuple[int, int, int, int]:
    one = Concentration.objects.get(vendor__slug=vendor, **scope)
    return one.behind, one.total, one.critical_behind, one.critical_total


@pytest.mark.django_db
@pytest.mark.usefixtures("alibaba_in_use")
def test_a_parent_counts_with_all_that_leads_back_to_it() -> None:
    snapshot(now=NOW)

    assert row("alibaba", scope="organisation") == (3, 4, 1, 2)
    assert row("octen", scope="organisation") == (1, 4, 0, 2)
    assert row("alibaba", team__slug="search") == (1, 2, 1, 2)
    assert row("alibaba", system__slug="normal") == (2, 2, 0, 0)


@pytest.mark.django_db
@pytest.mark.usefixtures("alibaba_in_use")
def test_it_is_taken_once_a_day_whoever_asks_how_often() -> None:
    written = snapshot(now=NOW)

    assert written > 0
    assert snapshot(now=NOW + timedelta(hours=3)) == 0
    assert snapshot(now=NOW + timedelta(days=1)) == written
    assert Concentration.objects.count() == 2 * written


@pytest.mark.django_db
@pytest.mark.usefixtures("alibaba_in_use")
def test_after_two_months_the_first_of_each_month_is_kept() -> None:
    for days in (0, 40, 75, 85):
        snapshot(now=NOW - timedelta(days=days))
    assert f.day("2026-02-01") not in set(Concentration.objects.values_list("day", flat=True))
    snapshot(now=NOW.replace(month=2, day=1))

    thin(TODAY)

    days_left = set(Concentration.objects.values_list("day", flat=True))
    assert days_left == {TODAY, TODAY - timedelta(days=40), f.day("2026-02-01")}


@pytest.mark.django_db
def test_the_gate_reads_the_newest_day_by_one_query(alibaba_in_use: System) -> None:
    alibaba = Vendor.objects.get(slug="alibaba").pk
    snapshot(now=NOW - timedelta(days=1))
    snapshot(now=NOW)

    with CaptureQueriesContext(connection) as queries:
        found = load_concentrations(alibaba_in_use.pk, {alibaba})

    assert len(queries) == 1
    assert list(found) == [alibaba]
    assert {one.day for one in found[alibaba]} == {TODAY}
    assert [one.scope for one in found[alibaba]] == ["the organisation", "Critical", "the team Search"]


@pytest.mark.django_db
@pytest.mark.usefixtures("alibaba_in_use")
def test_a_batch_of_systems_is_told_the_same() -> None:
    snapshot(now=NOW)
    systems = {row.pk: row.team_id for row in System.objects.all()}
    vendors = set(Vendor.objects.values_list("pk", flat=True))

    told = load_concentrations_of(systems, dict.fromkeys(systems, vendors))

    assert len(systems) > 1
    assert told == {pk: load_concentrations(pk, vendors) for pk in systems}


@pytest.mark.django_db
def test_the_gate_warns_of_it_once_there_is_a_snapshot(alibaba_in_use: System) -> None:
    for _ in range(7):
        f.dependency(system=alibaba_in_use, offering=f.offering(model=f.AIModel.objects.get(developer__slug="qwen")))
    before = preview("critical", "production", now=NOW)
    snapshot(now=NOW)
    after = preview("critical", "production", now=NOW)

    assert "UD408" not in {finding.rule for finding in before.findings}
    assert "UD408" in {finding.rule for finding in after.findings}


@pytest.mark.django_db
@pytest.mark.usefixtures("alibaba_in_use")
def test_the_page_shows_shares_and_the_api_lists_them(as_role: Callable[[str], APIClient]) -> None:
    snapshot(now=NOW)
    client = Client()
    client.force_login(f.user(role="viewer"))

    whole, team = client.get("/concentration/"), client.get("/concentration/?team=search")
    listed = as_role("viewer").get("/api/v1/concentration/?scope=organisation&vendor=alibaba").json()["results"]

    assert "3 of 4" in whole.content.decode()
    assert "1 of 2" in team.content.decode()
    assert client.get("/concentration/?system=nothing").status_code == 404
    assert [(one["share"], one["critical_share"], one["team"]) for one in listed] == [(0.75, 0.5, None)]


def test_it_is_in_the_list_of_periodic_work() -> None:
    assert snapshot_concentration.name in {one["task"] for one in app.conf.beat_schedule.values()}
