"""What a platform asks: is the process there, can it work, and how much waits.

The probes answer before any other middleware, because they come by IP address, which `ALLOWED_HOSTS` need not know.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from math import inf, nan

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from governance.models import Action, Notice, Proposal
from registry.health import Health, State, look
from registry.models import Change, Source

logger = logging.getLogger(__name__)


def answer_probes(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """The middleware that answers the probes and lets everything else pass."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path_info)
        return get_response(request) if probe is None else probe(request)

    return respond


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers; it looks at nothing else, so that a database that is away restarts no web server."""
    return JsonResponse({"status": "alive"})


def readyz(_request: HttpRequest) -> HttpResponse:
    """Whether requests can be answered: 503 with the reason while the database is away or behind the code."""
    if reason := why_not_ready():
        return JsonResponse({"status": "not ready", "reason": reason}, status=503)
    return JsonResponse({"status": "ready"})


def metrics(_request: HttpRequest) -> HttpResponse:
    """Numbers for Prometheus. They count and name no person."""
    registry = CollectorRegistry()
    registry.register(Waiting(timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


def why_not_ready() -> str:
    """What keeps this process from answering; empty where nothing does."""
    try:
        missing = pending_migrations()
    except DatabaseError:
        logger.exception("The database cannot be reached")
        return "the database cannot be reached"
    return f"migrations are not applied: {', '.join(missing)}" if missing else ""


def pending_migrations() -> list[str]:
    """Migrations of this code, as app.name, that the database has not seen; raises `DatabaseError`."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in _known_migrations() - applied.keys())


@cache
def _known_migrations() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None)
    return frozenset(loader.disk_migrations or ())


class Waiting(Collector):
    """How much of each kind waits at `now`, in one query per kind."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield self._notices()
        yield from self._sources()
        yield _gauge("understudy_changes_untriaged", "Changes nobody was told of yet.", _untriaged())
        yield _gauge("understudy_actions_open", "Actions that want an owner.", Action.objects.open().count())
        yield _gauge("understudy_proposals_waiting", "Proposals without a decision.", Proposal.objects.open().count())

    def _notices(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("understudy_notices", "Notices in the outbox.", labels=["state"])
        counts = dict(Notice.objects.order_by().values_list("state").annotate(Count("pk")))
        for state in Notice.State.values:
            family.add_metric([state], counts.get(state, 0))
        return family

    def _sources(self) -> Iterator[GaugeMetricFamily]:
        """Of enabled sources alone: one that was switched off is no alarm."""
        found = look(Source.objects.filter(is_enabled=True), now=self._now)
        for name, explanation, value in _OF_SOURCES:
            family = GaugeMetricFamily(f"understudy_source_{name}", explanation, labels=["source"])
            for health in found:
                family.add_metric([health.source.slug], value(health, self._now))
            yield family
        yield _states(found)


def _seconds_since_success(health: Health, now: datetime) -> float:
    last = health.source.last_success_at
    return (now - last).total_seconds() if last else inf


def _last_success(health: Health, _now: datetime) -> float:
    last = health.source.last_success_at
    return last.timestamp() if last else 0


def _coverage(health: Health, _now: datetime) -> float:
    ratio = health.coverage.ratio
    return nan if ratio is None else ratio


# Name, explanation, value.
_OF_SOURCES: tuple[tuple[str, str, Callable[[Health, datetime], float]], ...] = (
    (
        "seconds_since_success",
        "Since the last good poll of an enabled source; +Inf where there was none.",
        _seconds_since_success,
    ),
    ("last_success_timestamp_seconds", "When the last good poll was; 0 where there was none.", _last_success),
    ("coverage_ratio", "Rows of the last good run against the usual; NaN where nothing is usual yet.", _coverage),
    ("incidents_open", "Open incidents: silent, empty or held back.", lambda health, _now: health.open_count),
    ("held_back", "Statements and changes in quarantine.", lambda health, _now: health.held_count),
    ("stale", "1 where what it said counts as stale (UD306).", lambda health, _now: health.is_stale),
    (
        "records_rejected",
        "Records of the last poll that could not be read.",
        lambda health, _now: health.newest_run.rejected_count if health.newest_run else 0,
    ),
    (
        "sections_failing",
        "Parts that did not answer when last read.",
        lambda health, _now: health.sections.failing_count,
    ),
)


def _states(found: Iterable[Health]) -> GaugeMetricFamily:
    """1 for the state that a source is in, 0 for the others, so that an alert can name one."""
    family = GaugeMetricFamily("understudy_source_state", "How a source does.", labels=["source", "state"])
    for health in found:
        for state in State:
            family.add_metric([health.source.slug, state.value], health.state is state)
    return family


def _untriaged() -> int:
    return Change.objects.in_force().filter(triage=None).count()


def _gauge(name: str, explanation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, explanation, value=value)
