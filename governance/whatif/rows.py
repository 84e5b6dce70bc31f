"""The columns that a fate is judged by, read in bulk: a thousand dependencies as cheaply as they can be had."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from governance.whatif.question import DrillFacts
from registry.among import Among
from registry.models import Alternative, Dependency, Drill, PlanRevision

_DAY = timedelta(days=1)


class UseRow(NamedTuple):
    """A dependency with its system, as the rules look at them."""

    pk: int
    offering_id: int
    purpose: str
    pinned_revision: str
    held_copy_digest: str
    held_copy_verified_on: date | None
    has_index: bool
    needs: Any
    served_by_id: int | None
    plan_id: int | None
    system_id: int
    slug: str
    name: str
    criticality: str
    distribution: str
    team: str
    environment: str
    environment_class: str


class RevisionRow(NamedTuple):
    pk: int
    number: int | None
    reindex_plan: str


class AlternativeRow(NamedTuple):
    pk: int
    plan_revision_id: int
    order: int
    kind: str
    offering_id: int | None
    served_by_id: int | None
    pinned_revision: str
    held_copy_digest: str
    held_copy_verified_on: date | None
    impact_statement: str


def uses(dependency_ids: Collection[int]) -> Iterator[UseRow]:
    rows = (
        Dependency.objects.filter(Among("pk", dependency_ids))
        .order_by("pk")
        .values_list(
            "pk",
            "offering_id",
            "purpose",
            "pinned_revision",
            "held_copy_digest",
            "held_copy_verified_on",
            "has_index",
            "needs",
            "served_by_id",
            "fallback_plan__pk",
            "system_id",
            "system__slug",
            "system__name",
            "system__criticality",
            "system__distribution",
            "system__team__name",
            "environment__slug",
            "environment__environment_class",
        )
    )
    return map(UseRow._make, rows)


def newest_revisions(dependency_ids: Collection[int]) -> dict[int, RevisionRow]:
    """By plan, its newest submitted revision."""
    rows = (
        PlanRevision.objects.filter(Among("plan__dependency", dependency_ids), submitted_at__isnull=False)
        .order_by("number")
        .values_list("plan_id", *RevisionRow._fields)
    )
    # The highest number of a plan stays.
    return {plan_id: RevisionRow(*columns) for plan_id, *columns in rows}


def alternatives(revision_ids: Collection[int]) -> Iterator[AlternativeRow]:
    rows = (
        Alternative.objects.filter(Among("plan_revision_id", revision_ids))
        .order_by("plan_revision_id", "order")
        .values_list(*AlternativeRow._fields)
    )
    return map(AlternativeRow._make, rows)


def last_drills(alternative_ids: Collection[int]) -> dict[int, DrillFacts]:
    rows = (
        Drill.objects.filter(Among("alternative_id", alternative_ids))
        .order_by("alternative_id", "drilled_on", "pk")
        .values_list("alternative_id", "outcome", "expires_on", "switch_time", "reindex_time")
    )
    # The last of an alternative stays.
    return {
        pk: DrillFacts(outcome == Drill.Outcome.PASSED, expires_on, _longest(*times))
        for pk, outcome, expires_on, *times in rows
    }


def _longest(*times: timedelta | None) -> float | None:
    measured = [time for time in times if time is not None]
    return max(measured) / _DAY if measured else None


def is_verified(row: Any) -> bool:
    """A copy counts only with a digest that somebody has verified."""
    return bool(row.held_copy_digest and row.held_copy_verified_on)
