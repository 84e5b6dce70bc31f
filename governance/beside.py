"""What a decider should know beside the facts that a proposal is bound to: it moves by itself, so it voids no decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from governance.concentration_after import After, Line, after_adoption, after_switch
from governance.disputes import MATERIAL, Dispute, load_disputes
from governance.models import Proposal
from governance.terms import terms_in_force
from registry.models import Offering


@dataclass(frozen=True, slots=True)
class Disputed:
    """What sources contradict each other about, of one of the offerings that the proposal names."""

    offering: Offering
    what: str
    disputes: tuple[Dispute, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One vendor within one scope; `is_above` where the limit of the policy is passed once it has moved."""

    line: Line
    is_above: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """Empty for a closed proposal: what was decided then rests on what was known then.

    `told` has a row per vendor, with the scopes in one order in each.
    """

    disputed: Sequence[Disputed] = ()
    compared: int = 0
    after: After | None = None
    told: Sequence[Sequence[Told]] = ()
    limit: float = 1.0

    @property
    def scopes(self) -> Sequence[str]:
        return [one.line.scope for one in self.told[0]] if self.told else ()


def beside(proposal: Proposal, *, now: datetime) -> Beside:
    """What sources contradict each other about, and how much would hang on one vendor."""
    if proposal.state != Proposal.State.SUBMITTED:
        return Beside()
    named = _named(proposal)
    policy, after = terms_in_force(now), _after(proposal)
    told = [
        Told(one, policy.is_too_concentrated(one.afterwards.behind, one.afterwards.total))
        for one in (after.lines if after else ())
    ]
    return Beside(
        disputed=_disputed(named, now=now),
        compared=len(named),
        after=after,
        told=[list(of_vendor) for _, of_vendor in groupby(told, key=lambda one: one.line.vendor)],
        limit=policy.concentration_max_share,
    )


def _named(proposal: Proposal) -> dict[str, Offering]:
    """The offerings that it is about, as the page calls them."""
    if proposal.kind == Proposal.Kind.ADOPT_MODEL and proposal.offering:
        return {"": proposal.offering}
    if proposal.dependency is None:
        return {}
    named = {"In use": proposal.dependency.offering}
    alternative = proposal.alternative.offering if proposal.alternative else None
    return named | ({"The alternative": alternative} if alternative else {})


def _disputed(named: dict[str, Offering], *, now: datetime) -> list[Disputed]:
    found = load_disputes({one.pk for one in named.values()}, now=now, facts=MATERIAL)
    rows = [
        Disputed(offering, what, tuple(dispute for (pk, _), dispute in found.items() if pk == offering.pk))
        for what, offering in named.items()
    ]
    return [row for row in rows if row.disputes]


def _after(proposal: Proposal) -> After | None:
    """None where nothing would move to another model."""
    if proposal.kind == Proposal.Kind.ADOPT_MODEL and proposal.offering:
        return after_adoption(proposal.offering)
    alternative = proposal.alternative.offering if proposal.alternative else None
    if proposal.dependency is None or alternative is None:
        return None
    return after_switch(proposal.dependency, alternative)
