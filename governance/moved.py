"""Two answers held against each other: which fact, decision, policy or line of code moved between them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from governance.grounds import SYSTEM, USE, kind_of, page_of, value_of


class Kind(StrEnum):
    """What sort of thing moved; `use` is what the team says of its own system, `clock` that a day has come."""

    FACT = "fact"
    DECISION = "decision"
    USE = USE
    POLICY = "policy"
    CODE = "code"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer as it is kept. `models` is the question: entries with ref, via, revision, purpose and locations."""

    day: date
    policy_version: int
    commit: str
    models: tuple[Mapping[str, Any], ...]
    grounds: Mapping[str, Any]
    # Rule and ref with the level of each finding.
    findings: Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing that moved, for the `refs` that rest on it; `before` or `after` is empty where it was not there.

    `of` names the row (`offering:12`), and is empty for code, policy and what concerns the whole system.
    """

    kind: Kind
    what: str
    subject: str
    before: str
    after: str
    refs: tuple[str, ...] = ()
    page: tuple[str, int | None] | None = None
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingMove:
    """A finding that came (`before` empty), went (`after` empty) or weighs something else."""

    rule: str
    ref: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Moved:
    """All of it. `is_explained` is False where one of the answers kept no grounds: then facts cannot be compared."""

    moves: tuple[Move, ...] = ()
    findings: tuple[FindingMove, ...] = ()
    is_explained: bool = field(default=True)


def compare(before: Told, after: Told) -> Moved:
    """What moved from `before` to `after`: code first, then decisions, facts, what the team says, policy and the clock."""
    moves = [*_code(before, after), *_policy(before, after)]
    is_explained = bool(before.grounds and after.grounds)
    if is_explained:
        moves += [*_grounds(before, after), *_clock(before, after)]
    return Moved(tuple(moves), tuple(_findings(before, after)), is_explained)


def _findings(before: Told, after: Told) -> Iterator[FindingMove]:
    for rule, ref in sorted(before.findings.keys() | after.findings.keys()):
        old, new = before.findings.get((rule, ref), ""), after.findings.get((rule, ref), "")
        if old != new:
            yield FindingMove(rule=rule, ref=ref, before=old, after=new)


def _policy(before: Told, after: Told) -> Iterator[Move]:
    if before.policy_version != after.policy_version:
        yield Move(
            kind=Kind.POLICY,
            what="policy",
            subject="the policy in force",
            before=_version(before.policy_version),
            after=_version(after.policy_version),
            page=("policy", None),
        )


def _version(number: int) -> str:
    return f"version {number}" if number else "built in"


def _code(before: Told, after: Told) -> Iterator[Move]:
    if before.commit != after.commit:
        yield _of_code("commit", "the code", before.commit, after.commit)
    old, new = _by_ref(before.models), _by_ref(after.models)
    for ref in dict.fromkeys([*old, *new]):
        if ref not in new or ref not in old:
            yield _of_code("use", ref, "named" if ref in old else "", "named" if ref in new else "", ref)
            continue
        for what in ("via", "revision", "purpose", "places"):
            if old[ref][what] != new[ref][what]:
                yield _of_code(what, ref, *(", ".join(side[ref][what]) for side in (old, new)), ref)


def _of_code(what: str, subject: str, before: str, after: str, *refs: str) -> Move:
    return Move(kind=Kind.CODE, what=what, subject=subject, before=before, after=after, refs=refs)


def _by_ref(models: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """By ref what was said with it. Lines are left out: they move with every edit above them."""
    found: dict[str, dict[str, set[str]]] = {}
    for model in models:
        said = found.setdefault(model["ref"], {"via": set(), "revision": set(), "purpose": set(), "places": set()})
        for what in ("via", "revision", "purpose"):
            said[what] |= {model[what]} - {""}
        said["places"] |= {place["path"] for place in model["locations"]}
    return {ref: {what: sorted(values) for what, values in said.items()} for ref, said in found.items()}


def _grounds(before: Told, after: Told) -> Iterator[Move]:
    old, new = before.grounds["grounds"], after.grounds["grounds"]
    # What came or went with a ref is said by the code already.
    for name in sorted(old.keys() & new.keys()):
        whats = dict.fromkeys([*old[name]["values"], *new[name]["values"]])
        for what in sorted(whats):
            values = [value_of(side[name], what) for side in (old, new)]
            if values[0] != values[1]:
                told = new if what in new[name]["values"] else old
                yield _move(Kind(kind_of(what)), name, told[name], what, (values[0], values[1]), after)


def _move(kind: Kind, name: str, subject: Mapping[str, Any], what: str, values: tuple[str, str], told: Told) -> Move:
    return Move(
        kind=kind,
        what=what,
        subject=subject["subject"],
        before=values[0],
        after=values[1],
        refs=tuple(ref for ref, use in sorted(told.grounds["uses"].items()) if name in use["about"]),
        page=page_of(name, subject, what),
        of="" if name == SYSTEM else name,
    )


def _clock(before: Told, after: Told) -> Iterator[Move]:
    """What did not move, while a day came that makes it count otherwise."""
    old = before.grounds["grounds"]
    lead = timedelta(days=after.grounds["lead_days"])
    for name, subject in sorted(after.grounds["grounds"].items()):
        for what, day in sorted(subject["until"].items()):
            if value_of(old.get(name), what) != value_of(subject, what):
                continue
            last = date.fromisoformat(day)
            if before.day <= last < after.day:
                said = "retired" if what == "retirement" else "over"
                yield _move(Kind.CLOCK, name, subject, what, (f"until {last}", f"{said} since {last}"), after)
            elif what == "retirement" and before.day < last - lead <= after.day:
                yield _move(
                    Kind.CLOCK, name, subject, what, (f"on {last}", f"on {last}, within {lead.days} days"), after
                )
