"""When a fallback plan holds.

It does if and only if at least one single alternative is approved, alive, allowed here and able to do the work, and the
vendors behind it are known and none of them stands behind the primary. Ways out that are no model need approval and a
statement of what users lose; they depend on no vendor. Who serves the two is a measure of its own: it is told, and does
not decide whether the plan holds. `docs/explanation/when-a-plan-holds.md` says the same at length.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps

from governance import basis
from governance.rules import capability, hosts
from governance.rules.catalogue import NOTE
from governance.rules.english import DISTRIBUTION, license_of, listed
from governance.rules.facts import AlternativeFacts, OfferingFacts
from governance.rules.findings import Flaw, Page
from governance.rules.place import Place, flaw_of, offering_of, plan_page
from registry.readable import can_be_read

__all__ = ["ANOTHER", "Place", "PlanState", "Standing", "judge_alternative", "not_confirmed", "plan_state"]

INDEPENDENCE = "independence"
ANOTHER = "the same name, another identity"


@dataclass(frozen=True, slots=True)
class Standing:
    """An alternative and all that keeps it from holding. The messages of its flaws begin with its name.

    `asides` do not keep it from holding: the host that it shares, and questions that nobody has answered.
    """

    alternative: AlternativeFacts
    flaws: tuple[Flaw, ...]
    asides: tuple[Flaw, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.flaws

    @property
    def _distance(self) -> tuple[int, int, int]:
        real = sum(not flaw.is_unknown for flaw in self.flaws)
        return real, len(self.flaws), self.alternative.order


@dataclass(frozen=True, slots=True)
class PlanState:
    """How a plan stands: each alternative in the order of the plan, and the first that holds, if any."""

    standings: tuple[Standing, ...]

    @property
    def holding(self) -> AlternativeFacts | None:
        return next((standing.alternative for standing in self.standings if standing.holds), None)

    @property
    def best(self) -> Standing | None:
        """Of those that hold, the one that leaves least to say, then the first in the plan."""
        holding = (standing for standing in self.standings if standing.holds)
        return min(holding, key=lambda standing: sum(aside.at_most != NOTE for aside in standing.asides), default=None)

    @property
    def holds(self) -> bool:
        return self.holding is not None

    @property
    def nearest(self) -> Standing | None:
        """The alternative with the fewest flaws, then the first in the plan; None for a plan without any."""
        return min(self.standings, key=lambda standing: standing._distance, default=None)  # noqa: SLF001 - own file


def plan_state(place: Place) -> PlanState:
    """How the plan of the dependency stands; without a submitted plan no alternative does."""
    plan = place.dependency.plan
    return PlanState(tuple(judge_alternative(one, place) for one in (plan.alternatives if plan else ())))


def judge_alternative(alternative: AlternativeFacts, place: Place) -> Standing:
    tests = _OF_A_MODEL if alternative.is_model else _OF_ANOTHER_WAY
    asides = _ASIDE if alternative.is_model else ()
    return Standing(
        alternative,
        tuple(flaw for test in tests for flaw in test(alternative, place)),
        tuple(flaw for test in asides for flaw in test(alternative, place)),
    )


def _approval(alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    approval = alternative.approval
    if approval is None:
        fix = f"Propose {alternative} for approval; somebody else decides."
        yield flaw_of("UD401", f"{alternative} is not approved.", fix, plan_page(place))
    elif changes := _changes(alternative, place):
        yield from _changed(alternative, changes, place)
    elif approval.ended_at is not None:
        why = f": {approval.end_reason}" if approval.end_reason else ""
        message = f"the approval of {alternative} ended on {approval.ended_at.date()}{why}."
        yield flaw_of("UD401", message, _propose_again(alternative), plan_page(place))
    elif approval.has_expired(place.today):
        message = f"the approval of {alternative} expired on {approval.expires_on}."
        yield flaw_of("UD501", message, _propose_again(alternative), plan_page(place))


def _propose_again(alternative: AlternativeFacts) -> str:
    return f"Propose {alternative} for approval again; somebody else decides."


def _changed(alternative: AlternativeFacts, changes: Collection[basis.FactChange], place: Place) -> Iterator[Flaw]:
    """The same whether the approval was ended for it already or not: the gate sees the facts by itself."""
    fix, page = _propose_again(alternative), plan_page(place)
    for change in changes:
        if change.fact == "upstream_id":
            yield flaw_of("UD305", f"{alternative} was approved under another identity: {change}.", fix, page)
    if others := [str(change) for change in changes if change.fact != "upstream_id"]:
        message = f"the approval of {alternative} rests on facts that have changed: {listed(others)}."
        yield flaw_of("UD501", message, fix, page, concern=INDEPENDENCE)


def _changes(alternative: AlternativeFacts, place: Place) -> tuple[basis.FactChange, ...]:
    """What changed under the approval. Whether it is gone upstream is asked by UD404; a copy of ours stays open."""
    approval = alternative.approval
    if approval is None:
        return ()
    has_copy = alternative.has_verified_copy
    passed_over = {"status_gone", "gating"} if has_copy else {"status_gone"}
    return place.known.once(
        ("changed", alternative.pinned_revision, has_copy),
        (approval.basis, alternative.offering, place.primary),
        lambda: tuple(
            change
            for change in basis.changed(
                approval.basis, basis.of_approval(alternative.offering, alternative.pinned_revision, place.primary)
            )
            if change.fact not in passed_over
        ),
    )


def _impact_statement(alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    if not can_be_read(alternative.impact_statement):
        fix = "Say in the plan what users lose while no model does this."
        yield flaw_of("UD401", f"{alternative} does not say what users lose.", fix, plan_page(place))


def _independence(alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    offering = offering_of(alternative)
    shared = offering.roots.shared_with(place.primary.roots)
    if offering.model_id == place.primary.model_id:
        yield _same_model(offering, shared, place)
    elif shared:
        yield flaw_of(
            "UD402",
            f"{listed(shared)} {'stands' if len(shared) == 1 else 'stand'} behind {offering} as behind {place.primary}.",
            f"Put an alternative into the plan behind which {listed(shared)} {'does' if len(shared) == 1 else 'do'} not "
            "stand, and have it approved.",
            plan_page(place),
            concern=_event(alternative, place, "root_vendors", "shared_vendors"),
        )
    elif unknown := sorted({*_unsettled(offering), *_unsettled(place.primary)}):
        yield _not_shown(alternative, unknown, place)


def _same_model(offering: OfferingFacts, shared: list[str], place: Place) -> Flaw:
    who = listed(shared) if shared else "the model"
    return flaw_of(
        "UD402",
        f"{offering} is the same model at another place: that is continuity if the host fails, but no independence "
        f"from {who}.",
        "Put an alternative of other vendors into the plan, and have it approved.",
        plan_page(place),
    )


def _unsettled(offering: OfferingFacts) -> tuple[str, ...]:
    """The models behind it about whose bases nothing is settled; none if its lineage is known."""
    return () if offering.roots.is_known else offering.roots.unknown_models or (offering.model_name,)


def _not_shown(alternative: AlternativeFacts, unknown: list[str], place: Place) -> Flaw:
    gaps = sorted({*offering_of(alternative).roots.gaps, *place.primary.roots.gaps})
    missing = "; ".join(gaps) or f"the lineage of {listed(unknown)} is not known"
    return flaw_of(
        "UD403",
        f"{alternative} is not shown to be independent: {missing}.",
        f"Enter what {listed(unknown)} was made from, with the source, or take an alternative whose lineage is known.",
        Page("model", offering_of(alternative).model_id),
        concern=_event(alternative, place, "lineage_known", "primary_lineage_known"),
    )


def _event(alternative: AlternativeFacts, place: Place, *facts: str) -> str | None:
    """The concern, where one of `facts` was another when the alternative was approved."""
    return INDEPENDENCE if any(change.fact in facts for change in _changes(alternative, place)) else None


def _aliveness(alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    offering = offering_of(alternative)
    if alternative.has_verified_copy:
        return
    page, other = Page("offering", offering.id), "Put another alternative into the plan, and have it approved."
    concern = INDEPENDENCE if alternative.approval else None
    if offering.is_gone:
        yield flaw_of("UD404", f"{offering} is itself {offering.status} upstream.", other, page, concern=concern)
    elif offering.retires_on is not None and offering.retires_on <= place.today + place.lead:
        yield flaw_of("UD404", f"{offering} itself retires on {offering.retires_on}.", other, page, concern=concern)
    elif not offering.is_confirmed:
        yield not_confirmed(offering, rule="UD404")


def not_confirmed(offering: OfferingFacts, *, rule: str) -> Flaw:
    """Nobody knows whether it still exists: no reason to stop a build, and none to call it green."""
    return Flaw(
        rule=rule,
        message=f"whether {offering} is available is not known: no source has confirmed it.",
        fix=f"Map the offering to a listing of a source that knows {offering.name}, and poll that source.",
        page=Page("offering", offering.id),
        is_unknown=True,
    )


def _permission(alternative: AlternativeFacts, place: Place) -> Iterator[Flaw]:
    offering, page = offering_of(alternative), Page("offering", offering_of(alternative).id)
    where = DISTRIBUTION[place.system.distribution]
    if offering.register_state == "withdrawn":
        fix = "Put another alternative into the plan, and have it approved; or list the model again."
        yield flaw_of("UD404", f"{offering} was withdrawn from the register.", fix, page)
    for block in offering.blocks:
        fix = "Put another alternative into the plan, or ask a reviewer to lift the block."
        yield flaw_of("UD404", f"{offering} is blocked ({block.subject}): {block.reason}", fix, page)
    if not _is_adopted(offering, place):
        purpose = place.dependency.purpose
        message = f"{offering} is not adopted for {purpose} in {where}."
        form = Page("adoption", offering.id, (("purpose", purpose), ("distribution", place.system.distribution)))
        yield flaw_of("UD404", message, f"Propose its adoption for {purpose} in {where}; somebody else decides.", form)
    license_ = offering.license_at(alternative.pinned_revision)
    if license_ is None or not place.policy.allows(license_.license_class, place.system.distribution):
        message = f"the license of {offering}, {license_of(license_)}, is not allowed in {where}."
        if license_ is None:
            message = f"the license of {offering} is not known."
        fix = f"Put an alternative into the plan whose license is allowed in {where}, or record its license."
        yield flaw_of("UD404", message, fix, page, concern=_event(alternative, place, "license"))


def _is_adopted(offering: OfferingFacts, place: Place) -> bool:
    adoption = offering.adoption_for(place.dependency.purpose, place.system.distribution)
    return adoption is not None and not adoption.is_ended and not adoption.has_expired(place.today)


_Test = Callable[[AlternativeFacts, Place], Iterable[Flaw]]


def _once(test: _Test) -> _Test:
    """The test, for which all dependencies of one purpose in systems of one kind are alike: it is asked once for them."""

    @wraps(test)
    def kept(alternative: AlternativeFacts, place: Place) -> Iterable[Flaw]:
        system, approval = place.system, alternative.approval
        use = (place.dependency.purpose, system.distribution, system.criticality)
        return place.known.once(
            (test.__name__, use, alternative.pinned_revision, alternative.has_verified_copy),
            (alternative.offering, approval.basis if approval else None),
            lambda: tuple(test(alternative, place)),
        )

    return kept


_OF_A_MODEL: tuple[_Test, ...] = (_approval, _independence, _once(_aliveness), _once(_permission), capability.lacks)
_ASIDE: tuple[_Test, ...] = (capability.questions, hosts.shared)
_OF_ANOTHER_WAY: tuple[_Test, ...] = (_approval, _impact_statement)
