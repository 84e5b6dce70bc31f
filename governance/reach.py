"""Which dependencies changes get to, and by which way."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from governance.disputes import FACT_OF, Disputes, load_disputes
from governance.fallbacks import Fallback, fallbacks_of
from governance.headlines import News
from governance.impact import Reach
from governance.models import Impact
from registry.lineage import roots_of
from registry.models import (
    Alternative,
    Change,
    ChangeKind,
    Dependency,
    Environment,
    ModelAncestor,
    Offering,
    PlanRevision,
)


@dataclass(frozen=True, slots=True)
class Touched:
    """A dependency with the way to it: what the rows and the message about it are made from."""

    dependency: Dependency
    reach: Reach


@dataclass(frozen=True, slots=True)
class _Hit:
    """A dependency, what of it was hit, and how people call that."""

    dependency: Dependency
    path: str
    target: Dependency | Alternative
    through: str = ""


@dataclass(frozen=True, slots=True)
class _Uses:
    """Who uses the offerings and models that some changes are about."""

    direct: Mapping[int, Sequence[_Hit]]  # by offering
    alternatives: Mapping[int, Sequence[_Hit]]  # by offering
    descendants: Mapping[int, Sequence[_Hit]]  # by base model


_MOVES_VENDORS = {ChangeKind.VENDOR_CHANGED, ChangeKind.LINEAGE_CHANGED}


def news_of(change: Change, disputes: Disputes | None = None) -> News:
    """The change in words' reach; with `disputes`, what sources contradict each other about goes along."""
    offering = offering_of(change)
    fact = FACT_OF.get(ChangeKind(change.kind))
    dispute = (disputes or {}).get((offering.pk, fact)) if offering and fact else None
    return News(
        kind=change.kind,
        subject=subject_in_words(change),
        severity=change.severity,
        before=change.before,
        after=change.after,
        effective_on=change.effective_on,
        summary=change.summary,
        dispute=str(dispute or ""),
    )


def disputes_about(changes: Iterable[Change], *, now: datetime) -> Disputes:
    """What sources contradict each other about, of those offerings that a day of has changed."""
    dated = [change for change in changes if change.kind in FACT_OF]
    return load_disputes({offering.pk for change in dated if (offering := offering_of(change))}, now=now)


def subject_in_words(change: Change) -> str:
    """How people call what changed: the offering where the listing is mapped, else the listing, model or vendor."""
    if change.listing is not None:
        return str(change.listing.offering or change.listing.external_id)
    return str(change.subject)


def find(changes: Sequence[Change], *, now: datetime, lost_approvals: Mapping[int, str]) -> dict[Change, list[Touched]]:
    """For each change every current dependency that it touches, once per way; a constant number of queries.

    Only changes of vendors cost some each. `lost_approvals` are the alternatives whose approval has ended, with the
    reason; of several alternatives of a plan these are the ones that are named. One may be lost by what became of the
    model that it was to replace: who bought its vendor stands behind the alternative.
    """
    hits = _hits(changes)
    lost = _as_alternatives(alternatives_in_force().filter(pk__in=lost_approvals)) if lost_approvals else []
    for change, found in hits.items():
        if change.kind in _MOVES_VENDORS:
            reached = {hit.dependency.pk for hit in found}
            found += [hit for _, hit in lost if hit.dependency.pk in reached]
    dependency_ids = {hit.dependency.pk for found in hits.values() for hit in found}
    fallbacks = fallbacks_of(dependency_ids, now=now)
    return {change: _once_per_way(found, fallbacks, lost_approvals) for change, found in hits.items()}


def _once_per_way(
    hits: Sequence[_Hit], fallbacks: Mapping[int, Fallback], lost_approvals: Mapping[int, str]
) -> list[Touched]:
    chosen: dict[tuple[int, str], _Hit] = {}
    for hit in sorted(hits, key=lambda hit: not _lost(hit, lost_approvals)):
        chosen.setdefault((hit.dependency.pk, hit.path), hit)
    return [_touched(hit, fallbacks, lost_approvals) for hit in chosen.values()]


def _lost(hit: _Hit, lost_approvals: Mapping[int, str]) -> str:
    return lost_approvals.get(hit.target.pk, "") if isinstance(hit.target, Alternative) else ""


def _hits(changes: Sequence[Change]) -> dict[Change, list[_Hit]]:
    scopes = _scopes([change for change in changes if change.vendor_id is None])
    uses = _uses({pk for offerings, _ in scopes.values() for pk in offerings}, {model for _, model in scopes.values()})
    return {
        change: _through_vendor(change.vendor_id)
        if change.vendor_id is not None
        else _through_offerings(uses, *scopes.get(change, ([], 0)))
        for change in changes
    }


def offering_of(change: Change) -> Offering | None:
    """The offering that a change is about, itself or by its listing."""
    return change.offering or (change.listing.offering if change.listing else None)


def _scopes(changes: Iterable[Change]) -> dict[Change, tuple[Collection[int], int]]:
    """For each change the offerings and the model it is about; none for a listing that nobody mapped."""
    scopes: dict[Change, tuple[Collection[int], int]] = {}
    of_models: dict[int, list[int]] = defaultdict(list)
    changes = list(changes)
    models = {change.model_id for change in changes if change.model_id is not None}
    for pk, model_id in Offering.objects.filter(model__in=models).values_list("pk", "model_id"):
        of_models[model_id].append(pk)
    for change in changes:
        if change.model_id is not None:
            scopes[change] = of_models[change.model_id], change.model_id
        elif offering := offering_of(change):
            scopes[change] = [offering.pk], offering.model_id
    return scopes


