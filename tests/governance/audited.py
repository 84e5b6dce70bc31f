"""Row versions beside the audit chain: which rows an act changed, and what of that no new line tells."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import DateTimeField, Model

from governance import models as decisions
from governance.models import AuditEntry
from governance.snapshot import snapshot
from registry import models as facts

# What people change and decide; each change of each row, through whatever door, leaves a line that tells it.
AUDITED: frozenset[type[Model]] = frozenset(
    {
        facts.User,
        facts.Team,
        facts.Member,
        Group,
        decisions.Token,
        decisions.Pipeline,
        facts.Vendor,
        facts.VendorAlias,
        facts.HubNamespace,
        facts.License,
        facts.LicenseName,
        facts.AIModel,
        facts.LineageEdge,
        facts.Offering,
        facts.Revision,
        facts.Alias,
        facts.Environment,
        facts.System,
        facts.Dependency,
        facts.FallbackPlan,
        facts.PlanRevision,
        facts.Alternative,
        facts.Drill,
        facts.Source,
        facts.Listing,
        facts.Incident,
        facts.Change,
        facts.ProposedSignal,
        facts.Correction,
        decisions.Policy,
        decisions.Proposal,
        decisions.Decision,
        decisions.Adoption,
        decisions.Approval,
        decisions.Waiver,
        decisions.Block,
        decisions.Action,
        decisions.Channel,
        decisions.Notice,
        decisions.Attestation,
        decisions.BreakGlass,
        decisions.Gateway,
        decisions.Comment,
        decisions.Delegation,
        decisions.WhatIfReport,
    }
)
# Written by the platform out of the above or of what upstreams say, with evidence of their own; by no person.
OF_THE_PLATFORM: frozenset[type[Model]] = frozenset(
    {
        decisions.Grounds,
        decisions.IdempotencyKey,
        decisions.Outlook,
        decisions.Forewarning,
        facts.VendorAncestor,
        facts.ModelAncestor,
        facts.PollRun,
        facts.Rejected,
        facts.Observation,
        facts.Section,
        facts.HeldFact,
        facts.Hint,
        facts.LicenseText,
        facts.RequestBudget,
        facts.BomComponent,
        decisions.AuditEntry,
        decisions.Basis,
        decisions.Check,
        decisions.Finding,
        decisions.GatewayReport,
        decisions.Drift,
        decisions.Triage,
        decisions.TriageFailure,
        decisions.Evaluation,
        decisions.Impact,
        decisions.NoticeItem,
        decisions.Delivery,
        decisions.IncidentTold,
        decisions.Ticket,
        decisions.Reminder,
        decisions.Concentration,
        decisions.SpentIdentity,
        decisions.Pace,
        decisions.DryRun,  # whoever asks changes nothing by it
        decisions.DryRunPart,
    }
)

Versions = dict[tuple[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Moment:
    """How the rows stood, and how long the chain was."""

    rows: Versions
    sequence: int


def look() -> Moment:
    rows = {
        (model._meta.label_lower, row.pk): _told_columns(row)
        for model in AUDITED
        for row in model._default_manager.all()  # noqa: SLF001 - the manager that every model has
    }
    last = AuditEntry.objects.order_by("-sequence").first()
    return Moment(rows, last.sequence if last else 0)


def _told_columns(row: Model) -> dict[str, Any]:
    """What a line has to tell: moments are the line's own, and derived columns follow from others."""
    silent = {
        field.name
        for field in row._meta.concrete_fields
        if isinstance(field, DateTimeField) or not field.editable or getattr(field, "auto_now_add", False)
    }
    return {name: value for name, value in snapshot(row).items() if name not in silent | {"digest"}}


def changed_since(earlier: Moment) -> Versions:
    """The columns that are new, by row; a row that is gone has all that it had."""
    now = look().rows
    changed = {key: _new_columns(earlier.rows.get(key, {}), columns) for key, columns in now.items()}
    gone = {key: columns for key, columns in earlier.rows.items() if key not in now}
    return {key: columns for key, columns in (changed | gone).items() if columns or key not in earlier.rows}


def _new_columns(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    # A column that stands at nothing in a new row needs no word.
    return {
        name: value
        for name, value in after.items()
        if before.get(name) != value and (before or value not in (None, "", [], {}, False, 0))
    }


def untold(earlier: Moment) -> list[str]:
    """What the rows became since, and no line that was added since tells."""
    lines = list(AuditEntry.objects.filter(sequence__gt=earlier.sequence))
    told = {text for line in lines for text in _leaves(line)}
    return [
        f"{label} {pk}: {name} is {value!r}"
        for (label, pk), columns in changed_since(earlier).items()
        for name, value in (columns or {"": pk}).items()
        if not set(_texts(value)) <= told
    ]


def _leaves(line: AuditEntry) -> Iterator[str]:
    yield from (line.subject.rpartition(":")[2], str(line.actor_id), line.tag.rpartition(":")[2])
    yield from _texts(line.before)
    yield from _texts(line.after)


def _texts(value: Any) -> Iterator[str]:
    """The values in JSON as text; a form tells a list or an object as one text, so that counts as well."""
    match value:
        case dict():
            yield from (text for one in value.values() for text in _texts(one))
        case list():
            yield from _of_each(value)
        case _:
            yield str(value)


def _of_each(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from _texts(value)
