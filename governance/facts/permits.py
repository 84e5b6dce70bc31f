"""Adoptions, approvals and waivers with the facts they rest on, all by one query."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Cast

from governance.facts.json_objects import JSONObjectAgg
from governance.models import Adoption, Approval, Basis, Waiver
from governance.rules.facts import AdoptionFacts, ApprovalFacts, WaiverFacts
from registry.among import Among

_COLUMNS = ("pk", "proposal_id", "granted_at", "expires_on", "ended_at", "end_reason", "facts")
_FIELDS = ("id", *_COLUMNS[1:-1], "basis")
_ADOPTION, _APPROVAL, _WAIVER = "adoption", "approval", "waiver"
# What the system was when a waiver was decided on: the basis of the waiver.
GIVEN_FOR = "proposal__decided_state__system"


@dataclass(frozen=True, slots=True)
class Uses:
    """The uses whose adoptions are judged: the others only have to be there, their basis is not read."""

    offering_ids: Collection[int]
    purposes: Collection[str]
    distribution: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose permits are asked for; `system_id` asks for the waivers of the whole system too.

    Without `uses` every adoption comes with its basis.
    """

    offering_ids: Collection[int] = ()
    alternative_ids: Collection[int] = ()
    dependency_ids: Collection[int] = ()
    system_id: int | None = None
    uses: Uses | None = None


@dataclass(slots=True)
class Permits:
    """What was found: adoptions by offering, the newest approval by alternative, waivers in force by dependency.

    The waivers of the whole system stand under None.
    """

    adoptions: dict[int, list[AdoptionFacts]] = field(default_factory=lambda: defaultdict(list))
    approvals: dict[int, ApprovalFacts] = field(default_factory=dict)
    waivers: dict[int | None, list[WaiverFacts]] = field(default_factory=lambda: defaultdict(list))


def load_permits(wanted: Wanted, *, today: date) -> Permits:
    """The permits that `wanted` asks for. Adoptions and approvals come in force or not, waivers only in force."""
    permits = Permits()
    # Many decisions rest on the same facts: what is written alike is read once, and is one object.
    read = cache(json.loads)
    for row in _rows(wanted, today):
        _put(permits, row, read)
    return permits


def _rows(wanted: Wanted, today: date) -> Iterable[tuple[Any, ...]]:
    nothing = Value("")
    parts = (
        _part(
            Adoption.objects.filter(Among("offering_id", wanted.offering_ids)).annotate(
                facts=_basis_of_adoptions(wanted)
            ),
            _ADOPTION,
            ["offering_id", "purpose", "distribution"],
        ),
        _part(
            Approval.objects.filter(Among("alternative_id", wanted.alternative_ids)).annotate(
                facts=_basis_by("approval"), one=nothing, two=nothing
            ),
            _APPROVAL,
            ["alternative_id", "one", "two"],
        ),
        _part(
            _waivers(wanted, today).annotate(facts=Cast(F(GIVEN_FOR), TextField())),
            _WAIVER,
            ["dependency_id", "rule", "reason"],
        ),
    )
    return parts[0].union(*parts[1:], all=True)


def _part(rows: QuerySet[Any], kind: str, columns: list[str]) -> QuerySet[Any, tuple[Any, ...]]:
    # A union takes its parts unordered: SQLite refuses ORDER BY inside one.
    part: QuerySet[Any, tuple[Any, ...]] = rows.order_by().annotate(kind=Value(kind))
    return part.values_list("kind", *_COLUMNS, *columns)


def _basis_by(permit: str) -> Subquery:
    rows = Basis.objects.filter(**{permit: OuterRef("pk")}).order_by().values(permit)
    return Subquery(rows.annotate(facts=Cast(JSONObjectAgg("fact", "value"), TextField())).values("facts"))


def _basis_of_adoptions(wanted: Wanted) -> Subquery | Case:
    uses = wanted.uses
    if uses is None:
        return _basis_by("adoption")
    is_judged = Q(Among("offering_id", uses.offering_ids), purpose__in=uses.purposes, distribution=uses.distribution)
    return Case(When(is_judged, then=_basis_by("adoption")), default=_no_basis())


def _no_basis() -> Cast:
    return Cast(Value(None), TextField())


def _waivers(wanted: Wanted, today: date) -> QuerySet[Waiver]:
    of_these = Q(Among("dependency_id", wanted.dependency_ids))
    if wanted.system_id is not None:
        of_these |= Q(system_id=wanted.system_id)
    return Waiver.objects.filter(of_these, ended_at=None, expires_on__gte=today)


def _put(permits: Permits, row: tuple[Any, ...], read: Callable[[str], Any]) -> None:
    kind, *common, subject_id, one, two = row
    fields: dict[str, Any] = dict(zip(_FIELDS, common, strict=True))
    fields["basis"] = read(fields["basis"] or "{}")
    if kind == _ADOPTION:
        permits.adoptions[subject_id].append(AdoptionFacts(**fields, purpose=one, distribution=two))
    elif kind == _WAIVER:
        permits.waivers[subject_id].append(WaiverFacts(**fields, rule=one, dependency_id=subject_id, reason=two))
    else:
        _keep_newest(permits.approvals, ApprovalFacts(**fields, alternative_id=subject_id))


def _keep_newest(approvals: dict[int, ApprovalFacts], approval: ApprovalFacts) -> None:
    known = approvals.get(approval.alternative_id)
    if known is None or (not approval.is_ended, approval.granted_at) > (not known.is_ended, known.granted_at):
        approvals[approval.alternative_id] = approval
