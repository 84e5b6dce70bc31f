"""Background work of the register."""

from celery import shared_task
from django.utils import timezone

from registry.ingest import poll
from registry.models import Source


@shared_task
def poll_due_sources() -> None:
    """Have every source polled whose time has come."""
    for slug in Source.objects.due(timezone.now()).values_list("slug", flat=True):
        poll_source.delay(slug)


@shared_task
def poll_source(slug: str) -> None:
    poll(slug, now=timezone.now())
