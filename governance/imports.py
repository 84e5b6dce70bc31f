"""Bring models in from a file, with the line in the audit chain that says who did it.

A file may state a lineage anew. Whoever depends on such a model is told, as of any other edit.
"""

from datetime import datetime

from django.db import transaction

from governance.audit import record
from governance.snapshot import snapshot
from registry.imports.review import Review, Step
from registry.imports.write import write
from registry.models import AIModel, User, Vendor
from registry.ownership import lineage_of, tell_lineage
from registry.records import JSON

_DECIDES_WHO_STANDS_BEHIND = {"developer", "base_models", "lineage_status"}


def bring_in(review: Review, *, file_name: str, actor: User | None, now: datetime) -> list[AIModel]:
    """Write a reviewed import and its audit lines in one transaction; the models that were made or changed."""
    file = {"file": file_name[:200]}
    with transaction.atomic():
        former = _lineage_before(review)
        models = write(review, file_name=file_name, now=now)
        for vendor in Vendor.objects.filter(slug__in=[record.slug for record in review.vendors]):
            after = snapshot(vendor, "aliases", "hub_namespaces")
            record("registry:vendor:imported", vendor, actor=actor, after=file | after)
        for model in models:
            tell_lineage(model, before=former.get(model.slug, {}), by=actor, now=now)
        for model in models:
            places = [snapshot(one, "revisions", "aliases") for one in model.offerings.order_by("pk")]
            whole = {**file, **snapshot(model, "base_edges"), "offerings": places}
            record("registry:model:imported", model, actor=actor, after=whole)
    return models


def _lineage_before(review: Review) -> dict[str, JSON]:
    """By slug, the lineage of the known models of which the file states another."""
    changing = [
        row.record.slug
        for row in review.rows
        if row.step is Step.UPDATED and _DECIDES_WHO_STANDS_BEHIND & set(row.changed)
    ]
    return {model.slug: lineage_of(model) for model in AIModel.objects.filter(slug__in=changing)}
