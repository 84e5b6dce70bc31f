"""Background work of governance: adapters. Each finds its work in rows, so running one twice, or late, is harmless."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from governance import (
    actions,
    checkpoints,
    concentration,
    deliver,
    drifts,
    dry_run,
    incidents,
    proposals,
    reminders,
    triage,
)


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def triage_changes() -> None:
    triage.triage_changes(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def tell_of_incidents() -> None:
    incidents.tell(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def deliver_mail() -> None:
    deliver.deliver_due(deliver.transports_of("digest"), now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def deliver_tickets() -> None:
    deliver.deliver_due(deliver.transports_of("ticket"), now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def try_policies() -> None:
    dry_run.work()


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def expire() -> None:
    now = timezone.now()
    proposals.expire(now)
    reminders.remind(now=now)
    actions.wake(now=now)


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def watch_gateways() -> None:
    drifts.watch(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def snapshot_concentration() -> None:
    concentration.snapshot(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def keep_checkpoint() -> None:
    """Raises, and so says so in the log, where the chain contradicts what was kept."""
    checkpoints.keep(settings.CHECKPOINT_FOLDER, now=timezone.now())
