"""The route of a proposal, who has given what of it, and what is still missing.

Whether a decision counts is asked anew each time: the right of the person in whose place it was given has to stand at
this moment.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from governance.models import Decision, Delegation, Proposal
from governance.permissions import deciding_roles_of, passes_with, roles_of
from governance.retiring import most_critical
from governance.rules.catalogue import CRITICALITIES
from governance.rules.policy import Policy
from governance.rules.routes import Route, assign, in_words, missing
from registry.models import Dependency, User

State = dict[str, object]


@dataclass(frozen=True, slots=True)
class Given:
    """One decision; `role` is the place of the route that it fills, `why_not` why it does not count."""

    decision: Decision
    role: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`given` are all decisions, those of earlier rounds too; `missing` is what the route still asks for."""

    route: Route
    given: Sequence[Given]
    missing: Route

    @property
    def is_complete(self) -> bool:
        return not self.missing

    @property
    def route_in_words(self) -> str:
        return in_words(self.route)

    @property
    def missing_in_words(self) -> str:
        return in_words(self.missing)


@dataclass(frozen=True, slots=True)
class Hat:
    """In whose place somebody decides: their own, or that of a person who delegated it to them."""

    roles: frozenset[str]
    delegation: Delegation | None = None


def route_of(proposal: Proposal, state: State, policy: Policy) -> Route:
    """What the policy asks for; criticality and license class are those of `state`."""
    return policy.routes.of(
        proposal.kind, criticality=_criticality(proposal, state), license_class=_license_class(proposal, state)
    )


def _criticality(proposal: Proposal, state: State) -> str:
    if proposal.kind == Proposal.Kind.CHANGE_POLICY:
        return CRITICALITIES[0]  # a policy is in force for the most critical system too
    if proposal.dependency is not None:
        return proposal.dependency.system.criticality
    if proposal.system is not None:
        return proposal.system.criticality
    if proposal.offering is not None:
        uses = Dependency.objects.current().filter(offering=proposal.offering, purpose=proposal.purpose)
        used = uses.filter(system__distribution=proposal.distribution)
        return most_critical(used.values_list("system__criticality", flat=True))
    return str(state.get("criticality", ""))


def _license_class(proposal: Proposal, state: State) -> str:
    """Of what would be used: the model that is adopted, or the alternative that takes over."""
    about = state.get("alternative" if proposal.alternative_id else "offering")
    offering = about.get("offering") if isinstance(about, dict) and proposal.alternative_id else about
    return str(offering["license_class"]) if isinstance(offering, dict) else ""


def progress_of(proposal: Proposal, route: Route, *, state_digest: str) -> Progress:
    """How far `proposal` is on its `route`; only what was given on the state of that digest counts."""
    rows = list(proposal.decisions.select_related("decider", "acting_for", "delegation"))
    standing = [row for row in rows if _counts_at_all(proposal, row, state_digest)]
    roles = {row: deciding_roles_of(_whose(row)) & route.keys() for row in standing}
    seated = assign(route, roles)
    given = [
        Given(row, seated.get(row, ""), _why_not(proposal, row, state_digest, roles.get(row, frozenset())))
        for row in rows
    ]
    return Progress(route, given, missing(route, seated))


def _whose(row: Decision) -> User:
    return row.acting_for or row.decider


def _counts_at_all(proposal: Proposal, row: Decision, state_digest: str) -> bool:
    taken_back = row.delegation is not None and row.delegation.ended_at is not None
    return (
        row.round == proposal.round
        and row.state_digest == state_digest
        and row.verdict == Decision.Verdict.APPROVE
        # Who stands in lends no role of their own to it, but is still somebody here.
        and bool(roles_of(row.decider))
        and not taken_back
    )


def _why_not(proposal: Proposal, row: Decision, state_digest: str, roles: Collection[str]) -> str:
    if row.round != proposal.round:
        return "void: the proposal was edited afterwards"
    if row.verdict == Decision.Verdict.REJECT or proposal.state != Proposal.State.SUBMITTED:
        return ""
    if row.state_digest != state_digest:
        return "does not count: a fact has changed since, so they are asked again"
    if row.delegation is not None and row.delegation.ended_at is not None:
        return "does not count: the delegation was taken back"
    return "" if roles else "does not count: the right to decide was lost"


def is_concerned(hat: Hat, proposal: Proposal) -> bool:
    """Whether who is stood in for proposed it, wrote or submitted its plan, or has a team that passes with it."""
    if hat.delegation is None:
        return False
    absent = hat.delegation.delegator
    return absent.pk in proposal.concerned_ids or passes_with(absent, proposal)


def hats_of(person: User, *, today: date) -> Iterator[Hat]:
    """In whose places `person` may decide today: first their own, then those delegated to them."""
    yield Hat(deciding_roles_of(person))
    for delegation in Delegation.objects.in_force(today).filter(delegate=person).select_related("delegator"):
        if roles_of(person):
            yield Hat(deciding_roles_of(delegation.delegator), delegation)
