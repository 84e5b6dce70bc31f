"""Which dependencies a change gets to, and by which way."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import OuterRef, Q, QuerySet, Subquery

from governance.fallbacks import Fallback, fallbacks_of
from governance.headlines import News
from governance.impact import Reach
from governance.models import Impact
from registry.lineage import roots_of
from registry.models import Alternative, Change, Dependency, Environment, Offering, PlanRevision


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


def news_of(change: Change) -> News:
    return News(
        kind=change.kind,
        subject=subject_in_words(change),
        severity=change.severity,
        before=change.before,
        after=change.after,
        effective_on=change.effective_on,
        summary=change.summary,
    )


def subject_in_words(change: Change) -> str:
    """How people call what changed: the offering where the listing is mapped, else the listing, model or vendor."""
    if change.listing is not None:
        return str(change.listing.offering or change.listing.external_id)
    return str(change.subject)


def find(change: Change, *, today: date, lost_approvals: Mapping[int, str]) -> list[Touched]:
    """Every current dependency that `change` touches, once per way.

    `lost_approvals` are the alternatives whose approval it has ended, with the reason; of several alternatives of a
    plan these are named first.
    """
    hits = sorted(reversed(_hits(change)), key=lambda hit: _lost(hit, lost_approvals))
    fallbacks = fallbacks_of({hit.dependency.pk for hit in hits}, today=today)
    touched = {(hit.dependency.pk, hit.path): _touched(hit, fallbacks, lost_approvals) for hit in hits}
    return list(touched.values())


def _lost(hit: _Hit, lost_approvals: Mapping[int, str]) -> str:
    return lost_approvals.get(hit.target.pk, "") if isinstance(hit.target, Alternative) else ""


def _hits(change: Change) -> list[_Hit]:
    if change.vendor_id is not None:
        return _through_vendor(change.vendor_id)
    if change.model_id is not None:
        offerings = Offering.objects.filter(model_id=change.model_id)
        return _through_offerings(set(offerings.values_list("pk", flat=True)), model_id=change.model_id)
    offering = change.offering or (change.listing.offering if change.listing else None)
    if offering is None:
        return []
    return _through_offerings({offering.pk}, model_id=offering.model_id)


def current_dependencies() -> QuerySet[Dependency]:
    """Dependencies in use, with what an impact has to say about them."""
    return Dependency.objects.current().select_related(
        "system__team", "environment", "served_by", "offering__provider", "offering__model__owner"
    )


def _through_offerings(offering_ids: Collection[int], *, model_id: int) -> list[_Hit]:
    return [
        *(_direct(dependency) for dependency in current_dependencies().filter(offering_id__in=offering_ids)),
        *_as_alternative(alternatives_in_force().filter(offering_id__in=offering_ids)),
        *_by_lineage(model_id),
    ]


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


def _as_alternative(alternatives: Iterable[Alternative]) -> list[_Hit]:
    found = list(alternatives)
    plans = {alternative.pk: alternative.plan_revision.plan.dependency_id for alternative in found}
    dependencies = current_dependencies().in_bulk([pk for pk in plans.values() if pk is not None])
    return [
        _Hit(dependencies[pk], Impact.Path.ALTERNATIVE, alternative, through=str(alternative.offering))
        for alternative in found
        if (pk := plans[alternative.pk]) is not None
    ]


def _by_lineage(model_id: int) -> list[_Hit]:
    # Not the model itself at another place: places have their own dates, gates and prices.
    descendants = (
        current_dependencies()
        .filter(offering__model__ancestor_rows__ancestor_id=model_id)
        .exclude(offering__model_id=model_id)
    )
    return [_Hit(row, Impact.Path.LINEAGE, row, through=str(row.offering)) for row in descendants]


def _through_vendor(vendor_id: int) -> list[_Hit]:
    """Whatever leads back to the vendor by development, lineage or ownership, or is served by it."""
    behind = _models_behind(vendor_id)
    served = Q(served_by=vendor_id) | Q(served_by=None, offering__provider=vendor_id)
    dependencies = current_dependencies().filter(served | Q(offering__model_id__in=behind))
    return [
        *(_Hit(row, Impact.Path.VENDOR, row, through=str(row.offering)) for row in dependencies),
        *_as_alternative(alternatives_in_force().filter(offering__model_id__in=behind)),
    ]


def _models_behind(vendor_id: int) -> list[int]:
    """The models in use, or planned to be, that the vendor is a root of."""
    in_use = set(Dependency.objects.current().values_list("offering__model_id", flat=True))
    planned = alternatives_in_force().filter(offering__isnull=False)
    in_use |= set(planned.values_list("offering__model_id", flat=True))
    return [pk for pk, roots in roots_of(in_use).items() if vendor_id in roots.vendor_ids]


def touched_directly(dependency: Dependency, fallbacks: Mapping[int, Fallback]) -> Touched:
    """The dependency as a change of the offering that it uses gets to it."""
    return _touched(_direct(dependency), fallbacks, {})


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