def _uses(offering_ids: Collection[int], model_ids: Collection[int]) -> _Uses:
    direct: dict[int, list[_Hit]] = defaultdict(list)
    for dependency in current_dependencies().filter(offering_id__in=offering_ids):
        direct[dependency.offering_id].append(_direct(dependency))
    alternatives: dict[int, list[_Hit]] = defaultdict(list)
    for offering_id, hit in _as_alternatives(alternatives_in_force().filter(offering_id__in=offering_ids)):
        alternatives[offering_id].append(hit)
    return _Uses(direct, alternatives, _descendants(model_ids))


def _through_offerings(uses: _Uses, offering_ids: Collection[int], model_id: int) -> list[_Hit]:
    return [
        *(hit for pk in offering_ids for hit in uses.direct.get(pk, ())),
        *(hit for pk in offering_ids for hit in uses.alternatives.get(pk, ())),
        *uses.descendants.get(model_id, ()),
    ]


def current_dependencies() -> QuerySet[Dependency]:
    """Dependencies in use, with what an impact has to say about them."""
    return Dependency.objects.current().select_related(
        "system__team", "environment", "served_by", "offering__provider", "offering__model__owner"
    )


def _direct(dependency: Dependency) -> _Hit:
    return _Hit(dependency, Impact.Path.DIRECT, dependency)


def alternatives_in_force() -> QuerySet[Alternative]:
    """Alternatives of the newest submitted plan revisions of current dependencies."""
    newest = (
        PlanRevision.objects.filter(plan=OuterRef("plan_revision__plan"), submitted_at__isnull=False)
        .order_by("-number")
        .values("pk")[:1]
    )
    return Alternative.objects.filter(
        plan_revision_id=Subquery(newest),
        plan_revision__plan__dependency__isnull=False,
        plan_revision__plan__dependency__ended_on=None,
    ).select_related("offering__model", "plan_revision__plan")


def _as_alternatives(alternatives: QuerySet[Alternative]) -> list[tuple[int, _Hit]]:
    """Each alternative as a hit of its plan's dependency, with the offering that it puts forward."""
    found = list(alternatives)
    plans = {row.pk: row.plan_revision.plan.dependency_id for row in found}
    dependencies = current_dependencies().in_bulk([pk for pk in plans.values() if pk is not None]) if found else {}
    return [
        (row.offering_id, _Hit(dependencies[pk], Impact.Path.ALTERNATIVE, row, through=str(row.offering)))
        for row in found
        if (pk := plans[row.pk]) is not None and row.offering_id is not None
    ]


def _descendants(model_ids: Collection[int]) -> Mapping[int, Sequence[_Hit]]:
    """By base model, the uses of what was made from it."""
    # Not the model itself at another place: places have their own dates, gates and prices.
    closure = ModelAncestor.objects.filter(ancestor_id__in=model_ids).exclude(model_id=F("ancestor_id"))
    bases_of: dict[int, list[int]] = defaultdict(list)
    for model_id, base_id in closure.values_list("model_id", "ancestor_id"):
        bases_of[model_id].append(base_id)
    found: dict[int, list[_Hit]] = defaultdict(list)
    if bases_of:
        for row in current_dependencies().filter(offering__model_id__in=bases_of):
            for base_id in bases_of[row.offering.model_id]:
                found[base_id].append(_Hit(row, Impact.Path.LINEAGE, row, through=str(row.offering)))
    return found


def _through_vendor(vendor_id: int) -> list[_Hit]:
    """Whatever leads back to the vendor by development, lineage or ownership, or is served by it."""
    behind = _models_behind(vendor_id)
    served = Q(served_by=vendor_id) | Q(served_by=None, offering__provider=vendor_id)
    dependencies = current_dependencies().filter(served | Q(offering__model_id__in=behind))
    alternatives = alternatives_in_force().filter(offering__model_id__in=behind)
    return [
        *(_Hit(row, Impact.Path.VENDOR, row, through=str(row.offering)) for row in dependencies),
        *(hit for _, hit in _as_alternatives(alternatives)),
    ]


def _models_behind(vendor_id: int) -> list[int]:
    """The models in use, or planned to be, that the vendor is a root of."""
    in_use = set(Dependency.objects.current().order_by().values_list("offering__model_id", flat=True).distinct())
    planned = alternatives_in_force().filter(offering__isnull=False).order_by()
    in_use |= set(planned.values_list("offering__model_id", flat=True).distinct())
    return [pk for pk, roots in roots_of(in_use).items() if vendor_id in roots.vendor_ids]


def touched_directly(dependency: Dependency, *, now: datetime) -> Touched:
    """The dependency as a change of the offering that it uses gets to it."""
    return _touched(_direct(dependency), fallbacks_of([dependency.pk], now=now), {})


def _touched(hit: _Hit, fallbacks: Mapping[int, Fallback], lost_approvals: Mapping[int, str]) -> Touched:
    dependency, fallback = hit.dependency, fallbacks[hit.dependency.pk]
    is_own = hit.path != Impact.Path.LINEAGE
    offering = hit.target.offering if is_own else None
    return Touched(
        dependency,
        Reach(
            dependency_id=dependency.pk,
            path=hit.path,
            system=dependency.system.name,
            purpose=dependency.purpose,
            environment=dependency.environment.name,
            criticality=dependency.system.criticality,
            is_production=dependency.environment.environment_class == Environment.Class.PRODUCTION,
            through=hit.through,
            pinned_revision=hit.target.pinned_revision if is_own else "",
            head_revision=offering.head_revision if offering else "",
            has_verified_copy=hit.target.has_verified_copy,
            retires_on=offering.retires_on if offering else None,
            has_holding_plan=fallback.holds,
            fallback=fallback.words,
            lost_approval=_lost(hit, lost_approvals),
        ),
    )
