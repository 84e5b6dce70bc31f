"""Remind people of proposals that nobody decides, and of decisions that end: before, and on the day after.

A milestone is a row first, once for ever; the letter to each channel is the window's, so that a day on which a hundred
decisions end is one letter and not a hundred.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from governance.incidents import operator_channels
from governance.models import Adoption, Approval, Channel, Proposal, Reminder, Waiver
from governance.models.proposals import Permit
from governance.notices import digest_channels, open_digest
from governance.permissions import DECIDERS
from registry.locks import serialise
from registry.models import User

Milestone = Reminder.Milestone

# Days left, soonest first. What holds for no longer than that anyway is not announced so early.
BEFORE = ((7, Milestone.WEEK), (30, Milestone.MONTH))
# What ended earlier is history; whoever starts to use this is not told of all of it.
LONGEST_AFTER = 30

_TEAMS: dict[type[Adoption] | type[Approval] | type[Waiver], tuple[str, ...]] = {
    Adoption: ("offering__model",),
    Approval: ("dependency__system",),
    Waiver: ("dependency__system", "system"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """A milestone that has come; `team_id` is the owners', who are told beside those who decide."""

    proposal: Proposal
    milestone: str
    team_id: int | None


@transaction.atomic
def remind(*, now: datetime) -> int:
    """Queue what is to be said of milestones that nobody was reminded of; returns how many there were."""
    serialise("triage")
    today = now.date()
    due = _new([*_overdue(today), *_ending(today)])
    if not due:
        return 0
    made = Reminder.objects.bulk_create(
        Reminder(proposal=one.proposal, milestone=one.milestone, reminded_at=now) for one in due
    )
    for channel, reminders in _by_channel(list(zip(due, made, strict=True)), now=now).items():
        open_digest(channel, len(reminders), now=now, about="reminders").reminders.add(*reminders)
    return len(made)


def _new(due: Iterable[Due]) -> list[Due]:
    """Those of which nobody was reminded yet."""
    due = list(due)
    rows = Reminder.objects.filter(proposal__in=[one.proposal for one in due])
    known = set(rows.values_list("proposal_id", "milestone"))
    return [one for one in due if (one.proposal.pk, one.milestone) not in known]


def _overdue(today: date) -> Iterator[Due]:
    for proposal in Proposal.objects.overdue(today):
        yield Due(proposal, Milestone.OVERDUE, None)


def _ending(today: date) -> Iterator[Due]:
    horizon = max(days for days, _ in BEFORE)
    for kind, related in _TEAMS.items():
        permits = kind.objects.filter(
            ended_at=None,
            expires_on__gte=today - timedelta(days=LONGEST_AFTER),
            expires_on__lte=today + timedelta(days=horizon),
        )
        for permit in permits.select_related("proposal", *related):
            milestone = milestone_of(permit, today)
            if milestone and not _is_moot(permit):
                yield Due(permit.proposal, milestone, _team_of(permit))


def milestone_of(permit: Permit, today: date) -> str:
    """The milestone that has come for it; empty where none has."""
    left = (permit.expires_on - today).days
    if left < 0:
        return Milestone.ENDED
    lifetime = (permit.expires_on - permit.granted_at.date()).days
    return next((milestone for days, milestone in BEFORE if left <= days < lifetime), "")


def _is_moot(permit: Adoption | Approval | Waiver) -> bool:
    """Whether it was for a use that has ended."""
    dependency = None if isinstance(permit, Adoption) else permit.dependency
    return dependency is not None and dependency.ended_on is not None


def _team_of(permit: Adoption | Approval | Waiver) -> int | None:
    match permit:
        case Adoption():
            return permit.offering.model.owner_id
        case Approval():
            return permit.dependency.system.team_id
        case _:
            system = permit.system or (permit.dependency and permit.dependency.system)
            return system.team_id if system else None


def _by_channel(due: list[tuple[Due, Reminder]], *, now: datetime) -> dict[Channel, list[Reminder]]:
    """What goes where: the owning team, those who decide, and of what is overdue the administrators, too."""
    found: dict[Channel, list[Reminder]] = defaultdict(list)
    teams = digest_channels({one.team_id for one, _ in due if one.team_id is not None})
    deciders = _channels_of_deciders(now=now)
    overdue = any(one.milestone == Milestone.OVERDUE for one, _ in due)
    # An administrator who decides is told once.
    known = {channel.address for channel in deciders}
    operators = [row for row in operator_channels(now=now) if row.address not in known] if overdue else []
    for one, reminder in due:
        others = operators if one.milestone == Milestone.OVERDUE else teams.get(one.team_id or 0, [])
        for channel in (*deciders, *others):
            # Who proposes knows; the others are waited for.
            if one.milestone != Milestone.OVERDUE or channel.person_id != one.proposal.proposer_id:
                found[channel].append(reminder)
    return found


def _channels_of_deciders(*, now: datetime) -> list[Channel]:
    """A channel for each person who decides and has an address, made the first time; switching it off stays so."""
    people = list(User.objects.filter(groups__name__in=DECIDERS, is_active=True).exclude(email="").distinct())
    for person in people:
        Channel.objects.get_or_create(
            person=person, team=None, transport="email", address=person.email, defaults={"introduced_at": now}
        )
    return list(Channel.objects.filter(person__in=people, is_enabled=True).order_by("pk"))
