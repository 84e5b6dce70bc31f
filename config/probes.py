"""What a platform asks: is the process there, can it work, and how much waits.

The probes answer before any other middleware, because they come by IP address, which `ALLOWED_HOSTS` need not know.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache

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
        yield self._sources()
        yield _gauge("understudy_changes_untriaged", "Changes nobody was told of yet.", _untriaged())
        yield _gauge("understudy_actions_open", "Actions that want an owner.", Action.objects.open().count())
        yield _gauge("understudy_proposals_waiting", "Proposals without a decision.", Proposal.objects.open().count())

    def _notices(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("understudy_notices", "Notices in the outbox.", labels=["state"])
        counts = dict(Notice.objects.order_by().values_list("state").annotate(Count("pk")))
        for state in Notice.State.values:
            family.add_metric([state], counts.get(state, 0))
        return family

    def _sources(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "understudy_source_seconds_since_success",
            "Since the last good poll of an enabled source; +Inf where there was none.",
            labels=["source"],
        )
        for slug, last in Source.objects.filter(is_enabled=True).values_list("slug", "last_success_at"):
            family.add_metric([slug], (self._now - last).total_seconds() if last else float("inf"))
        return family


def _untriaged() -> int:
    return Change.objects.in_force().filter(triage=None).count()


def _gauge(name: str, explanation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, explanation, value=value)
