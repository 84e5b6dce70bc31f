"""Which one action would help most: each is done on a copy of the facts, and the fates are counted again. Pure.

An action is one act for one thing (approve it, adopt it, drill it, put it into plans), for all dependencies that it helps.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from governance import basis
from governance.rules.english import DISTRIBUTION, listed
from governance.rules.facts import AdoptionFacts, AlternativeFacts, ApprovalFacts, DrillFacts, OfferingFacts, PlanFacts
from governance.whatif.fates import SOFT, Fate, Outcome, Reason, judge, lasting_problems
from governance.whatif.question import Exposed, Scene

SHOWN = 5
# A candidate for plans is tried on every dependency that stops; more would cost more than they tell.
MOST_CANDIDATES = 20
_RANK = {Outcome.STOPS: 0, Outcome.DEGRADES: 1, Outcome.SURVIVES: 2}
_OF_AN_APPROVAL = frozenset({"UD401", "UD501"})
_YEAR = timedelta(days=365)
Candidates = Mapping[tuple[str, str], Sequence[AlternativeFacts]]


@dataclass(frozen=True, slots=True)
class Act:
    """What one would do: `kind` is approve, adopt, drill or plan; `thing` is an offering's id, or what is no model."""

    kind: str
    thing: int | str
    purpose: str = ""
    distribution: str = ""


@dataclass(slots=True)
class Help:
    """What an act would do: the dependencies that would no longer stop, and those that would then survive."""

    act: Act
    name: str
    kept_running: list[int] = field(default_factory=list)
    made_whole: list[int] = field(default_factory=list)
    critical: int = 0

    @property
    def dependencies(self) -> list[int]:
        """Each once: what no longer stops may survive as well."""
        return list(dict.fromkeys([*self.kept_running, *self.made_whole]))

    @property
    def text(self) -> str:
        number = len(self.dependencies)
        # Which they are stands below it.
        these = f", for these {number}" if number > 1 else ""
        if self.act.kind == "adopt":
            where = DISTRIBUTION[self.act.distribution]
            return f"Adopt {self.name} for {self.act.purpose} in {where}{these}"
        if self.act.kind == "plan":
            plan = "plans" if number > 1 else "plan"
            return f"Put {self.name} into the {plan} and have it approved{these}"
        if self.act.kind == "drill":
            return f"Drill the switch to {self.name}, and pass within the notice{these}"
        return f"Approve {self.name}{these.removeprefix(',')}"


def most_helpful(fates: Iterable[Fate], scene: Scene, candidates: Candidates) -> list[Help]:
    """The acts that help, by named criteria: most that no longer stop, most of them critical, most that then survive.

    `candidates` may be used, by purpose and distribution, and stand in no plan yet.
    """
    found: dict[Act, Help] = {}
    tried: dict[tuple[str, str, str], list[tuple[Act, AlternativeFacts, Outcome]]] = {}
    for fate in fates:
        if fate.outcome == Outcome.SURVIVES:
            continue
        for act, way in dict(_acts(fate, scene)).items():
            _count(found, act, way, fate, _after(act, fate, scene))
        if fate.outcome == Outcome.STOPS:
            use = (*_use(fate.exposed), fate.exposed.system.criticality)
            if use not in tried:
                tried[use] = list(_tried(fate, scene, candidates))
            planned = {thing_of(one) for one in _alternatives(fate.exposed)}
            for act, way, after in tried[use]:
                if act.thing not in planned:
                    _count(found, act, way, fate, after)
    ranked = sorted(
        found.values(),
        key=lambda one: (-len(one.kept_running), -one.critical, -len(one.made_whole), one.act.kind, one.name),
    )
    return ranked[:SHOWN]


def _count(found: dict[Act, Help], act: Act, way: AlternativeFacts, fate: Fate, after: Outcome) -> None:
    if _RANK[after] <= _RANK[fate.outcome]:
        return
    if act not in found:
        found[act] = Help(act, str(way))
    help_, pk = found[act], fate.exposed.dependency.id
    if fate.outcome == Outcome.STOPS:
        help_.kept_running.append(pk)
        help_.critical += fate.exposed.system.criticality == "critical"
    if after == Outcome.SURVIVES:
        help_.made_whole.append(pk)


