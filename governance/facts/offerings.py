"""Offerings with the facts of the moment and the decisions on them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery

from governance.facts.blocks import load_blocks
from governance.facts.permits import Permits, Wanted, load_permits
from governance.facts.staleness import load_staleness
from governance.rules.facts import LicenseFacts, OfferingFacts, RootFacts
from registry.among import Among, AmongTexts
from registry.capabilities import CAPABILITIES, read_capabilities
from registry.lineage import Roots, roots_of
from registry.models import Change, ChangeKind, Member, Offering, Revision

_FULL_SHA = 40
# A column of the table and the field of `OfferingFacts` that it becomes.
_COLUMNS = {
    "pk": "id",
    "model_id": "model_id",
    "model__name": "model_name",
    "external_id": "name",
    "host": "host",
    "kind": "kind",
    "model__state": "register_state",
    "model__owner__name": "owner",
    "has_active_owner": "has_active_owner",
    "provider_id": "provider_id",
    "provider__name": "provider",
    "provider__is_self": "provider_is_self",
    "status": "status",
    "retires_on": "retires_on",
    "gating": "gating",
    "upstream_id": "upstream_id",
    "head_revision": "head_revision",
    "reregistered_at": "reregistered_at",
    "as_of": "facts_as_of",
}
# Of these an outline consists.
_OUTLINE = (
    "pk",
    "model_id",
    "model__name",
    "external_id",
    "host",
    "kind",
    "provider_id",
    "provider__name",
    "provider__is_self",
    "head_revision",
)
_WHERE_NULL = {"owner": "", "provider": "", "provider_is_self": False}


@dataclass(frozen=True, slots=True)
class _Row:
    """An offering's own columns by field, and the vendors that made or run it."""

    fields: dict[str, Any]
    vendor_ids: frozenset[int]

    @property
    def pk(self) -> int:
        return int(self.fields["id"])

    @property
    def model_id(self) -> int:
        return int(self.fields["model_id"])


def load_offerings(
    offering_ids: Collection[int],
    *,
    now: datetime,
    revisions: Collection[str] | None = None,
    permits: Permits | None = None,
) -> dict[int, OfferingFacts]:
    """The offerings by id, by six queries (five where their `permits` are at hand already).

    License facts come for the current revision and for `revisions`; None asks for those of every revision.
    """
    ids = set(offering_ids)
    permits = permits or load_permits(Wanted(offering_ids=ids), today=now.date())
    rows = list(_load_rows(ids))
    licenses = _load_licenses(ids, revisions)
    roots = roots_of({row.model_id for row in rows})
    vendors = {row.pk: row.vendor_ids | roots[row.model_id].vendor_ids for row in rows}
    stale = load_staleness(ids, now=now)
    blocks = load_blocks({row.pk: row.model_id for row in rows}, vendors, now=now)
    return {
        row.pk: OfferingFacts(
            **row.fields,
            stale=stale.get(row.pk),
            licenses=licenses[row.pk],
            roots=_root_facts(roots[row.model_id]),
            blocks=tuple(blocks[row.pk]),
            adoptions=tuple(permits.adoptions[row.pk]),
        )
        for row in rows
    }


def outline_offerings(
    offering_ids: Collection[int], *, revisions: Collection[str] | None = ()
) -> dict[int, OfferingFacts]:
    """The offerings by id as the plans of their users look at them: what they are and who stands behind them.

    How they stand upstream, what their models can do and what was decided on them is left out. License facts come for `revisions` and the current one,
    or not at all where `revisions` is empty; None asks for those of every revision. Two queries, or three.
    """
    ids = set(offering_ids)
    rows = [
        _fields(_OUTLINE, row) for row in Offering.objects.filter(Among("pk", ids)).order_by().values_list(*_OUTLINE)
    ]
    licenses = {} if revisions is not None and not revisions else _load_licenses(ids, revisions)
    roots = {pk: _root_facts(found) for pk, found in roots_of({row["model_id"] for row in rows}).items()}
    return {
        row["id"]: OfferingFacts(**row, licenses=licenses.get(row["id"], {}), roots=roots[row["model_id"]])
        for row in rows
    }


def _load_rows(ids: Collection[int]) -> Iterable[_Row]:
    active = Member.objects.active().filter(team=OuterRef("model__owner"), role=Member.Role.OWNER)
    anew = Change.objects.in_force().filter(
        Q(offering=OuterRef("pk")) | Q(listing__offering=OuterRef("pk")), kind=ChangeKind.REREGISTERED
    )
    rows = (
        Offering.objects.with_as_of()
        .filter(Among("pk", ids))
        .order_by()
        .annotate(
            has_active_owner=Exists(active),
            reregistered_at=Subquery(anew.order_by("-detected_at").values("detected_at")[:1]),
        )
        .values_list("model__developer_id", *_COLUMNS, *(f"model__{name}" for name in CAPABILITIES))
    )
    for developer_id, *columns in rows:
        fields = _fields(_COLUMNS, columns)
        fields["capabilities"] = read_capabilities(columns[len(_COLUMNS) :])
        yield _Row(fields, frozenset({developer_id, fields["provider_id"]} - {None}))


def _fields(columns: Iterable[str], row: Iterable[Any]) -> dict[str, Any]:
    """By field the first values of a row, which are those of the columns."""
    fields = {_COLUMNS[column]: value for column, value in zip(columns, row, strict=False)}
    return fields | {field: empty for field, empty in _WHERE_NULL.items() if fields.get(field, empty) is None}


def _load_licenses(
    ids: Collection[int], revisions: Collection[str] | None
) -> Mapping[int, dict[str, LicenseFacts | None]]:
    rows = (
        Revision.objects.filter(_of_interest(revisions), Among("offering_id", ids))
        .order_by("-observed_at")
        .values_list("offering_id", "revision", "license__spdx_id", "license__license_class")
    )
    licenses: dict[int, dict[str, LicenseFacts | None]] = defaultdict(dict)
    for offering_id, revision, spdx_id, license_class in rows:
        licenses[offering_id][revision] = LicenseFacts(spdx_id, license_class or "") if spdx_id else None
    return licenses


def _of_interest(revisions: Collection[str] | None) -> Q:
    # A shortened commit can only be found among all of them.
    if revisions is None or any(0 < len(revision) < _FULL_SHA for revision in revisions):
        return Q()
    return Q(AmongTexts("revision", {"", *revisions})) | Q(revision=F("offering__head_revision"))


def _root_facts(roots: Roots) -> RootFacts:
    return RootFacts(
        names={vendor.pk: vendor.name for vendor in roots.vendors},
        slugs=tuple(vendor.slug for vendor in roots.vendors),
        is_known=roots.is_known,
        unknown_models=roots.unknown_models,
        gaps=roots.gaps,
    )
