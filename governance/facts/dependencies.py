"""Declared uses with their plans, alternatives, open actions and waivers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery

from governance.facts.drifts import load_drifts
from governance.facts.hosts import Hosts, load_hosts
from governance.facts.offerings import load_offerings
from governance.facts.permits import Permits, Wanted, load_permits
from governance.models import Action
from governance.rules.facts import (
    OURSELVES,
    ActionFacts,
    AlternativeFacts,
    DependencyFacts,
    DriftFacts,
    DrillFacts,
    OfferingFacts,
    PlanFacts,
)
from registry.among import Among
from registry.capabilities import read_needs
from registry.models import Alternative, Dependency, Drill, PlanRevision
from registry.readable import can_be_read

_DAY = timedelta(days=1)


# Rows are tuples, because thousands of them are made and forgotten at once.
class DependencyRow(NamedTuple):
    """A dependency's own columns."""

    pk: int
    offering_id: int
    purpose: str
    pinned_revision: str
    held_copy_digest: str
    held_copy_verified_on: Any
    has_index: bool
    served_by_id: int | None
    needs: Any
    plan_id: int | None
    plan_revision_id: int | None
    plan_number: int | None
    reindex_plan: str | None
    actions: tuple[ActionFacts, ...]


class AlternativeRow(NamedTuple):
    """An alternative's own columns, with the times that were measured last, and its last drill."""

    pk: int
    plan_revision_id: int
    order: int
    kind: str
    offering_id: int | None
    served_by_id: int | None
    pinned_revision: str
    held_copy_digest: str
    held_copy_verified_on: Any
    impact_statement: str
    switch_time: timedelta | None
    reindex_time: timedelta | None
    drilled_on: date | None
    drill_expires_on: date | None
    drill_outcome: str | None
    drill_shortfalls: list[str] | None

    @property
    def drill(self) -> DrillFacts | None:
        if self.drilled_on is None or self.drill_expires_on is None:
            return None
        return DrillFacts(
            drilled_on=self.drilled_on,
            expires_on=self.drill_expires_on,
            has_passed=self.drill_outcome == Drill.Outcome.PASSED,
            shortfalls=tuple(self.drill_shortfalls or ()),
        )

    @property
    def switch_time_days(self) -> float | None:
        """The longer of the two, as far as either was measured."""
        measured = [time for time in (self.switch_time, self.reindex_time) if time is not None]
        return max(measured) / _DAY if measured else None


@dataclass(frozen=True, slots=True)
class Rows:
    """Dependencies and the alternatives of their plans, before offerings and decisions are put in."""

    dependencies: tuple[DependencyRow, ...]
    alternatives: tuple[AlternativeRow, ...]
    drifts: Mapping[int, tuple[DriftFacts, ...]]

    @property
    def offering_ids(self) -> set[int]:
        used = {row.offering_id for row in self.dependencies}
        return used | {row.offering_id for row in self.alternatives if row.offering_id is not None}

    @property
    def server_ids(self) -> set[int]:
        """The vendors that are named as serving for one of them."""
        rows: tuple[DependencyRow | AlternativeRow, ...] = (*self.dependencies, *self.alternatives)
        return {row.served_by_id for row in rows if row.served_by_id is not None}

    @property
    def revisions(self) -> set[str]:
        pinned = {row.pinned_revision for row in self.dependencies}
        return pinned | {row.pinned_revision for row in self.alternatives}

    @property
    def wanted(self) -> Wanted:
        """The permits that matter for these rows."""
        return Wanted(
            offering_ids=self.offering_ids,
            alternative_ids={row.pk for row in self.alternatives},
            dependency_ids={row.pk for row in self.dependencies},
        )


def load_dependencies(dependency_ids: Collection[int], *, now: datetime) -> dict[int, DependencyFacts]:
    """Dependencies by id with everything behind them, ended or not, by ten queries."""
    rows = load_rows(Dependency.objects.filter(Among("pk", dependency_ids)))
    permits = load_permits(rows.wanted, today=now.date())
    offerings = load_offerings(rows.offering_ids, now=now, revisions=rows.revisions, permits=permits)
    return put_together(rows, offerings, permits, load_hosts(rows.server_ids, offerings.values()))


def load_rows(dependencies: QuerySet[Dependency]) -> Rows:
    """The dependencies with their open actions, the alternatives of their plans and the drifts of gateways: three queries."""
    loaded = _group(_select(dependencies))
    revision_ids = {row.plan_revision_id for row in loaded if row.plan_revision_id is not None}
    return Rows(loaded, tuple(_load_alternatives(revision_ids)), load_drifts({row.pk for row in loaded}))


