"""Dry runs end: they are answers of a moment, and their texts and findings would grow without end."""

from datetime import datetime, timedelta

from django.db import transaction

from governance import audit
from governance.models import DryRun, Proposal

KEPT_FOR = timedelta(days=90)


@transaction.atomic
def forget_trials(*, now: datetime) -> int:
    """Remove those that were asked for longer than `KEPT_FOR` ago, audited; how many went.

    One of a text that people are about to decide on stays: their page leads to it.
    """
    asked_for = Proposal.objects.open().filter(kind=Proposal.Kind.CHANGE_POLICY).values("policy_text")
    old = DryRun.objects.filter(created_at__lt=now - KEPT_FOR).exclude(text__in=asked_for)
    rows = list(old.select_for_update().only("pk", "asked_by", "created_at").order_by("pk"))
    DryRun.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        told = {"asked_by": row.asked_by_id, "created_at": row.created_at}
        audit.record("governance:dryrun:forgotten", row, actor=None, before=told)
    return len(rows)
