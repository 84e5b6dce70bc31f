"""Background work of governance: adapters. Each finds its work in rows, so running one twice, or late, is harmless."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from governance import (
    actions,
    breaker,
    checkpoints,
    concentration,
    corrections,
    deliver,
    drifts,
    forget,
    idempotency,
    incidents,
    outlook,
    pace,
    pipelines,
    proposals,
    reminders,
    retention,
    triage,
    trials,
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
    """Judge a part of a dry run and queue up again for the next one, behind whatever else has come meanwhile."""
    if trials.work(at_most=1):
        try_policies.delay()


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def end_corrections() -> None:
    """Let sources speak again of what was corrected until a day that has passed."""
    corrections.end_passed(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def set_breakers() -> None:
    """Let the breakers of the sources follow a policy whose day has come, and new sources the one in force."""
    breaker.set_breakers(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def forget_trials() -> None:
    """Remove dry runs that nobody needs any more."""
    forget.forget_trials(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def expire() -> None:
    now = timezone.now()
    proposals.expire(now)
    reminders.remind(now=now)
    actions.wake(now=now)
    pipelines.forget(now=now)
    pace.forget(now=now)
    idempotency.forget(now=now)


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def look_ahead() -> None:
    outlook.look(now=timezone.now())


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


@shared_task  # type: ignore[untyped-decorator]  # Celery carries no types
def forget_old() -> None:
    """Remove raw answers, checks and deliveries that are older than they are kept."""
    retention.forget(now=timezone.now(), days=settings.RETENTION_DAYS)
