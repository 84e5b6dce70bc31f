"""What people report of models and vendors, with the line of audit. Rights are the caller's to check."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.eased import eased, stand_of
from governance.permissions import can_correct
from governance.snapshot import snapshot
from registry import reports
from registry.models import Change, Offering, User, Vendor
from registry.records import jsonable
from registry.reports import Report


@transaction.atomic
def report_change(
    offering: Offering,
    *,
    kind: str,
    facts: Mapping[str, Any],
    summary: str,
    source_url: str,
    reported_by: User,
    now: datetime,
) -> Report:
    """As `registry.reports.report_change`, audited: what was said, and each change that it is told as.

    Who has to pass the gate tells of bad news; good news, by which it would turn green, reviewers and administrators
    enter. Raises `ValidationError` at `kind` otherwise.
    """
    before = stand_of(offering)
    found = reports.report_change(
        offering,
        kind=kind,
        facts=facts,
        summary=summary,
        source_url=source_url,
        reported_by=reported_by,
        now=now,
    )
    good_news = eased(before, stand_of(offering))
    if good_news and not can_correct(reported_by, offering):
        raise ValidationError(
            {
                "kind": [
                    f"Only reviewers and administrators whose team does not use it say {good_news}: ask one of them."
                ]
            }
        )
    said = {
        "kind": kind,
        "facts": {name: jsonable(value) for name, value in facts.items()},
        "summary": summary,
        "source_url": source_url,
        "changes": [snapshot(change) | {"id": change.pk} for change in found.changes],
    }
    audit.record("governance:offering:reported", offering, actor=reported_by, after=said)
    return found


@transaction.atomic
def report_vendor_signal(
    vendor: Vendor, *, summary: str, source_url: str, severity: str, reported_by: User, now: datetime
) -> Change:
    """As `registry.reports.report_vendor_signal`, audited."""
    change = reports.report_vendor_signal(
        vendor, summary=summary, source_url=source_url, severity=severity, reported_by=reported_by, now=now
    )
    audit.record("governance:change:reported", change, actor=reported_by, after=snapshot(change))
    return change
