"""Remove what is older than the organisation keeps it: raw answers, checks, deliveries. Decisions and audit stay.

Of checks the newest two of each system in each environment stay, the last verdict and the one that it is compared with; of
deliveries those of a notice that is not sent, or about a source that is not well again, or of a ticket whose action is
open. What stays of raw answers is for `registry.retention` to say.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from governance import audit
from governance.models import Action, Check, Delivery, Notice
from registry import retention
from registry.locks import serialise

BATCH = 1000
# Far less than a task may run; the next one goes on.
MOST_BATCHES = 200
# The last verdict, and the one that tells what is different since.
KEPT_CHECKS = 2


def forget(*, now: datetime, days: int) -> Mapping[str, int]:
    """Remove what was over more than `days` ago, each batch with a line of audit; rows removed, by model.

    A batch is a transaction: a worker that dies has removed whole batches, and the next one finds the rest.
    """
    before = now - timedelta(days=days)
    gone: Counter[str] = Counter()
    batches = 0
    for rows in (*retention.expendable(before=before), _deliveries(before), _checks(before)):
        for number in _removed(rows, before=before):
            gone[rows.model._meta.model_name or ""] += number
            batches += 1
            if batches == MOST_BATCHES:
                return gone
    return gone


def _removed(rows: QuerySet[Any], *, before: datetime) -> Iterator[int]:
    """How many each batch has removed, until there are none."""
    while number := _remove_some(rows, before=before):
        yield number


@transaction.atomic
def _remove_some(rows: QuerySet[Any], *, before: datetime) -> int:
    # Two workers would remove the same rows and tell of them twice.
    serialise("retention")
    chosen: list[Model] = list(rows.order_by("pk").only("pk")[:BATCH])
    if not chosen:
        return 0
    _, removed = rows.filter(pk__in=[row.pk for row in chosen]).delete()
    number = removed.get(rows.model._meta.label, 0)
    said = {"rows": number, "last": chosen[-1].pk, "older_than": before.date()}
    audit.record(f"governance:{rows.model._meta.model_name}:forgotten", chosen[0], actor=None, after=said)
    return number


def _checks(before: datetime) -> QuerySet[Check]:
    later = Check.objects.filter(
        system=OuterRef("system"), environment=OuterRef("environment"), checked_at__gt=OuterRef("checked_at")
    )
    return Check.objects.filter(Exists(later.order_by()[KEPT_CHECKS - 1 : KEPT_CHECKS]), checked_at__lt=before)


def _deliveries(before: datetime) -> QuerySet[Delivery]:
    unfinished = Action.objects.filter(
        dependency=OuterRef("notice__ticket__dependency"), concern=OuterRef("notice__ticket__concern")
    ).exclude(state=Action.State.DONE)
    sent = Delivery.objects.filter(notice__state=Notice.State.SENT, notice__sent_at__lt=before)
    is_about_what_is_wrong = Q(notice__incident__isnull=False, notice__incident__closed_at=None)
    return sent.exclude(Exists(unfinished)).exclude(is_about_what_is_wrong)
