"""Who left, what is still in their name, and how all of it goes to a successor in one step.

A leaver is a person whose account was switched off, or who left a team. What a team owns stays the team's; in a
person's own name are the answer for a team, the deputyship of models, open proposals and API tokens.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch, Q

from governance import audit, tokens
from governance.models import Action, Decision, Proposal, Token
from governance.permissions import can_decide
from governance.propose import propose_adoption, propose_alternative, propose_waiver
from governance.refused import Refused
from governance.snapshot import snapshot
from governance.state import required
from registry.locks import serialise
from registry.models import AIModel, Member, User

# The more answers for the team, the further up.
_RANK = {Member.Role.MEMBER: 0, Member.Role.DEPUTY: 1, Member.Role.OWNER: 2}


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is still in the name of somebody who left. Open actions are the teams', and go on waiting there."""

    person: User
    memberships: list[Member]
    deputised: list[AIModel]
    proposals: list[Proposal]
    decisions: list[Decision]
    tokens: list[Token]
    actions: int

    @property
    def unanswered(self) -> list[Member]:
        """Memberships of teams that nobody answers for since."""
        return [one for one in self.memberships if not one.team.answered]  # type: ignore[attr-defined]  # prefetched in find

    @property
    def is_empty(self) -> bool:
        """Nothing that a successor could take over; decisions without force are given anew by others."""
        return not (self.memberships or self.deputised or self.proposals or self.tokens)


@dataclass(frozen=True, slots=True)
class Transfer:
    """What moved. `dropped` were withdrawn, because the successor may not ask for that."""

    teams: int
    deputised: int
    proposals: list[Proposal]
    dropped: list[Proposal]
    tokens: int


def find(*, people: Iterable[int] | None = None) -> list[Holdings]:
    """All leavers with something in their name (of `people` alone, where given), in a constant number of queries."""
    left = Q(is_active=False) | Q(memberships__left_on__isnull=False)
    found = User.objects.filter(left).distinct().order_by("username")
    if people is not None:
        found = found.filter(pk__in=people)
    answering = Member.objects.active().filter(role=Member.Role.OWNER)
    memberships = Member.objects.select_related("team").prefetch_related(
        Prefetch("team__members", answering, to_attr="answered")
    )
    leavers = list(
        found.prefetch_related(
            "groups",
            Prefetch("memberships", memberships),
            Prefetch("deputised_models", AIModel.objects.order_by("name")),
            Prefetch("proposals", Proposal.objects.open().select_related("offering", "system"), to_attr="open_ones"),
            Prefetch("tokens", Token.objects.filter(revoked_at=None), to_attr="all_tokens"),
        )
    )
    decisions = _pending_decisions(leavers)
    waiting = _open_actions(leavers)
    holdings = [_holdings_of(person, decisions, waiting) for person in leavers]
    return [one for one in holdings if one.decisions or not one.is_empty]


def _pending_decisions(leavers: Sequence[User]) -> dict[int, list[Decision]]:
    """Decisions on proposals that are still open: they lose their force with the right to decide."""
    found: dict[int, list[Decision]] = {}
    rows = Decision.objects.filter(decider__in=leavers, proposal__state=Proposal.State.SUBMITTED)
    for decision in rows.select_related("proposal"):
        found.setdefault(decision.decider_id, []).append(decision)
    return found


def _open_actions(leavers: Sequence[User]) -> dict[int, int]:
    """By team, the actions that wait."""
    teams = {member.team_id for person in leavers for member in person.memberships.all()}
    counts: dict[int, int] = {}
    for team_id in Action.objects.open().filter(team__in=teams).order_by().values_list("team_id", flat=True):
        counts[team_id] = counts.get(team_id, 0) + 1
    return counts


def _holdings_of(person: User, decisions: dict[int, list[Decision]], waiting: dict[int, int]) -> Holdings:
    """Of somebody whose account is on, only what the teams concern that they left."""
    memberships = [one for one in person.memberships.all() if _is_given_up(one, person)]
    left_teams = {one.team_id for one in person.memberships.all() if one.left_on is not None}
    gone = not person.is_active
    return Holdings(
        person=person,
        memberships=memberships,
        deputised=[one for one in person.deputised_models.all() if gone or one.owner_id in left_teams],
        proposals=person.open_ones if gone else [],  # type: ignore[attr-defined]  # prefetched in find
        decisions=[] if can_decide(person) else decisions.get(person.pk, []),
        tokens=person.all_tokens if gone else [],  # type: ignore[attr-defined]  # prefetched in find
        actions=sum(waiting.get(one.team_id, 0) for one in memberships),
    )


def _is_given_up(member: Member, person: User) -> bool:
    """A part in a team that was not ended though its person is gone, or was ended and left nobody who answers."""
    if member.left_on is None:
        return not person.is_active
    return member.role == Member.Role.OWNER and not member.team.answered  # type: ignore[attr-defined]  # prefetched in find


