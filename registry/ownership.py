"""Who a vendor belongs to and what a model was made from, changed by people: each edit is told as a change.

A vendor that is sold, or a base that comes to light, alters today's answer to "independent of whom?". The gate computes
that by itself; the change, written in the transaction of the edit, tells the people whom it touches.
"""

from datetime import datetime

from registry.models import AIModel, Change, ChangeKind, LineageEdge, Offering, Severity, User, Vendor
from registry.records import JSON


def ownership_of(vendor: Vendor) -> JSON:
    """What decides who stands behind the vendor, as the database has it; empty for a new one."""
    row = Vendor.objects.filter(pk=vendor.pk).values("parent__slug", "is_self").first()
    return {"belongs_to": row["parent__slug"] or "nobody", "is_ours": row["is_self"]} if row else {}


def tell_ownership(vendor: Vendor, *, before: JSON, by: User | None, now: datetime) -> Change | None:
    """The change of a vendor whose `ownership_of` was `before`; None where it is the same, or the vendor is new."""
    after = ownership_of(vendor)
    if not before or before == after:
        return None
    return tell(Change(kind=ChangeKind.VENDOR_CHANGED, vendor=vendor, before=before, after=after), by=by, now=now)


def lineage_of(model: AIModel) -> JSON:
    """What decides who stands behind the model, as the database has it; empty for a new one."""
    row = AIModel.objects.filter(pk=model.pk).values("developer__slug", "lineage_status").first()
    if row is None:
        return {}
    edges = LineageEdge.objects.filter(child=model.pk).order_by("base__slug", "relation")
    bases = [f"{base} ({relation})" for base, relation in edges.values_list("base__slug", "relation")]
    return {"developer": row["developer__slug"], "lineage": row["lineage_status"], "bases": bases or "none"}


def tell_lineage(model: AIModel, *, before: JSON, by: User | None, now: datetime) -> Change | None:
    """The change of a model whose `lineage_of` was `before`; None where it is the same, or the model is new."""
    after = lineage_of(model)
    if not before or before == after:
        return None
    return tell(Change(kind=ChangeKind.LINEAGE_CHANGED, model=model, before=before, after=after), by=by, now=now)


def model_of(offering: Offering) -> JSON:
    """Whose model is offered there, as the database has it; empty for a new one."""
    row = Offering.objects.filter(pk=offering.pk).values("model__slug").first()
    return {"model": row["model__slug"]} if row else {}


def tell_model(offering: Offering, *, before: JSON, by: User | None, now: datetime) -> Change | None:
    """The change of an offering whose `model_of` was `before`: another lineage stands behind what its users call."""
    after = model_of(offering)
    if not before or before == after:
        return None
    moved = Change(kind=ChangeKind.LINEAGE_CHANGED, offering=offering, before=before, after=after)
    return tell(moved, by=by, now=now)


def tell(change: Change, *, by: User | None, now: datetime) -> Change:
    """Write `change` as a person's, None where a command of an operator edits; it stands in the edit's transaction."""
    change.severity, change.origin = Severity.WARNING, Change.Origin.PERSON
    change.reported_by, change.detected_at = by, now
    change.save(force_insert=True)
    return change
