"""Bring models in from a file, with the line in the audit chain that says who did it."""

from datetime import datetime

from django.db import transaction

from governance.audit import record
from registry.imports.review import Review
from registry.imports.write import write
from registry.models import AIModel, User


def bring_in(review: Review, *, file_name: str, actor: User | None, now: datetime) -> list[AIModel]:
    """Write a reviewed import and its audit lines in one transaction; the models that were made or changed."""
    with transaction.atomic():
        models = write(review, now=now)
        for model in models:
            record("registry:model:imported", model, actor=actor, after={"slug": model.slug, "file": file_name[:200]})
    return models