def transfer(leaver: User, successor: User, *, by: User, now: datetime) -> Transfer:
    """Everything that is in the leaver's name goes to `successor`, and their tokens are revoked: all or nothing.

    A proposal is bound to who made it, so an open one is withdrawn and made anew by the successor, who may not decide
    on it then. Refused: `not_allowed`, `invalid`, `closed` where nothing is in their name (any more).
    """
    with transaction.atomic():
        serialise("leavers")
        # Read anew: what the caller holds may be older than the loss of the right.
        if not User.objects.get(pk=by.pk).has_perm("governance.transfer_holdings"):
            raise Refused("not_allowed", "Only administrators hand over what is in the name of somebody else.")
        if successor.pk == leaver.pk or not User.objects.get(pk=successor.pk).is_active:
            raise Refused("invalid", "successor: choose somebody else who has an active account.", field="successor")
        if not _has_left(leaver):
            raise Refused(
                "closed",
                f"{leaver} has not left: switch the account off, or end their part in a team, and what is in their name "
                "can be handed over.",
            )
        held = next(iter(find(people=[leaver.pk])), None)
        if held is None or held.is_empty:
            raise Refused("closed", f"Nothing is in the name of {leaver} that somebody else would have to take over.")
        for member in held.memberships:
            _hand_over(member, successor, by=by, now=now)
        for model in held.deputised:
            _deputise(model, successor, by=by)
        renewed = [_renew(proposal, successor, by=by, now=now) for proposal in held.proposals]
        return Transfer(
            teams=len(held.memberships),
            deputised=len(held.deputised),
            proposals=[one for one in renewed if one is not None],
            dropped=[old for old, new in zip(held.proposals, renewed, strict=True) if new is None],
            tokens=tokens.revoke(held.tokens, by=by, now=now),
        )


def _has_left(person: User) -> bool:
    return not User.objects.get(pk=person.pk).is_active or person.memberships.exclude(left_on=None).exists()


def _hand_over(member: Member, successor: User, *, by: User, now: datetime) -> None:
    """End the leaver's part in the team where that was not done, and give the successor one at least as high."""
    if member.left_on is None:
        before = snapshot(member)
        member.left_on = now.date()
        member.save(update_fields=["left_on"])
        audit.record("governance:member:left", member, actor=by, before=before, after=snapshot(member))
    own = Member.objects.filter(team=member.team_id, user=successor, left_on=None).first()
    taken = own or Member(team_id=member.team_id, user=successor, role=Member.Role.MEMBER)
    if own and _RANK[Member.Role(own.role)] >= _RANK[Member.Role(member.role)]:
        return
    earlier = snapshot(own) if own else None
    taken.role = member.role
    taken.save()
    audit.record("governance:member:succeeded", taken, actor=by, before=earlier, after=snapshot(taken))


def _deputise(model: AIModel, successor: User, *, by: User) -> None:
    before = {"deputy": model.deputy_id}
    model.deputy = successor
    model.save(update_fields=["deputy", "updated_at"])
    audit.record("governance:aimodel:deputised", model, actor=by, before=before, after={"deputy": successor.pk})


def _renew(proposal: Proposal, successor: User, *, by: User, now: datetime) -> Proposal | None:
    """Withdraw the proposal, and have the successor ask for the same; None where the successor may not."""
    proposal.state, proposal.closed_at = Proposal.State.WITHDRAWN, now
    proposal.save(update_fields=["state", "closed_at"])
    after = {"became": proposal.state, "because": "its proposer left", "successor": successor.pk}
    audit.record("governance:proposal:withdrawn", proposal, actor=by, after=after)
    try:
        return _propose_again(proposal, successor, now=now)
    except Refused:
        return None


def _propose_again(old: Proposal, successor: User, *, now: datetime) -> Proposal:
    match old.kind:
        case Proposal.Kind.ADOPT_MODEL:
            return propose_adoption(
                proposer=successor,
                offering=required(old.offering),
                purpose=old.purpose,
                distribution=old.distribution,
                reason=old.reason,
                revision=old.revision,
                now=now,
            )
        case Proposal.Kind.APPROVE_ALTERNATIVE:
            return propose_alternative(
                proposer=successor, alternative=required(old.alternative), reason=old.reason, now=now
            )
        case Proposal.Kind.WAIVE_RULE if old.until is not None:
            return propose_waiver(
                proposer=successor,
                rule=old.rule,
                until=old.until,
                reason=old.reason,
                compensating_measure=old.compensating_measure,
                dependency=old.dependency,
                system=old.system,
                now=now,
            )
        case _:
            raise Refused("invalid", f"A proposal of the kind {old.kind} is made anew by hand.")
