"""What a gateway may fall back to: the approved alternatives of the plans in force."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from governance.facts import AlternativeFacts, DependencyFacts, OfferingFacts, load_dependencies
from governance.models import Approval
from registry.exports.litellm import Plan, name_of
from registry.models import Alias, Dependency, Environment

Names = Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Ready:
    """A current use and the approved models that may take over for it today, in the order of its plan."""

    use: Dependency
    facts: DependencyFacts
    taking_over: tuple[OfferingFacts, ...]

    @property
    def label(self) -> str:
        return f"{self.use.system.slug}, {self.use.purpose}, {self.use.environment.slug}"


def litellm_plans(
    *,
    now: datetime,
    system: str | None = None,
    environment: str | None = None,
    names_there: Mapping[int, str] | None = None,
) -> list[Plan]:
    """One plan per current use, in a constant number of queries; a use without approved alternatives has an empty one.

    Without an environment it is all uses in production. Left out of a plan is what is no model, is not approved today,
    is gone upstream, or is blocked. `names_there` are the names of a gateway, by offering; they win over all others.
    """
    ready = ready_uses(now=now, system=system, environment=environment)
    names = _stated_names([one.facts for one in ready])
    return [_plan(one, {**names, **(names_there or {})}) for one in ready]


def ready_uses(*, now: datetime, system: str | None = None, environment: str | None = None) -> list[Ready]:
    """The current uses with what may take over for each; scope and limits as in `litellm_plans`."""
    uses = list(_uses(system, environment))
    facts = load_dependencies([use.pk for use in uses], now=now)
    approved = _approved(facts, now=now)
    return [Ready(use, facts[use.pk], _taking_over(facts[use.pk], approved)) for use in uses]


def _taking_over(fact: DependencyFacts, approved: Collection[int]) -> tuple[OfferingFacts, ...]:
    return tuple(
        one.offering
        for one in _alternatives(fact)
        if one.id in approved and one.offering is not None and not one.offering.is_gone and not one.offering.blocks
    )


def _uses(system: str | None, environment: str | None) -> Collection[Dependency]:
    uses = Dependency.objects.current().select_related("system", "environment").order_by("system__slug", "purpose")
    if system is not None:
        uses = uses.filter(system__slug=system)
    if environment is not None:
        return uses.filter(environment__slug=environment)
    return uses.filter(environment__environment_class=Environment.Class.PRODUCTION)


def _approved(facts: Mapping[int, DependencyFacts], *, now: datetime) -> frozenset[int]:
    """The alternatives with an approval for the revision they stand in that is valid today."""
    valid = Approval.objects.filter(
        Q(ended_at=None),
        expires_on__gte=now.date(),
        dependency__in=facts,
        plan_revision=F("alternative__plan_revision"),
    )
    return frozenset(valid.values_list("alternative_id", flat=True))


def _stated_names(facts: Collection[DependencyFacts]) -> Names:
    """The `provider/model` that somebody stated for an offering, the one stated first."""
    rows = Alias.objects.filter(
        namespace=Alias.Namespace.PROVIDER, system=None, offering__in={one.id for one in _offerings(facts)}
    ).order_by("-pk")
    return dict(rows.values_list("offering_id", "text"))


def _offerings(facts: Collection[DependencyFacts]) -> list[OfferingFacts]:
    found = [fact.offering for fact in facts]
    found += [one.offering for fact in facts for one in _alternatives(fact) if one.offering is not None]
    return found


def _alternatives(fact: DependencyFacts) -> tuple[AlternativeFacts, ...]:
    return fact.plan.alternatives if fact.plan else ()


def _plan(ready: Ready, names: Names) -> Plan:
    primary = ready.facts.offering
    return Plan(
        use=ready.label,
        primary=_name(primary, names),
        fallbacks=tuple(_name(offering, names) for offering in ready.taking_over),
        longer=frozenset(_name(offering, names) for offering in ready.taking_over if _is_longer(offering, primary)),
        needs_new_index=ready.facts.has_index and any(one.model_id != primary.model_id for one in ready.taking_over),
    )


def _is_longer(offering: OfferingFacts, primary: OfferingFacts) -> bool:
    """Whether it takes more tokens; where one of the two is not known it is not said to."""
    mine, others = offering.capabilities.context_length, primary.capabilities.context_length
    return mine is not None and others is not None and mine > others


def _name(offering: OfferingFacts, names: Names) -> str:
    return names.get(offering.id) or name_of(offering.host, offering.name)
