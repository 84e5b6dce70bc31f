"""“Why red since yesterday?”: what moved between a stored answer and the one before it, with the changes behind it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from governance.models import Check
from governance.moved import Kind, Move, Moved, Told, compare
from governance.rules.catalogue import LEVELS
from registry.models import Change, ChangeKind

# By what a ground is called, the kinds of change that move it.
_MOVES = {
    "status": {ChangeKind.REMOVED, ChangeKind.RESTORED, ChangeKind.DISABLED, ChangeKind.RETIRED, ChangeKind.DEPRECATED},
    "retirement": {
        ChangeKind.RETIREMENT_ANNOUNCED,
        ChangeKind.RETIREMENT_MOVED,
        ChangeKind.RETIREMENT_WITHDRAWN,
        ChangeKind.RETIRED,
    },
    "gating": {ChangeKind.GATED, ChangeKind.UNGATED},
    "license": {ChangeKind.LICENSE_CHANGED, ChangeKind.LICENSE_TEXT_CHANGED},
    "identity": {ChangeKind.REREGISTERED},
    "current revision": {ChangeKind.REVISION_MOVED},
    "vendors behind it": {ChangeKind.LINEAGE_CHANGED, ChangeKind.VENDOR_CHANGED},
    "lineage": {ChangeKind.LINEAGE_CHANGED},
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A move with the changes that sources told in that time, newest first; none where people did it by hand."""

    move: Move
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """What moved since `before`, which is None for the first answer of a system in an environment."""

    check: Check
    before: Check | None
    moved: Moved
    moves: tuple[Explained, ...] = ()


def why(check: Check, *, against: Check | None = None) -> Why:
    """What moved since `against`; by default since the last answer before it that said something else.

    Where none ever said anything else, since the one right before it.
    """
    before = against or last_other(check)
    if before is None:
        return Why(check, None, Moved())
    moved = compare(_told(before), _told(check))
    told = _changes(moved.moves, after=before.checked_at, until=check.checked_at)
    return Why(check, before, moved, tuple(Explained(move, _behind(move, told)) for move in moved.moves))


def last_other(check: Check) -> Check | None:
    """The last answer before it that found something else; failing that the one before it."""
    earlier = earlier_than(check)
    other = earlier.exclude(verdict=check.verdict, findings_digest=check.findings_digest)
    return other.first() or earlier.first()


def earlier_than(check: Check) -> QuerySet[Check]:
    """The answers to the same system in the same environment before it, newest first."""
    rows = Check.objects.filter(
        system=check.system_id, environment=check.environment_id, checked_at__lt=check.checked_at
    )
    return rows.select_related("grounds", "system", "environment", "asked_by").order_by("-checked_at")


def _told(check: Check) -> Told:
    findings: dict[tuple[str, str], str] = {}
    for finding in check.findings.all():
        key = (finding.rule, finding.ref)
        findings[key] = max(finding.level, findings.get(key, finding.level), key=LEVELS.index)
    return Told(
        day=check.checked_at.date(),
        policy_version=check.policy_version,
        commit=check.commit,
        models=tuple(check.request["models"]),
        grounds=check.grounds.document if check.grounds else {},
        findings=findings,
    )


ByKind = dict[tuple[str, str], list[Change]]


def _changes(moves: Iterable[Move], *, after: datetime, until: datetime) -> ByKind:
    """By offering (`offering:12`) and kind, what was detected in that time."""
    ids = {int(move.of.partition(":")[2]) for move in moves if move.of.startswith("offering:")}
    found: ByKind = defaultdict(list)
    if not ids:
        return found
    about = Coalesce("offering_id", "listing__offering_id")
    rows = Change.objects.in_force().filter(detected_at__gt=after, detected_at__lte=until).annotate(about=about)
    rows = rows.select_related("listing__source", "run__source", "offering", "model", "vendor", "reported_by")
    for change in rows.filter(about__in=ids).order_by("-detected_at", "-pk"):
        found[f"offering:{change.about}", change.kind].append(change)  # type: ignore[attr-defined]  # annotated above
    return found


def _behind(move: Move, told: ByKind) -> tuple[Change, ...]:
    kinds = _MOVES.get(move.what, set()) if move.kind == Kind.FACT else set()
    return tuple(change for kind in sorted(kinds) for change in told.get((move.of, kind), ()))
