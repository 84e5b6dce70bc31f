"""Bring models in from a file, with the line in the audit chain that says who did it."""

from datetime import datetime

from django.db import transaction

from governance.audit import record
from governance.snapshot import snapshot
from registry.imports.review import Review
from registry.imports.write import write
from registry.models import AIModel, User, Vendor


def bring_in(review: Review, *, file_name: str, actor: User | None, now: datetime) -> list[AIModel]:
    """Write a reviewed import and its audit lines in one transaction; the models that were made or changed."""
    file = {"file": file_name[:200]}
    with transaction.atomic():
        models = write(review, now=now)
        for vendor in Vendor.objects.filter(slug__in=[record.slug for record in review.vendors]):
            made = snapshot(vendor, "aliases", "hub_namespaces")
            record("registry:vendor:imported", vendor, actor=actor, after={**file, **made})
        for model in models:
            offerings = [snapshot(one, "revisions", "aliases") for one in model.offerings.order_by("pk")]
            after = {**file, **snapshot(model, "base_edges"), "offerings": offerings}
            record("registry:model:imported", model, actor=actor, after=after)
    return models
