"""A stored answer as the API gives it: the same whenever it is read."""

from datetime import UTC, datetime
from typing import Any

from governance.links import check_page_url, check_url, help_url
from governance.models import Check, Finding


def answer_of(row: Check) -> dict[str, Any]:
    """The stored answer as the API promises it."""
    return {
        "id": str(row.pk),
        "url": check_url(row.pk),
        "page_url": check_page_url(row.pk),
        "verdict": str(row.verdict),
        "checked_at": as_text(row.checked_at),
        "facts_as_of": as_text(row.facts_as_of) if row.facts_as_of else None,
        "stale_sources": row.stale_sources or [],
        "policy_version": row.policy_version,
        "environment_class": row.request.get("environment_class"),
        "findings": [_finding_of(finding) for finding in row.findings.all()],
        "digest": row.question_digest,
        "signed": row.signed or None,
    }


def as_text(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _finding_of(row: Finding) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "level": str(row.level),
        "ref": row.ref,
        "message": row.message,
        "fix": row.fix,
        "help_url": help_url(row.rule),
        "waiver": row.waiver,
        "locations": row.locations,
    }
