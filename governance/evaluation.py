"""What already stands when a system begins to use an offering: last month's announcement reaches this month's user."""

from datetime import datetime

from django.db import transaction

from governance.consequences import record
from governance.models import Basis, Evaluation
from governance.notices import queue
from governance.reach import current_dependencies, touched_directly
from governance.standing import State, kinds_that_stand
from registry.locks import serialise
from registry.models import ChangeKind, Dependency
from registry.reports import restate

BATCH = 500


def evaluate_new_dependencies(*, now: datetime) -> int:
    """Evaluate every current dependency that never was; returns how many."""
    new = list(current_dependencies().filter(evaluation=None).order_by("pk"))
    untroubled = [row for row in new if not _kinds(row)]
    for start in range(0, len(untroubled), BATCH):
        rows = [Evaluation(dependency=row, evaluated_at=now) for row in untroubled[start : start + BATCH]]
        Evaluation.objects.bulk_create(rows, ignore_conflicts=True)
    for row in new:
        if row not in untroubled:
            evaluate_dependency(row, now=now)
    return len(new)


@transaction.atomic
def evaluate_dependency(dependency: Dependency, *, now: datetime) -> bool:
    """Raise impacts, actions and notices from the present state of the offering of `dependency`.

    Done once: False means that it had been done. Call it when a dependency is declared; the sweep finds what was not.
    """
    serialise("triage")
    _, is_first = Evaluation.objects.get_or_create(dependency=dependency, defaults={"evaluated_at": now})
    if not is_first:
        return False
    row = current_dependencies().filter(pk=dependency.pk).first()
    if row is None:
        return True
    kinds = _kinds(row)
    if kinds:
        touched = touched_directly(row, now=now)
        changes = [restate(row.offering, kind, now=now) for kind in kinds]
        queue(record({change: [touched] for change in changes}, now=now), now=now)
    return True


def _kinds(dependency: Dependency) -> list[ChangeKind]:
    """What stands against the offering in use; gating that was there when it was adopted is no news."""
    offering = dependency.offering
    kinds = kinds_that_stand(State.of(offering))
    if ChangeKind.GATED in kinds and _was_adopted_as_gated(dependency):
        kinds.remove(ChangeKind.GATED)
    return kinds


def _was_adopted_as_gated(dependency: Dependency) -> bool:
    return Basis.objects.filter(
        fact="gating",
        value=dependency.offering.gating,
        adoption__ended_at=None,
        adoption__offering=dependency.offering_id,
        adoption__purpose=dependency.purpose,
        adoption__distribution=dependency.system.distribution,
    ).exists()
