"""Changing the policy: at once where nothing is loosened, by another person's decision where something is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from governance import audit, models
from governance.breaker import set_breakers
from governance.permissions import can_change_policy
from governance.policy_state import loosening, text_of
from governance.propose import submit
from governance.refused import Refused, written
from governance.rules.catalogue import LEVELS
from governance.rules.loosened import Loosening
from governance.rules.policy import NEVER_LOWERED, BadPolicy, Path, Policy
from governance.rules.policy_text import BadText, at_line, read
from registry.locks import serialise
from registry.models import System, User

# Exceptions are for what ends, and later days of enforcement too; whoever still needs one after a year says so anew.
SOFTENED_MAX_DAYS = 365


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a wish to change the policy: a new version, a proposal to decide on, or nothing to change.

    `policy` is the version that stands where nothing had to be changed; None there means the built-in one.
    """

    policy: models.Policy | None = None
    proposal: models.Proposal | None = None
    loosened: tuple[Loosening, ...] = ()
    is_changed: bool = True


def change(*, author: User, text: str, reason: str, now: datetime, in_force_from: datetime | None = None) -> Outcome:
    """Make `text` the policy from `in_force_from` on (None: from now on).

    What loosens nothing takes force by itself; else a proposal is made, and another person decides. Refused:
    `not_allowed`, `invalid` (with `field` and `line`), `duplicate` where another change waits to be decided.
    """
    text = text.replace("\r\n", "\n")
    with transaction.atomic():
        if not can_change_policy(User.objects.get(pk=author.pk)):
            raise Refused("not_allowed", "Reviewers and administrators change the policy.")
        serialise("policies")
        policy = check(text, now=max(now, in_force_from or now))
        if in_force_from is not None and in_force_from < now:
            raise Refused(
                "invalid", "in_force_from: that moment has passed; leave it out for now.", field="in_force_from"
            )
        newest = models.Policy.objects.order_by("-version").first()
        if in_force_from is None and text == text_of(newest):
            return Outcome(policy=newest, is_changed=False)
        looser = loosening(policy, in_force_from or now)
        if not looser:
            made = _write(text, author=author, reason=written("reason", reason), in_force_from=in_force_from or now)
            # One that begins later sets them on its day, by the sweep.
            set_breakers(now=now)
            return Outcome(policy=made)
        proposal = models.Proposal(
            kind=models.Proposal.Kind.CHANGE_POLICY, policy_text=text, in_force_from=in_force_from, created_at=now
        )
        made_proposal = submit(proposal, {}, proposer=author, reason=reason, now=now)
        return Outcome(proposal=made_proposal, loosened=looser)


def take_force(proposal: models.Proposal, now: datetime) -> dict[str, Any]:
    """Write the version that an approved proposal asks for; what was written, for the audit."""
    serialise("policies")
    policy = check(proposal.policy_text, now=now)
    from_when = max(now, proposal.in_force_from or now)
    made = _write(
        proposal.policy_text,
        author=proposal.proposer,
        reason=proposal.reason,
        in_force_from=from_when,
        proposal=proposal,
        looser=loosening(policy, from_when),
    )
    set_breakers(now=now)
    return {"policy": made.version, "in_force_from": made.in_force_from}


def check(text: str, *, now: datetime) -> Policy:
    """The policy that `text` makes; `Refused("invalid")` names field and line of the first thing that is wrong."""
    try:
        _, policy = read(text)
        try:
            _refuse_unknown_systems(policy)
            _refuse_endless(policy, now)
            _refuse_lowered(policy)
        except BadPolicy as bad:
            raise at_line(text, bad) from bad
    except BadText as bad:
        raise Refused("invalid", str(bad), field=bad.field, line=bad.line) from bad
    return policy


def _write(
    text: str,
    *,
    author: User,
    reason: str,
    in_force_from: datetime,
    proposal: models.Proposal | None = None,
    looser: Iterable[Loosening] = (),
) -> models.Policy:
    document, _ = read(text)
    before = models.Policy.objects.aggregate(Max("version"))["version__max"] or 0
    made = models.Policy.objects.create(
        version=before + 1,
        document=document,
        text=text,
        loosens="\n".join(map(str, looser)),
        proposal=proposal,
        reason=reason,
        author=author,
        in_force_from=in_force_from,
    )
    # An approved proposal is audited by the decision, which says what it granted.
    if proposal is None:
        said = {"text": text, "document": document, "reason": reason, "in_force_from": in_force_from}
        audit.record("governance:policy:changed", made, actor=author, before={"version": before}, after=said)
    return made


def _refuse_unknown_systems(policy: Policy) -> None:
    named = policy.enforce_from_by_system
    known = set(System.objects.filter(slug__in=named).values_list("slug", flat=True))
    for slug in named:
        if slug not in known:
            raise BadPolicy(("enforce_from", "systems", slug), "there is no system of this name in the register")


def _refuse_endless(policy: Policy, now: datetime) -> None:
    latest = now.date() + timedelta(days=SOFTENED_MAX_DAYS)
    for path, day in _softened_until(policy):
        if day > latest:
            raise BadPolicy(path, f"must be within {SOFTENED_MAX_DAYS} days, at the latest {latest}")


def _softened_until(policy: Policy) -> Iterator[tuple[Path, date]]:
    for place, one in enumerate(policy.exceptions):
        yield ("exceptions", place, "until"), one.until
    for code, day in policy.enforce_from.items():
        yield ("enforce_from", code), day
    for slug, days in policy.enforce_from_by_system.items():
        for code, day in days.items():
            yield ("enforce_from", "systems", slug, code), day


def _refuse_lowered(policy: Policy) -> None:
    """Not in the reading of a policy: one that took force before this was asked is still read."""
    usual = Policy().levels
    for code in sorted(NEVER_LOWERED):
        for klass, by_criticality in usual[code].items():
            for criticality, least in by_criticality.items():
                level = policy.levels[code][klass][criticality]
                if LEVELS.index(level) < LEVELS.index(least):
                    said = f"is about what nobody may soften: it is at least {least}, not {level}"
                    raise BadPolicy(("levels", code, klass, criticality), said)
