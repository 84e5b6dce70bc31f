"""Which rows of what sources said may go once they are old: raw answers and the runs that brought them.

What counts never goes, however old: the observation that a listing stands on, and the one that stood at the day that
is asked about; changes, with the runs that they name; incidents; corrections; license texts. Nothing is removed here.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from registry.clock import OVER
from registry.health import SPARE_RUNS, USUAL_RUNS
from registry.license_changes import ABOUT_LICENSES
from registry.models import Change, Incident, Listing, Method, Observation, PollRun, Rejected

# Of each source, whatever their age: what is usual is told by so many.
KEPT_RUNS = USUAL_RUNS + SPARE_RUNS


def expendable(*, before: datetime) -> list[QuerySet[Any]]:
    """What may go of what was over before that moment, in an order in which nothing that stays names what has gone."""
    return [_observations(before), _rejects(before), _runs(before)]


def _observations(before: datetime) -> QuerySet[Observation]:
    """Statements that another one had taken the place of by then, and that nothing is read from any more."""
    completed = Observation.objects.filter(run__completed_at__isnull=False)
    later = completed.filter(
        listing=OuterRef("listing"), observed_at__gt=OuterRef("observed_at"), observed_at__lt=before
    )
    # What people reported is their word, and no raw answer.
    said = completed.filter(Exists(later)).exclude(listing__source__method=Method.REPORTED)
    in_force = Listing.objects.filter(current=OuterRef("pk"))
    return said.exclude(Exists(in_force)).exclude(_compared()).exclude(_dates_an_overdue_day(before))


def _compared() -> Q:
    """Those whose license text is one side of the difference that a change of license shows."""
    changes = Change.objects.filter(listing=OuterRef("listing"), kind__in=ABOUT_LICENSES)
    return Q(Exists(changes), facts__license_text__isnull=False)


def _dates_an_overdue_day(before: datetime) -> Q:
    """Those of a day of retirement that passed unheeded: who named it before it came is what makes it credible."""
    overdue = Q(listing__offering__retires_on__lt=before.date())
    return overdue & ~Q(listing__offering__status__in=OVER)


def _rejects(before: datetime) -> QuerySet[Rejected]:
    return Rejected.objects.filter(run__slot__lt=before).filter(_has_followers("run__source", "run__slot"))


def _runs(before: datetime) -> QuerySet[PollRun]:
    """Runs that no row names."""
    named = [Exists(model.objects.filter(run=OuterRef("pk"))) for model in (Change, Observation, Incident)]
    old = PollRun.objects.filter(slot__lt=before).filter(_has_followers("source", "slot"))
    return old.exclude(outcome=PollRun.Outcome.RUNNING).exclude(named[0] | named[1] | named[2])


def _has_followers(source: str, slot: str) -> Exists:
    """Whether `KEPT_RUNS` of the source came after the run."""
    later = PollRun.objects.filter(source=OuterRef(source), slot__gt=OuterRef(slot))
    return Exists(later.order_by("slot")[KEPT_RUNS - 1 : KEPT_RUNS])