def _select(dependencies: QuerySet[Dependency]) -> Iterable[tuple[Any, ...]]:
    newest = (
        PlanRevision.objects.filter(plan=OuterRef("fallback_plan"), submitted_at__isnull=False)
        .order_by("-number")
        .values("pk")[:1]
    )
    return (
        dependencies.order_by("pk")
        .annotate(
            plan_revision_id=Subquery(newest),
            plan_number=Subquery(newest.values("number")[:1]),
            reindex_plan=Subquery(newest.values("reindex_plan")[:1]),
            open_action=FilteredRelation("actions", condition=~Q(actions__state=Action.State.DONE)),
        )
        .values_list(
            "pk",
            "offering_id",
            "purpose",
            "pinned_revision",
            "held_copy_digest",
            "held_copy_verified_on",
            "has_index",
            "served_by_id",
            "needs",
            "fallback_plan__pk",
            "plan_revision_id",
            "plan_number",
            "reindex_plan",
            "evaluation__evaluated_at",
            "open_action__concern",
            "open_action__title",
            "open_action__due_on",
            "open_action__created_at",
        )
    )


def _group(rows: Iterable[tuple[Any, ...]]) -> tuple[DependencyRow, ...]:
    """The rows of one dependency differ only in the action."""
    own: dict[int, tuple[Any, ...]] = {}
    actions: dict[int, list[ActionFacts]] = defaultdict(list)
    for *columns, evaluated_at, concern, title, due_on, created_at in rows:
        own[columns[0]] = tuple(columns)
        if concern is not None:
            # What the first look at a dependency found was there before it was declared.
            is_of_an_event = evaluated_at is None or created_at > evaluated_at
            actions[columns[0]].append(ActionFacts(concern, title, due_on, created_at, is_of_an_event))
    return tuple(DependencyRow(*(*row, tuple(actions[pk]))) for pk, row in own.items())


def _load_alternatives(plan_revision_ids: Collection[int]) -> Iterable[AlternativeRow]:
    last = Drill.objects.filter(alternative=OuterRef("pk")).newest_first()
    measured = last.exclude(switch_time=None, reindex_time=None)
    rows = (
        Alternative.objects.filter(Among("plan_revision_id", plan_revision_ids))
        .order_by("plan_revision_id", "order")
        .annotate(
            switch_time=Subquery(measured.values("switch_time")[:1]),
            reindex_time=Subquery(measured.values("reindex_time")[:1]),
            last_drill=Subquery(last.values("pk")[:1]),
            drill=FilteredRelation("drills", condition=Q(drills__pk=F("last_drill"))),
        )
        .values_list(
            "pk",
            "plan_revision_id",
            "order",
            "kind",
            "offering_id",
            "served_by_id",
            "pinned_revision",
            "held_copy_digest",
            "held_copy_verified_on",
            "impact_statement",
            "switch_time",
            "reindex_time",
            "drill__drilled_on",
            "drill__expires_on",
            "drill__outcome",
            "drill__shortfalls",
        )
    )
    return map(AlternativeRow._make, rows)


def put_together(
    rows: Rows, offerings: Mapping[int, OfferingFacts], permits: Permits, hosts: Hosts
) -> dict[int, DependencyFacts]:
    """The dependencies by id, with offerings and decisions in their places."""
    alternatives: dict[int, list[AlternativeFacts]] = defaultdict(list)
    for row in rows.alternatives:
        alternatives[row.plan_revision_id].append(_alternative(row, offerings, permits, hosts))
    return {
        row.pk: DependencyFacts(
            id=row.pk,
            offering=offerings[row.offering_id],
            purpose=row.purpose,
            pinned_revision=row.pinned_revision,
            host=hosts.of(offerings[row.offering_id], row.served_by_id),
            needs=read_needs(row.needs),
            has_verified_copy=_is_verified(row, offerings[row.offering_id]),
            has_index=row.has_index,
            plan=_plan(row, alternatives),
            actions=row.actions,
            waivers=tuple(permits.waivers[row.pk]),
            drifts=rows.drifts.get(row.pk, ()),
        )
        for row in rows.dependencies
    }


def _alternative(
    row: AlternativeRow, offerings: Mapping[int, OfferingFacts], permits: Permits, hosts: Hosts
) -> AlternativeFacts:
    offering = offerings[row.offering_id] if row.offering_id is not None else None
    return AlternativeFacts(
        id=row.pk,
        order=row.order,
        kind=row.kind,
        offering=offering,
        pinned_revision=row.pinned_revision,
        host=hosts.of(offering, row.served_by_id) if offering else OURSELVES,
        has_verified_copy=_is_verified(row, offering),
        impact_statement=row.impact_statement,
        approval=permits.approvals.get(row.pk),
        switch_time_days=row.switch_time_days,
        drill=row.drill,
    )


def _is_verified(row: DependencyRow | AlternativeRow, offering: OfferingFacts | None) -> bool:
    """A copy counts once its digest was verified; of a service nobody holds one, whatever was entered."""
    is_of_weights = offering is not None and offering.has_revisions
    return is_of_weights and bool(row.held_copy_digest and row.held_copy_verified_on)


def _plan(row: DependencyRow, alternatives: Mapping[int, list[AlternativeFacts]]) -> PlanFacts | None:
    if row.plan_id is None:
        return None
    if row.plan_revision_id is None:
        return PlanFacts(id=row.plan_id)
    return PlanFacts(
        id=row.plan_id,
        number=row.plan_number,
        says_how_to_reindex=can_be_read(row.reindex_plan or ""),
        alternatives=tuple(alternatives.get(row.plan_revision_id, ())),
    )
