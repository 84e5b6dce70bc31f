"""Adoptions, approvals and waivers with the facts they rest on, all by one query."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.fields.json import JSONField
from django.db.models.functions import Cast

from governance.models import Adoption, Approval, Waiver
from governance.rules.facts import JSON, AdoptionFacts, ApprovalFacts, WaiverFacts

_COMMON = ("pk", "proposal_id", "granted_at", "expires_on", "ended_at", "end_reason")
_FIELDS = ("id", *_COMMON[1:])
_ADOPTION, _APPROVAL, _WAIVER = "adoption", "approval", "waiver"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose permits are asked for; `system_id` asks for the waivers of the whole system too."""

    offering_ids: Collection[int] = ()
    alternative_ids: Collection[int] = ()
    dependency_ids: Collection[int] = ()
    system_id: int | None = None


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
    return _sort(_rows(wanted, today))


def _rows(wanted: Wanted, today: date) -> Iterable[tuple[Any, ...]]:
    nothing = Value("")
    parts = (
        _part(
            Adoption.objects.filter(offering_id__in=wanted.offering_ids),
            _ADOPTION,
            ["offering_id", "purpose", "distribution", "basis__fact", "basis__value"],
        ),
        _part(
            Approval.objects.filter(alternative_id__in=wanted.alternative_ids).annotate(one=nothing, two=nothing),
            _APPROVAL,
            ["alternative_id", "one", "two", "basis__fact", "basis__value"],
        ),
        _part(
            _waivers(wanted, today).annotate(fact=nothing, value=Cast(Value(None), JSONField())),
            _WAIVER,
            ["dependency_id", "rule", "reason", "fact", "value"],
        ),
    )
    return parts[0].union(*parts[1:], all=True)


def _part(rows: QuerySet[Any], kind: str, columns: list[str]) -> QuerySet[Any, tuple[Any, ...]]:
    # A union takes its parts unordered: SQLite refuses ORDER BY inside one.
    part: QuerySet[Any, tuple[Any, ...]] = rows.order_by().annotate(kind=Value(kind))
    return part.values_list("kind", *_COMMON, *columns)


def _waivers(wanted: Wanted, today: date) -> QuerySet[Waiver]:
    of_these = Q(dependency_id__in=wanted.dependency_ids)
    if wanted.system_id is not None:
        of_these |= Q(system_id=wanted.system_id)
    return Waiver.objects.filter(of_these, ended_at=None, expires_on__gte=today)


def _sort(rows: Iterable[tuple[Any, ...]]) -> Permits:
    """Rows of one permit differ only in the fact; a permit without a basis has one row, whose fact is empty."""
    permits = Permits()
    basis: dict[tuple[str, int], dict[str, JSON]] = defaultdict(dict)
    first: dict[tuple[str, int], tuple[Any, ...]] = {}
    for row in rows:
        key = row[0], row[1]
        first.setdefault(key, row)
        if row[10]:
            basis[key][row[10]] = row[11]
    for key, row in first.items():
        _put(permits, row, basis[key])
    return permits


def _put(permits: Permits, row: tuple[Any, ...], basis: dict[str, JSON]) -> None:
    kind, *common, subject_id, one, two, _, _ = row
    fields: dict[str, Any] = dict(zip(_FIELDS, common, strict=True)) | {"basis": basis}
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
