"""Background work of the register: adapters around `ingest.poll`."""

import logging
from datetime import datetime

from celery import shared_task
from django.utils import timezone

from registry import clock, propose_signals, runs, silence
from registry.ingest import due_sources, poll
from registry.listings import map_all_new

logger = logging.getLogger(__name__)


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def poll_due_sources() -> None:
    """Have each due source polled once for the moment it was due, however many beats ask."""
    now = timezone.now()
    map_all_new(now=now)
    for source in due_sources(now=now):
        poll_source.delay(source.slug, runs.next_slot(source, now=now).isoformat())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def poll_source(slug: str, slot: str | None = None) -> None:
    """Poll one source, for a slot once, without one now."""
    try:
        poll(slug, now=timezone.now(), slot=datetime.fromisoformat(slot) if slot else None)
    except (runs.Busy, runs.LeaseLost) as error:
        logger.info("%s", error)


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def watch_sources() -> None:
    """Find the sources that have fallen silent, and those that answer again."""
    silence.open_failing_incidents(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def retire_due() -> None:
    """Tell of the retirements whose day has come."""
    clock.retire_due(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def judge_vendors() -> None:
    """Propose to people what vendors do over time that looks like an end."""
    propose_signals.propose_all(now=timezone.now())
