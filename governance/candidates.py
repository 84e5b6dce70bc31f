"""Candidates for a dependency, judged by what is adopted and allowed where it is used."""

from datetime import datetime

from governance.models import Adoption
from governance.terms import terms_in_force
from registry.models import Dependency
from registry.suggest import Candidate, candidates_for


def rank(dependency: Dependency, *, now: datetime) -> list[Candidate]:
    """Best first; `dependency` has its system loaded."""
    use = {"purpose": dependency.purpose, "distribution": dependency.system.distribution}
    adopted = Adoption.objects.filter(ended_at=None, expires_on__gte=now.date(), **use)
    return candidates_for(
        dependency,
        now=now,
        adopted=set(adopted.values_list("offering_id", flat=True)),
        allowed_license_classes=terms_in_force(now).allowed_license_classes[dependency.system.distribution],
    )
