"""One source at a glance: how it does and why, what of it is held back, its latest polls, and what could not be read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from governance.admin.pages.frame import person_of, show
from registry.health import Health, look
from registry.models import Change, HeldFact, Incident, PollRun, Rejected, Section, Source

RUNS = 10
LISTED = 25
PAST_INCIDENTS = 8


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An open incident with the first of what is held back with it; the counts are of all."""

    incident: Incident
    facts: list[HeldFact]
    fact_count: int
    changes: list[Change]
    change_count: int

    @property
    def can_be_decided(self) -> bool:
        return self.incident.kind != Incident.Kind.FAILING

    @property
    def is_cut(self) -> bool:
        return self.fact_count > len(self.facts) or self.change_count > len(self.changes)


@dataclass(frozen=True, slots=True)
class SourcePage:
    health: Health
    listing_count: int
    held: list[HeldBack]
    runs: list[PollRun]
    sections: list[Section]
    rejected: list[Rejected]
    past: list[Incident]


def load(source: Source, *, now: datetime) -> SourcePage:
    """The page, in a number of queries that depends on the open incidents alone, of which there are three at most."""
    (health,) = look(Source.objects.filter(pk=source.pk), now=now)
    failing = source.sections.filter(failed_since__isnull=False).order_by("failed_since")
    past = source.incidents.exclude(closed_at=None).select_related("decided_by")
    return SourcePage(
        health=health,
        listing_count=source.listings.filter(missing_since=None).count(),
        held=[
            _held_back(one.incident, fact_count=one.fact_count, change_count=one.change_count)
            for one in health.quarantines
        ],
        runs=list(source.runs.all()[:RUNS]),
        sections=list(failing[:LISTED]),
        rejected=_rejected(health.newest_run),
        past=list(past[:PAST_INCIDENTS]),
    )


def _held_back(incident: Incident, **counts: int) -> HeldBack:
    # Whoever decides looks first at what is in use.
    in_use_first = F("listing__offering").asc(nulls_last=True)
    changes = incident.changes.select_related("listing__source", "listing__offering").order_by(in_use_first, "pk")
    facts = incident.held.select_related("listing__offering").order_by(in_use_first, "pk")
    return HeldBack(incident=incident, facts=list(facts[:LISTED]), changes=list(changes[:LISTED]), **counts)


def _rejected(run: PollRun | None) -> list[Rejected]:
    return list(run.rejected.order_by("pk")[:LISTED]) if run and run.rejected_count else []


def source(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Source, pk=pk)
    person = person_of(request)
    context: dict[str, Any] = {
        "page": load(row, now=timezone.now()),
        "can_poll": person.has_perm("registry.change_source", row),
        "can_decide": person.has_perm("registry.change_incident"),
    }
    return show(request, "source.html", title=row.name, **context)
