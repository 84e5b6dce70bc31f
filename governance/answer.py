"""The answer to one question, before it is stored and without a database. Pure."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

from governance.rules.catalogue import LEVELS
from governance.rules.facts import StaleFacts
from governance.rules.findings import Finding, Page

# What is so of the whole system, however many models it uses.
OF_THE_SYSTEM = frozenset({"UD503"})


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the asker's repository; without a line the whole file."""

    path: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class WaiverNote:
    """Why a finding is only a note, and until when."""

    until: date
    reason: str
    proposal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredFinding:
    """One rule on one ref, whatever the number of purposes it was found for.

    `about` are the actions that an upstream event would leave of it: dependencies by id, and concerns.
    """

    rule: str
    level: str
    ref: str
    message: str
    fix: str
    page: Page | None = None
    waiver: WaiverNote | None = None
    locations: tuple[Location, ...] = ()
    about: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A verdict with its findings. `facts_as_of` is the oldest moment that any fact in it was confirmed at.

    `stale` names the sources whose silence it suffers from; `grounds` is what it rests on (`governance.grounds`).
    """

    system: str
    environment: str
    verdict: str
    checked_at: datetime
    facts_as_of: datetime | None
    policy_version: int
    findings: tuple[AnsweredFinding, ...]
    stale: tuple[StaleFacts, ...] = ()
    grounds: dict[str, Any] = field(default_factory=dict)


def digest_of_findings(findings: Iterable[AnsweredFinding]) -> str:
    """The same for answers that find the same flaws on the same refs, however they put it and wherever these stand."""
    said = sorted({(one.rule, one.level, one.ref, one.waiver is not None) for one in findings})
    return sha256(json.dumps(said).encode()).hexdigest()


def merge(
    findings: Iterable[Finding], *, ref: str, locations: Sequence[Location], dependency_ids: Collection[int] = ()
) -> list[AnsweredFinding]:
    """One finding per rule, the worst level counting and nothing left unsaid; waived ones stay apart."""
    in_order = sorted(findings, key=_rule_and_waiver)
    groups = (list(group) for _, group in groupby(in_order, key=_rule_and_waiver))
    return [_merged(group, ref, tuple(locations), dependency_ids) for group in groups]


def _rule_and_waiver(finding: Finding) -> tuple[str, int]:
    return finding.rule, finding.waiver.id if finding.waiver else 0


def _merged(
    group: Sequence[Finding], ref: str, locations: tuple[Location, ...], dependency_ids: Collection[int]
) -> AnsweredFinding:
    ordered = sorted(group, key=lambda finding: -LEVELS.index(finding.level))
    worst = ordered[0]
    waiver = worst.waiver
    return AnsweredFinding(
        rule=worst.rule,
        level=worst.level,
        ref=ref,
        message=_said_once(finding.message for finding in ordered),
        fix=_said_once(finding.fix for finding in ordered),
        page=worst.page,
        waiver=WaiverNote(waiver.expires_on, waiver.reason, waiver.proposal_id) if waiver else None,
        locations=locations,
        about=frozenset((pk, one.concern) for pk in dependency_ids for one in group if one.concern is not None),
    )


def _said_once(sentences: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(sentences))


def of_the_system_once(findings: Iterable[AnsweredFinding], *, system: str) -> list[AnsweredFinding]:
    """What is so of the whole system first, once and under the name `system`, and then what is so of each ref."""
    found = list(findings)
    whole = {
        finding.rule: replace(finding, ref=system, locations=()) for finding in found if finding.rule in OF_THE_SYSTEM
    }
    return [*whole.values(), *(finding for finding in found if finding.rule not in OF_THE_SYSTEM)]


def worst_first(findings: Iterable[AnsweredFinding]) -> tuple[AnsweredFinding, ...]:
    """By level; among equals in the order given, which is the order in which the refs were asked."""
    return tuple(sorted(findings, key=lambda finding: -LEVELS.index(finding.level)))
