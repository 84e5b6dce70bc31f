"""Trying a policy: whose answer would change if it took force now."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from governance.circles import no_circles_collected
from governance.facts.many import EVERYTHING, Declared, Span, declared_in_batches, systems_with_uses
from governance.rules.catalogue import LEVELS
from governance.rules.findings import Finding
from governance.rules.judge import judge_by_each
from governance.rules.policy import Policy
from governance.rules.verdict import verdict_of

# The changes that are kept with their findings; all are counted.
KEPT = 1000


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


def try_policy(after: Policy, before: Policy, *, now: datetime, among: Span = EVERYTHING) -> Iterator[Report]:
    """Judge what the systems `among` these declare by both policies; the one report, as it stands after each batch.

    Memory holds one batch of systems and at most `KEPT` changes, however many systems there are.
    """
    report = Report(total=systems_with_uses(among).count())
    yield report
    batches = declared_in_batches(now=now, among=among)
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
