"""What follows from approving a proposal, said before anybody does."""

from collections.abc import Callable
from datetime import datetime, timedelta

from governance.admin.pages.proposal_gate import GateNow
from governance.due_drills import State, state_of
from governance.facts import load_offerings
from governance.models import Adoption, Proposal
from governance.plan_states import plan_states
from governance.retiring import leaning_on
from governance.rules.catalogue import ERROR, RULES
from governance.rules.english import listed
from governance.rules.plan import Standing
from governance.state import required
from governance.terms import terms_in_force
from registry.models import Alternative, Dependency, Drill, Environment

_NAMED = 3
# What an approval itself mends.
_MENDED = frozenset({"UD401", "UD501"})


def effect_of(proposal: Proposal, gate: GateNow | None, *, now: datetime) -> tuple[str, ...]:
    """Sentences in the order in which they matter: what begins, until when, and what stays as it is."""
    effect = _EFFECTS.get(proposal.kind)
    return (*(effect(proposal, now) if effect else ()), *(_beside(gate) if gate else ()))


def _adopt(proposal: Proposal, now: datetime) -> list[str]:
    last = now.date() + timedelta(days=terms_in_force(now).adoption_days)
    use = {"offering": proposal.offering, "purpose": proposal.purpose, "distribution": proposal.distribution}
    former = Adoption.objects.filter(ended_at=None, **use).first()
    said = [
        f"Every system that is distributed that way may use it for {proposal.purpose}: the gate no longer says UD103.",
        _who_waits(proposal),
        *_license(proposal, now),
        f"It holds until {last:%-d %B %Y}, and ends earlier where a fact that it rests on changes.",
    ]
    if former:
        said.append(f"It takes the place of the adoption that runs until {former.expires_on:%-d %B %Y}.")
    return said


def _who_waits(proposal: Proposal) -> str:
    """Whom it is for: the systems that declared this very use."""
    uses = Dependency.objects.current().filter(offering=proposal.offering, purpose=proposal.purpose)
    systems = list(
        uses.filter(system__distribution=proposal.distribution)
        .order_by("system__name")
        .values_list("system__name", flat=True)
        .distinct()
    )
    if not systems:
        return "No system has declared this use yet."
    others = f" and {len(systems) - _NAMED} more" if len(systems) > _NAMED else ""
    return f"Declared by {listed(systems[:_NAMED]) if not others else ', '.join(systems[:_NAMED])}{others}."


def _license(proposal: Proposal, now: datetime) -> list[str]:
    """What an adoption does not mend: a license that policy does not allow there."""
    offering = required(proposal.offering)
    facts = load_offerings([offering.pk], now=now)[offering.pk]
    known = facts.license_at(proposal.revision)
    license_class = known.license_class if known else "unknown"
    if terms_in_force(now).allows(license_class, proposal.distribution):
        return []
    rule = "UD201" if license_class == "unknown" else "UD202"
    return [f"It does not ship by this alone: {rule} stands, for the license class is {license_class}."]


def _approve(proposal: Proposal, now: datetime) -> list[str]:
    last = now.date() + timedelta(days=terms_in_force(now).approval_days)
    dependency, alternative = required(proposal.dependency), required(proposal.alternative)
    state = plan_states([dependency.pk], now=now)[dependency.pk]
    standing = next((one for one in state.standings if one.alternative.id == alternative.pk), None)
    return [
        _plan(standing, holds_already=state.holds),
        *(() if state.holds else _drilled(alternative, dependency, now=now)),
        f"It holds until {last:%-d %B %Y}, and ends earlier where a fact that it rests on changes.",
        "It is bound to this revision of the plan: a newer one has to be approved again.",
    ]


def _plan(standing: Standing | None, *, holds_already: bool) -> str:
    if standing is None:
        return "The plan has a newer revision: this can no longer be approved."
    left = [flaw.message for flaw in standing.flaws if flaw.rule not in _MENDED]
    if not left:
        return "The plan holds with it, as without it." if holds_already else "The plan holds from then on."
    return f"The alternative counts as approved, but does not hold yet: {'; '.join(left)}"


def _drilled(alternative: Alternative, dependency: Dependency, *, now: datetime) -> list[str]:
    """What the gate asks for besides: a plan that nobody has tried stops a critical system."""
    drill = Drill.objects.filter(alternative=alternative).newest_first().first()
    state = state_of(drill, today=now.date())
    if state in {State.GOOD, State.SOON}:
        return []
    is_production = dependency.environment.environment_class == Environment.Class.PRODUCTION
    level = terms_in_force(now).level_of(
        "UD405", criticality=dependency.system.criticality, is_production=is_production
    )
    said = {State.NEVER: "has never been drilled", State.FAILED: "failed its last drill"}.get(
        state, "was last drilled too long ago"
    )
    stops = f"{dependency.system} does not ship before that" if level == ERROR else "the gate says so (UD405)"
    return [f"It {said}, which an approval does not mend: {stops}."]


def _beside(gate: GateNow) -> list[str]:
    """What a waiver does not cover."""
    return [f"It does not ship by this alone: {listed(gate.stopping)} would still stop it."] if gate.stopping else []


def _waive(proposal: Proposal, _now: datetime) -> list[str]:
    rule = RULES[proposal.rule]
    about = proposal.system or required(proposal.dependency).system
    until = proposal.until
    last = f"{until:%-d %B %Y}" if until else "its day"
    return [
        f"{proposal.rule} ({rule.title.lower()}) no longer stops {about}"
        + (" for this one dependency." if proposal.dependency else ", whatever it depends on."),
        f"It ends on {last} by itself; every verdict until then names it (UD502).",
        "It mends nothing: what the rule finds stays to be done.",
    ]


def _retire(proposal: Proposal, now: datetime) -> list[str]:
    move = "Who still uses it has to move to the alternative of their plan, named below."
    return [
        f"{proposal.model} is withdrawn from the register: every check that meets it says UD101.",
        *([move] if leaning_on(required(proposal.model), now=now).uses else []),
        "Nothing is deleted; its history stays.",
    ]


def _change_policy(proposal: Proposal, _now: datetime) -> list[str]:
    from_when = proposal.in_force_from
    return [
        "The policy that is asked for takes force "
        + (f"on {from_when:%-d %B %Y, %H:%M} UTC." if from_when else "at once."),
        "Every check from then on is judged by it, in the gate, in pipelines and on these pages.",
        "The former version stays in the list, and a newer one can take this back.",
    ]


_EFFECTS: dict[str, Callable[[Proposal, datetime], list[str]]] = {
    Proposal.Kind.ADOPT_MODEL: _adopt,
    Proposal.Kind.APPROVE_ALTERNATIVE: _approve,
    Proposal.Kind.WAIVE_RULE: _waive,
    Proposal.Kind.RETIRE_MODEL: _retire,
    Proposal.Kind.CHANGE_POLICY: _change_policy,
}
