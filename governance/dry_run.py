"""Trying a policy: whose answer would change if it took force now."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from governance import audit, policies
from governance.circles import no_circles_collected
from governance.facts.many import Declared, declared_in_batches, systems_with_uses
from governance.models import DryRun
from governance.permissions import can_change_policy
from governance.refused import Refused
from governance.rules.catalogue import LEVELS
from governance.rules.findings import Finding
from governance.rules.judge import judge_by_each
from governance.rules.policy import Policy
from governance.rules.policy_text import read
from governance.rules.verdict import verdict_of
from governance.terms import terms_in_force
from registry.models import User

# So many systems are judged within a request; more are a worker's.
AT_ONCE = 200
# The changes that are kept with their findings; all are counted.
KEPT = 1000
LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Moved:
    """A finding that comes (`before` empty), goes (`after` empty) or weighs something else."""

    rule: str
    ref: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A system in an environment whose verdict changes, and by which findings."""

    system: str
    environment: str
    before: str
    after: str
    findings: tuple[Moved, ...]

    @property
    def as_json(self) -> dict[str, Any]:
        moved = [{"rule": f.rule, "ref": f.ref, "before": f.before, "after": f.after} for f in self.findings]
        return {
            "system": self.system,
            "environment": self.environment,
            "before": self.before,
            "after": self.after,
            "findings": moved,
        }


@dataclass(slots=True)
class Report:
    """How far a trial is: systems judged of `total`, verdicts by before and after, the first `KEPT` that change."""

    total: int
    done: int = 0
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    changes: list[Changed] = field(default_factory=list)

    @property
    def changed_count(self) -> int:
        return sum(count for (before, after), count in self.verdicts.items() if before != after)


def try_policy(after: Policy, before: Policy, *, now: datetime) -> Iterator[Report]:
    """Judge everything that is declared by both policies; the one report, as it stands after each batch.

    Memory holds one batch of systems and at most `KEPT` changes, however many systems there are.
    """
    report = Report(total=systems_with_uses().count())
    yield report
    batches = declared_in_batches(now=now)
    while True:
        with no_circles_collected():
            batch = next(batches, None)
            if batch is None:
                return
            for declared in batch:
                _count(report, compare(declared, before, after))
        report.done += len({declared.system.id for declared in batch})
        yield report


def _count(report: Report, changed: Changed) -> None:
    report.verdicts[changed.before, changed.after] += 1
    if changed.before != changed.after and len(report.changes) < KEPT:
        report.changes.append(changed)


def compare(declared: Declared, before: Policy, after: Policy) -> Changed:
    """The verdict by each policy; what comes and goes is only asked where the verdicts differ."""
    judged = [judge_by_each(use, (before, after)) for use in declared.uses]
    verdicts = [verdict_of([finding for both in judged for finding in both[place]]) for place in (0, 1)]
    moved: tuple[Moved, ...] = ()
    if verdicts[0] != verdicts[1]:
        refs = [str(use.offering) for use in declared.uses]
        moved = tuple(_moved(*(_levels(refs, [both[place] for both in judged]) for place in (0, 1))))
    return Changed(declared.system.slug, declared.system.environment, verdicts[0], verdicts[1], moved)


Levels = dict[tuple[str, str], str]


def _levels(refs: Sequence[str], judged: Sequence[Sequence[Finding]]) -> Levels:
    """The heaviest level of each rule on each ref."""
    found: Levels = {}
    for ref, findings in zip(refs, judged, strict=True):
        for finding in findings:
            level = "unknown" if finding.is_unknown else finding.level
            key = (finding.rule, ref)
            found[key] = max(level, found.get(key, level), key=_weight)
    return found


def _weight(level: str) -> float:
    return LEVELS.index("warning") + 0.5 if level == "unknown" else LEVELS.index(level)


def _moved(before: Levels, after: Levels) -> Iterator[Moved]:
    for rule, ref in sorted(before.keys() | after.keys()):
        old, new = before.get((rule, ref), ""), after.get((rule, ref), "")
        if old != new:
            yield Moved(rule, ref, old, new)


def ask(*, by: User, text: str, now: datetime) -> DryRun:
    """Try `text` against the policy in force: at once where there are few systems, else by a worker.

    Refused: `not_allowed`, `invalid` (with `field` and `line`).
    """
    if not can_change_policy(User.objects.get(pk=by.pk)):
        raise Refused("not_allowed", "Reviewers and administrators try policies.")
    text = text.replace("\r\n", "\n")
    policies.check(text, now=now)
    with transaction.atomic():
        row = DryRun.objects.create(text=text, asked_by=by, created_at=now, policy_version=terms_in_force(now).version)
        told = {"text": text, "policy_version": row.policy_version}
        audit.record("governance:dryrun:asked", row, actor=by, after=told)
    if systems_with_uses().count() <= AT_ONCE:
        work_on(row, clock=lambda: now)
    return row


def work(*, clock: Callable[[], datetime] = timezone.now) -> int:
    """Do the dry runs that wait; how many. Two workers never do the same: each is claimed with a lease."""
    count = 0
    while row := DryRun.objects.claimable(clock()).first():
        count += work_on(row, clock=clock)
    return count


def work_on(row: DryRun, *, clock: Callable[[], datetime] = timezone.now) -> bool:
    """Claim `row` and fill it in; False where another worker holds it.

    Each batch prolongs the lease. A worker that died leaves a row which another begins anew.
    """
    now = clock()
    if not _claim(row, now):
        return False
    _, after = read(row.text)
    report = Report(total=0)
    for report in try_policy(after, terms_in_force(now), now=now):
        _keep(row, report, claimed_until=clock() + LEASE)
    _keep(row, report, finished_at=clock(), changes=[changed.as_json for changed in report.changes])
    row.refresh_from_db()
    return True


def _claim(row: DryRun, now: datetime) -> bool:
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    mine = DryRun.objects.filter(free, pk=row.pk, finished_at=None)
    return mine.update(claimed_until=now + LEASE, policy_version=terms_in_force(now).version) == 1


def _keep(row: DryRun, report: Report, **fields: Any) -> None:
    DryRun.objects.filter(pk=row.pk).update(
        total=report.total,
        done=report.done,
        changed_count=report.changed_count,
        verdicts={f"{before} -> {after}": count for (before, after), count in sorted(report.verdicts.items())},
        **fields,
    )
