"""What the gate says of the system that a waiver is about: what the waiver would let pass, and what stops it all the same."""

from dataclasses import dataclass
from datetime import datetime

from governance.answer import Answer, AnsweredFinding
from governance.check import preview
from governance.models import Proposal
from governance.rules.catalogue import ERROR, NOTE, RULES
from registry.models import Dependency, Environment, System


@dataclass(frozen=True, slots=True)
class Said:
    """A finding with its rule's name, and whether the waiver covers it."""

    finding: AnsweredFinding
    title: str
    is_covered: bool


@dataclass(frozen=True, slots=True)
class GateNow:
    system: System
    environment: Environment
    verdict: str
    said: tuple[Said, ...]

    @property
    def covered(self) -> tuple[Said, ...]:
        return tuple(one for one in self.said if one.is_covered)

    @property
    def stopping(self) -> tuple[str, ...]:
        """The rules that would stop it with the waiver, too."""
        rules = (one.finding.rule for one in self.said if one.finding.level == ERROR and not one.is_covered)
        return tuple(dict.fromkeys(rules))


def gate_now(proposal: Proposal, *, now: datetime) -> GateNow | None:
    """None for what is no waiver, and where the system has declared nothing that the gate could be asked about."""
    if proposal.kind != Proposal.Kind.WAIVE_RULE:
        return None
    place = _place(proposal)
    if place is None:
        return None
    system, environment = place
    answer = preview(system.slug, environment.slug, now=now)
    return GateNow(system, environment, answer.verdict, tuple(_said(proposal, answer)))


def _place(proposal: Proposal) -> tuple[System, Environment] | None:
    """Where it counts most: the environment of the dependency, else one of production before the others."""
    if proposal.dependency is not None:
        return proposal.dependency.system, proposal.dependency.environment
    uses = Dependency.objects.current().filter(system=proposal.system).select_related("system", "environment")
    use = uses.order_by("-environment__environment_class", "environment__slug").first()
    return (use.system, use.environment) if use else None


def _said(proposal: Proposal, answer: Answer) -> list[Said]:
    """The findings that weigh something, those that the waiver covers first."""
    ref = str(proposal.dependency.offering) if proposal.dependency else None
    said = [
        Said(one, RULES[one.rule].title, is_covered=one.rule == proposal.rule and ref in {None, one.ref})
        for one in answer.findings
        if one.level != NOTE
    ]
    return sorted(said, key=lambda one: not one.is_covered)