def _after(act: Act, fate: Fate, scene: Scene) -> Outcome:
    """What becomes of the dependency once the act is done."""
    if act.kind == "drill":
        return Outcome.SURVIVES if _would_do_once_drilled(act, fate, scene) else fate.outcome
    return judge(done(act, fate.exposed, scene, {}), scene).outcome


def _tried(fate: Fate, scene: Scene, candidates: Candidates) -> Iterator[tuple[Act, AlternativeFacts, Outcome]]:
    """The candidates that would take over if they stood in the plan.

    That depends on the use and the criticality alone (what a candidate shares with what is in use is no reason to stop),
    so they are tried once for all that stop.
    """
    use = _use(fate.exposed)
    for candidate in candidates.get(use, ())[:MOST_CANDIDATES]:
        act = Act("plan", thing_of(candidate), *use)
        after = judge(done(act, fate.exposed, scene, candidates), scene).outcome
        if after != Outcome.STOPS:
            yield act, candidate, after


def _use(exposed: Exposed) -> tuple[str, str]:
    return exposed.dependency.purpose, exposed.system.distribution


def _would_do_once_drilled(act: Act, fate: Fate, scene: Scene) -> bool:
    """Whether nothing but the drill keeps an alternative from taking over in time; it says nothing about the plan."""
    return any(
        standing.holds
        and not any(lasting_problems(standing))
        and _days_once_drilled(standing.alternative, scene) <= scene.notice_days
        for standing in fate.standings
        if thing_of(standing.alternative) == act.thing
    )


def _acts(fate: Fate, scene: Scene) -> Iterator[tuple[Act, AlternativeFacts]]:
    """Each act on the plan that could help this dependency; what nobody can tell from the flaws is tried."""
    for standing in fate.standings:
        way, hard = standing.alternative, [flaw for flaw in standing.flaws if flaw.rule not in SOFT]
        if standing.holds and not _counts(way, scene):
            yield Act("drill", thing_of(way)), way
        elif not hard or (fate.outcome == Outcome.DEGRADES and way.drill is None):
            continue  # what degrades survives only by an alternative that was drilled, too
        elif all(flaw.rule in _OF_AN_APPROVAL for flaw in hard):
            yield Act("approve", thing_of(way)), way
        elif all(flaw.page is not None and flaw.page.kind == "adoption" for flaw in hard):
            yield Act("adopt", thing_of(way), *_use(fate.exposed)), way


def _counts(alternative: AlternativeFacts, scene: Scene) -> bool:
    """Whether another drill could show nothing that the last one has not."""
    drill = alternative.drill
    return drill is not None and drill.counts(scene.gone_on) and alternative.switch_time_days is not None


def done(act: Act, exposed: Exposed, scene: Scene, candidates: Candidates) -> Exposed:
    """The dependency as it would stand after the act, done today."""
    if act.kind == "plan":
        return _planned(act, exposed, scene, candidates)
    plan = exposed.dependency.plan
    if plan is None:
        return exposed
    ways = (_changed(one, act, exposed, scene) if thing_of(one) == act.thing else one for one in plan.alternatives)
    return replace(exposed, dependency=replace(exposed.dependency, plan=replace(plan, alternatives=tuple(ways))))


def _changed(alternative: AlternativeFacts, act: Act, exposed: Exposed, scene: Scene) -> AlternativeFacts:
    if act.kind == "approve":
        return _approved(alternative, exposed, scene)
    if act.kind == "drill":
        return _drilled(alternative, scene)
    if act.kind == "adopt" and alternative.offering is not None:
        adoption = AdoptionFacts(
            id=0,
            proposal_id=0,
            granted_at=_morning(scene),
            expires_on=scene.gone_on + _YEAR,
            purpose=exposed.dependency.purpose,
            distribution=exposed.system.distribution,
        )
        offering = alternative.offering
        return replace(alternative, offering=replace(offering, adoptions=(*offering.adoptions, adoption)))
    return alternative


