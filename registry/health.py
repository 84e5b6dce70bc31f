"""How the sources do: who answers, who is silent, who says less than usual, and whose word is held back.

`assess` is pure. `look` loads what it needs about all sources in a constant number of queries.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from django.db.models import Count, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber

from registry.effective import STALE_AFTER_INTERVALS, is_stale
from registry.models import Change, HeldFact, Incident, Method, PollRun, Section, Source

# So many completed runs say what is usual.
USUAL_RUNS = 10
# That many more are looked at, in the place of those that failed or met the same document.
SPARE_RUNS = 30
# Due sources are looked for every 30 s; what has waited this long waits for a worker that does not run.
LATE_AFTER = timedelta(minutes=5)
# From here on a share is easier read as a multiple.
_MANIFOLD = 2
MOMENT = "%Y-%m-%d %H:%M UTC"


class State(StrEnum):
    """How a source does, in the order in which an operator wants to see them."""

    FAILING = "failing"
    QUARANTINED = "quarantined"
    EMPTY = "empty"
    LATE = "late"
    NEW = "new"
    OK = "ok"
    OFF = "off"

    @property
    def label(self) -> str:
        return "Healthy" if self is State.OK else self.value.capitalize()


# What somebody has to look at.
UNWELL = frozenset({State.FAILING, State.QUARANTINED, State.EMPTY})
_BY_KIND = {Incident.Kind.SUSPECT: State.QUARANTINED, Incident.Kind.EMPTY: State.EMPTY}


@dataclass(frozen=True, slots=True)
class Coverage:
    """The rows of the last good run and the median of those before it; None where there was none."""

    rows: int | None = None
    usual: int | None = None

    @property
    def ratio(self) -> float | None:
        return self.rows / self.usual if self.rows is not None and self.usual else None

    @property
    def share(self) -> str:
        """The ratio in words, as “98%” or “12 times”; "" where nothing is usual yet."""
        if self.ratio is None:
            return ""
        return f"{self.ratio:.0%}" if self.ratio < _MANIFOLD else f"{self.ratio:,.0f} times"

    def __str__(self) -> str:
        if self.rows is None:
            return "nothing yet"
        if self.ratio is None:
            return f"{self.rows:,} rows"
        of = " of" if self.ratio < _MANIFOLD else ""
        return f"{self.rows:,} rows, {self.share}{of} the usual {self.usual:,}"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """An open incident with the number of statements and changes that are held back with it."""

    incident: Incident
    fact_count: int = 0
    change_count: int = 0


@dataclass(frozen=True, slots=True)
class Sections:
    """The parts that a source is read in: how many, how many of them failed when last read, and since when."""

    count: int = 0
    failing_count: int = 0
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """A source at a moment. `since` is when its state began, None where it is as it should be; `why` is a sentence."""

    source: Source
    state: State
    since: datetime | None
    why: str
    is_stale: bool
    coverage: Coverage = Coverage()
    sections: Sections = Sections()
    quarantines: tuple[Quarantine, ...] = ()
    newest_run: PollRun | None = None

    @property
    def is_unwell(self) -> bool:
        return self.state in UNWELL

    @property
    def fresh_until(self) -> datetime | None:
        """When what it said counts as stale, unless it answers before."""
        last = self.source.last_success_at
        return last + STALE_AFTER_INTERVALS * self.source.interval if last else None

    @property
    def held_count(self) -> int:
        return sum(one.fact_count + one.change_count for one in self.quarantines)

    @property
    def open_count(self) -> int:
        return len(self.quarantines)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What was loaded, by source."""

    counts: Mapping[int, Sequence[int]]
    newest: Mapping[int, PollRun]
    quarantines: Mapping[int, Sequence[Quarantine]]
    sections: Mapping[int, Sections]


def look(sources: Iterable[Source], *, now: datetime) -> list[Health]:
    """The health of each, the worst first, by five queries."""
    rows = list(sources)
    ids = [source.pk for source in rows]
    recent = _recent_runs(rows, now=now)
    loaded = _Rows(
        counts=_row_counts(recent),
        newest=_newest_runs(recent),
        quarantines=_quarantines(ids),
        sections=_sections(ids),
    )
    found = [_health(source, loaded, now=now) for source in rows]
    return sorted(found, key=lambda one: (list(State).index(one.state), one.source.name.casefold()))


def _health(source: Source, rows: _Rows, *, now: datetime) -> Health:
    quarantines = tuple(rows.quarantines.get(source.pk, ()))
    sections = rows.sections.get(source.pk, Sections())
    state, since, why = assess(source, [one.incident for one in quarantines], sections, now=now)
    return Health(
        source=source,
        state=state,
        since=since,
        why=why,
        is_stale=is_silent(source, now=now),
        coverage=coverage_of(rows.counts.get(source.pk, ())),
        sections=sections,
        quarantines=quarantines,
        newest_run=rows.newest.get(source.pk),
    )


def is_silent(source: Source, *, now: datetime) -> bool:
    """Whether a source that has answered before has had no good poll for two intervals."""
    last = source.last_success_at
    return last is not None and is_stale(last, interval=source.interval, now=now)


def is_overdue(source: Source, *, now: datetime) -> bool:
    """Whether its moment has passed and no worker has taken it up."""
    return source.next_due_at is not None and source.next_due_at < now - LATE_AFTER


def coverage_of(row_counts: Sequence[int]) -> Coverage:
    """From the rows of completed runs, the newest first."""
    if not row_counts:
        return Coverage()
    before = row_counts[1 : 1 + USUAL_RUNS]
    return Coverage(row_counts[0], round(median(before)) if before else None)


