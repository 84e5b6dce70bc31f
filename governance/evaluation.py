"""What already stands when a system begins to use an offering: last month's announcement reaches this month's user."""

from datetime import datetime

from django.db import transaction

from governance.consequences import record
from governance.models import Evaluation
from governance.notices import queue
from governance.reach import current_dependencies, touched_directly
from governance.standing import State, kinds_that_stand
from registry.locks import serialise
from registry.models import Dependency
from registry.restate import restate

BATCH = 500


def evaluate_new_dependencies(*, now: datetime) -> int:
    """Evaluate every current dependency that never was; returns how many."""
    new = list(current_dependencies().filter(evaluation=None).order_by("pk"))
    untroubled = [row for row in new if not kinds_that_stand(State.of(row.offering))]
    for start in range(0, len(untroubled), BATCH):
        rows = [Evaluation(dependency=row, evaluated_at=now) for row in untroubled[start : start + BATCH]]
        Evaluation.objects.bulk_create(rows, ignore_conflicts=True)
    for row in new:
        if kinds_that_stand(State.of(row.offering)):
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
    kinds = kinds_that_stand(State.of(row.offering))
    if kinds:
        touched = touched_directly(row, now=now)
        changes = [restate(row.offering, kind, now=now) for kind in kinds]
        queue(record({change: [touched] for change in changes}, now=now), now=now)
    return True
