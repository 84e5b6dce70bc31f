"""Candidates for a dependency, judged by what is approved, adopted, measured and allowed where it is used."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Min, Q, QuerySet
from django.db.models.functions import Coalesce

from governance.models import Adoption, Approval, Block
from governance.terms import terms_in_force
from registry.capabilities import read_needs
from registry.criteria import Criterion, Terms, Verdict
from registry.models import Dependency, Drill, ModelAncestor, Offering, VendorAncestor
from registry.preselect import Sets
from registry.suggest import FIRST, Candidate, candidates_for, profiles
from registry.unregistered import Unregistered, unregistered_for

MOST_UNREGISTERED = 12


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody wants to see alone."""

    is_independent_only: bool = False
    is_allowed_only: bool = False


def rank(
    dependency: Dependency, *, now: datetime, filters: Filters | None = None, limit: int = FIRST
) -> list[Candidate]:
    """Best first, without what is blocked; `dependency` has its system loaded."""
    filters = filters or Filters()
    system = dependency.system
    use = {"purpose": dependency.purpose, "distribution": system.distribution}
    adoptions = Adoption.objects.filter(ended_at=None, expires_on__gte=now.date(), **use)
    approvals = Approval.objects.filter(ended_at=None, expires_on__gte=now.date(), alternative__offering__isnull=False)
    # How long a switch took that failed says nothing of one that works.
    drills = Drill.objects.filter(
        outcome=Drill.Outcome.PASSED, switch_time__isnull=False, alternative__offering__isnull=False
    )

    def details(terms: Terms, found: Collection[int]) -> Terms:
        measured = drills.filter(alternative__offering__in=found).order_by("drilled_on", "pk")
        times = measured.values_list("alternative__offering", "switch_time")
        return replace(
            terms,
            adopted=set(adoptions.filter(offering__in=found).values_list("offering", flat=True)),
            approved=_of_what(approvals.filter(alternative__offering__in=found), dependency),
            measured={pk: time for pk, time in times if time is not None},
        )

    ranked = candidates_for(
        dependency,
        terms=_terms(dependency, now=now),
        sets=Sets(
            # A list, for it is short, and as a query each of the database's workers would compute it.
            approved=set(approvals.order_by().values_list("alternative__offering", flat=True).distinct()),
            adopted=adoptions.values("offering"),
            measured=drills.values("alternative__offering"),
        ),
        details=details,
        without=_blocked(now),
        allowed_only=filters.is_allowed_only,
        limit=limit,
    )
    # The independent come first, so that leaving out the others takes none of them away.
    return [one for one in ranked if one.is_independent] if filters.is_independent_only else ranked


def unregistered(dependency: Dependency, *, now: datetime, filters: Filters | None = None) -> list[Unregistered]:
    """What upstream lists for the same task and nobody has registered, best first."""
    filters = filters or Filters()
    primary = Offering.objects.select_related("model").get(pk=dependency.offering_id)
    if not primary.model.task or filters.is_independent_only:
        # Of what is not registered nobody has stated the lineage: none of it is shown independent.
        return []
    (profile,) = profiles([primary])
    found = unregistered_for(profile, _terms(dependency, now=now), limit=MOST_UNREGISTERED)
    license_is_fine = [one.candidate.verdict_on(Criterion.LICENSE) is Verdict.FOR for one in found]
    return [one for one, fine in zip(found, license_is_fine, strict=True) if fine or not filters.is_allowed_only]


def _terms(dependency: Dependency, *, now: datetime) -> Terms:
    policy = terms_in_force(now)
    return Terms(
        now.date(),
        allowed_license_classes=policy.allowed_license_classes[dependency.system.distribution],
        lead_days=policy.lead_days[dependency.system.criticality],
        needs=read_needs(dependency.needs),
    )


def _blocked(now: datetime) -> Q:
    """The offerings that a block hits: itself, through its lineage, or through who made or serves it."""
    blocks = Block.objects.in_force(now)
    vendors = VendorAncestor.objects.filter(ancestor__blocks__in=blocks).values("vendor_id")
    descendants = ModelAncestor.objects.filter(ancestor__blocks__in=blocks).values("model_id")
    rows = list(blocks.values_list("offering", "model", "vendor"))
    hit = Q(pk__in=[offering for offering, _, _ in rows if offering])
    if any(model for _, model, _ in rows):
        hit |= Q(model__in=descendants)
    if any(vendor for _, _, vendor in rows):
        hit |= Q(model__developer__in=vendors) | Q(provider__in=vendors, provider__isnull=False)
    return hit


def _of_what(approvals: QuerySet[Approval], dependency: Dependency) -> dict[int, str]:
    """By offering, whose way out it is: of this dependency, else of the one that was approved first."""
    # An offering that many fall back to has many approvals; one of them is told.
    told = (
        approvals.order_by()
        .values("alternative__offering")
        .annotate(one=Coalesce(Min("pk", filter=Q(dependency=dependency)), Min("pk")))
    )
    rows = Approval.objects.filter(pk__in=[row["one"] for row in told]).values_list(
        "alternative__offering", "dependency", "dependency__offering__model__name", "dependency__system__name"
    )
    return {
        offering_id: "of this very dependency" if of_id == dependency.pk else f"of {model} in {system}"
        for offering_id, of_id, model, system in rows
    }