def assess(
    source: Source, incidents: Iterable[Incident], sections: Sections, *, now: datetime
) -> tuple[State, datetime | None, str]:
    """The state, since when, and why in one sentence for the person who looks after the sources; pure."""
    if source.method == Method.REPORTED:
        return State.OFF, None, "People report by themselves: there is nothing to poll."
    if not source.is_enabled:
        heard = "what it said is not watched any more" if source.last_success_at else "it was never asked"
        return State.OFF, None, f"Switched off: {heard}."
    if is_silent(source, now=now):
        return State.FAILING, source.last_success_at, silence_of(source, now=now)
    held = next((one for one in incidents if one.kind in _BY_KIND), None)
    if held is not None:
        return _BY_KIND[Incident.Kind(held.kind)], held.opened_at, held.reason
    if is_overdue(source, now=now):
        return State.LATE, source.next_due_at, f"Due since {source.next_due_at:{MOMENT}} and not polled yet."
    return _never_answered(source) if source.last_success_at is None else _answering(source, sections)


def silence_of(source: Source, *, now: datetime) -> str:
    """Since when a silent source has not answered, and why, as far as the last poll says."""
    last = source.last_success_at
    assert last is not None, "a source that never answered is not silent"  # noqa: S101
    return " ".join(filter(None, [f"No good poll since {last:{MOMENT}}.", cause_of(source, now=now)]))


def cause_of(source: Source, *, now: datetime) -> str:
    """What the last poll failed of, or that nobody polls it; empty where nothing is known."""
    last, error = source.last_success_at, source.last_error_at
    if error is not None and (last is None or error > last):
        return source.last_error
    return "It is due and nobody polls it: is a worker running?" if is_overdue(source, now=now) else ""


def _never_answered(source: Source) -> tuple[State, datetime | None, str]:
    if source.last_error_at is None:
        return State.NEW, None, "Not polled yet."
    return State.FAILING, source.last_error_at, f"It has never answered. {source.last_error}"


def _answering(source: Source, sections: Sections) -> tuple[State, datetime | None, str]:
    last, error = source.last_success_at, source.last_error_at
    if error is not None and last is not None and error > last:
        return State.LATE, error, f"The last poll failed and is tried again by itself. {source.last_error}"
    if sections.failing_count:
        why = f"{sections.failing_count} of {sections.count} parts did not answer when they were last read."
        return State.LATE, sections.failing_since, why
    return State.OK, None, "Answers."


def _recent_runs(sources: Iterable[Source], *, now: datetime) -> QuerySet[PollRun]:
    """As many of each as say what is usual, and all since its last good one: not the runs of years."""
    wanted = Q(pk__in=[])
    for source in sources:
        since = (source.last_success_at or now) - (USUAL_RUNS + SPARE_RUNS) * source.interval
        wanted |= Q(source=source.pk, slot__gte=since)
    return PollRun.objects.filter(wanted).exclude(outcome=PollRun.Outcome.RUNNING)


def _row_counts(recent: QuerySet[PollRun]) -> dict[int, list[int]]:
    """The rows of the newest completed runs. A run that met the same document counted none.

    A round that read less than half of a source's sections, after a hint for example, says nothing of the whole.
    """
    sections = Section.objects.filter(source=OuterRef("source")).order_by().values("source")
    half = Subquery(sections.annotate(number=Count("pk") / 2).values("number"), output_field=IntegerField())
    runs = recent.filter(completed_at__isnull=False).exclude(outcome=PollRun.Outcome.UNCHANGED, record_count=0)
    runs = runs.annotate(half=half).filter(Q(section_count=0) | Q(section_count__gte=F("half")))
    found: dict[int, list[int]] = defaultdict(list)
    newest = _newest(runs, USUAL_RUNS + 1).order_by("source", "-slot")
    for source_id, count in newest.values_list("source_id", "record_count"):
        found[source_id].append(count)
    return found


def _newest_runs(recent: QuerySet[PollRun]) -> dict[int, PollRun]:
    return {run.source_id: run for run in _newest(recent, 1)}


def _newest(runs: QuerySet[PollRun], count: int) -> QuerySet[PollRun]:
    place = Window(RowNumber(), partition_by=[F("source_id")], order_by=F("slot").desc())
    return runs.annotate(place=place).filter(place__lte=count)


def _quarantines(ids: Sequence[int]) -> dict[int, list[Quarantine]]:
    found: dict[int, list[Quarantine]] = defaultdict(list)
    for incident in with_held_counts(Incident.objects.open().filter(source__in=ids)).order_by("opened_at"):
        found[incident.source_id].append(quarantine_of(incident))
    return found


def with_held_counts(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Each with `fact_count` and `change_count`, what is held back with it."""
    return incidents.annotate(
        fact_count=_count_of(HeldFact.objects.all()), change_count=_count_of(Change.objects.all())
    )


def _count_of(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.filter(incident=OuterRef("pk")).order_by().values("incident").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


def quarantine_of(incident: Incident) -> Quarantine:
    """From an incident that was loaded `with_held_counts`."""
    return Quarantine(incident, incident.fact_count, incident.change_count)  # type: ignore[attr-defined]  # annotated


def _sections(ids: Sequence[int]) -> dict[int, Sections]:
    failing = Q(failed_since__isnull=False)
    rows = Section.objects.filter(source__in=ids).order_by().values("source_id")
    counted = rows.annotate(all=Count("pk"), failing=Count("pk", filter=failing), since=Min("failed_since"))
    return {row["source_id"]: Sections(row["all"], row["failing"], row["since"]) for row in counted}
