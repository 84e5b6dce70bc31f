"""Candidates for a dependency, judged by what is approved, adopted, measured and allowed where it is used."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from django.db.models import Q

from governance.models import Adoption, Approval
from governance.terms import terms_in_force
from registry.criteria import Terms
from registry.models import Dependency, Drill
from registry.preselect import Sets
from registry.suggest import FIRST, Candidate, candidates_for


def rank(dependency: Dependency, *, now: datetime, only: Q | None = None, limit: int = FIRST) -> list[Candidate]:
    """Best first; `dependency` has its system loaded. `only` narrows what is considered."""
    policy, system = terms_in_force(now), dependency.system
    use = {"purpose": dependency.purpose, "distribution": system.distribution}
    adoptions = Adoption.objects.filter(ended_at=None, expires_on__gte=now.date(), **use)
    approvals = Approval.objects.filter(ended_at=None, expires_on__gte=now.date(), alternative__offering__isnull=False)
    drills = Drill.objects.filter(switch_time__isnull=False, alternative__offering__isnull=False)

    def details(terms: Terms, found: Collection[int]) -> Terms:
        ways = approvals.filter(alternative__offering__in=found).order_by("pk")
        named = ("alternative__offering", "dependency", "dependency__offering__model__name", "dependency__system__name")
        measured = drills.filter(alternative__offering__in=found).order_by("drilled_on", "pk")
        times = measured.values_list("alternative__offering", "switch_time")
        return replace(
            terms,
            adopted=set(adoptions.filter(offering__in=found).values_list("offering", flat=True)),
            approved=_of_what(ways.values_list(*named), dependency.pk),
            measured={pk: time for pk, time in times if time is not None},
        )

    return candidates_for(
        dependency,
        terms=Terms(
            now.date(),
            allowed_license_classes=policy.allowed_license_classes[system.distribution],
            lead_days=policy.lead_days[system.criticality],
        ),
        sets=Sets(
            approved=approvals.values("alternative__offering"),
            adopted=adoptions.values("offering"),
            measured=drills.values("alternative__offering"),
        ),
        details=details,
        only=only,
        limit=limit,
    )


def _of_what(approvals: Iterable[tuple[int, int, str, str]], dependency_id: int) -> dict[int, str]:
    """By offering, whose way out it is: of this dependency, else of the one that was approved first."""
    found: dict[int, str] = {}
    for offering_id, of_id, model, system in approvals:
        if of_id == dependency_id:
            found[offering_id] = "of this very dependency"
        else:
            found.setdefault(offering_id, f"of {model} in {system}")
    return found
