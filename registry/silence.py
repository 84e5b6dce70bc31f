"""Open an incident for a source that has fallen silent, once, and close it when the source answers again."""

from datetime import datetime

from django.db.models import QuerySet

from registry.health import is_silent, silence_of
from registry.models import Incident, Source


def open_failing_incidents(*, now: datetime) -> int:
    """Keep the incidents of the kind `failing` in step with the sources; returns how many were opened or closed.

    A source that is off, or has never answered, has none: nothing that counts was learnt from it. Any number of
    workers may do so at once: the database holds that one is open per source.
    """
    enabled = Source.objects.filter(is_enabled=True)
    silent = [source for source in enabled if is_silent(source, now=now)]
    return _open(silent, now=now) + _close(silent, now=now)


def _open(silent: list[Source], *, now: datetime) -> int:
    known = set(_open_incidents().filter(source__in=silent).values_list("source_id", flat=True))
    new = [_incident(source, now=now) for source in silent if source.pk not in known]
    # Another worker may open the same at this moment; one of the two rows stands.
    Incident.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _incident(source: Source, *, now: datetime) -> Incident:
    return Incident(
        source=source,
        kind=Incident.Kind.FAILING,
        opened_at=now,
        reason=silence_of(source, now=now),
        affected_count=source.listings.filter(missing_since=None).count(),
    )


def _close(silent: list[Source], *, now: datetime) -> int:
    ended = _open_incidents().exclude(source__in=silent).select_related("source")
    return sum(_end(incident, now=now) for incident in ended)


def _end(incident: Incident, *, now: datetime) -> int:
    source = incident.source
    answered_at = max(incident.opened_at, source.last_success_at or now)
    closed_at, note = (answered_at, "") if source.is_enabled else (now, "The source was switched off.")
    # Conditional, because another worker, or the poll itself, may have closed it meanwhile.
    still_open = Incident.objects.open().filter(pk=incident.pk)
    return still_open.update(closed_at=closed_at, verdict=Incident.Verdict.PASSED, note=note)


def _open_incidents() -> QuerySet[Incident]:
    return Incident.objects.open().filter(kind=Incident.Kind.FAILING)