def _approved(alternative: AlternativeFacts, exposed: Exposed, scene: Scene) -> AlternativeFacts:
    approval = ApprovalFacts(
        id=0,
        proposal_id=0,
        granted_at=_morning(scene),
        expires_on=scene.gone_on + _YEAR,
        basis=basis.of_approval(alternative.offering, alternative.pinned_revision, exposed.dependency.offering),
        alternative_id=alternative.id,
    )
    return replace(alternative, approval=approval)


def _planned(act: Act, exposed: Exposed, scene: Scene, candidates: Candidates) -> Exposed:
    new = next(one for one in candidates[act.purpose, act.distribution] if thing_of(one) == act.thing)
    before = _alternatives(exposed)
    new = replace(new, order=max((one.order for one in before), default=0) + 1)
    plan = exposed.dependency.plan or PlanFacts(id=0)
    # Who writes the revision says how the index is built again: it would not be approved otherwise.
    plan = replace(
        plan, number=plan.number or 1, says_how_to_reindex=True, alternatives=(*before, _approved(new, exposed, scene))
    )
    return replace(exposed, dependency=replace(exposed.dependency, plan=plan))


def _drilled(alternative: AlternativeFacts, scene: Scene) -> AlternativeFacts:
    passed = DrillFacts(drilled_on=scene.today, expires_on=scene.gone_on + _YEAR)
    return replace(alternative, drill=passed, switch_time_days=_days_once_drilled(alternative, scene))


def _days_once_drilled(alternative: AlternativeFacts, scene: Scene) -> float:
    """What was never measured is taken to fit into the notice; where there is none, nothing fits."""
    measured = alternative.switch_time_days
    return measured if measured is not None else float(scene.notice_days or 1)


def _alternatives(exposed: Exposed) -> tuple[AlternativeFacts, ...]:
    return exposed.dependency.plan.alternatives if exposed.dependency.plan else ()


def thing_of(alternative: AlternativeFacts) -> int | str:
    return alternative.offering.id if alternative.offering is not None else alternative.kind


def _morning(scene: Scene) -> datetime:
    return datetime.combine(scene.today, time(), UTC)


@dataclass(frozen=True, slots=True)
class Shared:
    """An offering or a vendor that the plans of several dependencies lean on: if it fails them, it fails all of them."""

    kind: str
    name: str
    dependencies: tuple[int, ...]


def shared_alternatives(fates: Sequence[Fate]) -> list[Shared]:
    """What two or more of the touched dependencies lean on: most first. A vendor counts where offerings differ."""
    by_offering: dict[int, list[Fate]] = defaultdict(list)
    by_vendor: dict[int, list[Fate]] = defaultdict(list)
    vendors: dict[int, str] = {}
    for fate in fates:
        offering = fate.by.offering if fate.by else None
        if offering is not None and fate.reason != Reason.UNTOUCHED:
            by_offering[offering.id].append(fate)
            vendors.update(offering.roots.names)
            for vendor in offering.roots.names:
                by_vendor[vendor].append(fate)
    found = [_shared("offering", [str(_offering(group[0]))], group) for group in by_offering.values() if len(group) > 1]
    # Vendors that stand behind the same plans are one line.
    together: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for pk, group in by_vendor.items():
        if len({_offering(fate).id for fate in group}) > 1:
            together[_ids(group)].append(pk)
    found += [
        _shared("vendor", sorted((vendors[pk] for pk in pks), key=str.casefold), by_vendor[pks[0]])
        for pks in together.values()
    ]
    return sorted(found, key=lambda one: (one.kind, -len(one.dependencies), one.name))


def _ids(fates: Iterable[Fate]) -> tuple[int, ...]:
    return tuple(fate.exposed.dependency.id for fate in fates)


def _shared(kind: str, names: Iterable[str], fates: Iterable[Fate]) -> Shared:
    return Shared(kind, listed(names), _ids(fates))


def _offering(fate: Fate) -> OfferingFacts:
    if fate.by is None or fate.by.offering is None:
        raise TypeError("This fate leans on no offering")
    return fate.by.offering
