"""The breaker of the sources trips where the policy in force says: the register reads it from its own rows.

How much of a source may vanish at once before a person has to look is a number of the policy; but the register, which
knows nothing of policies, is what judges by it. So the number is written into the sources whenever a policy takes force.
"""

from datetime import datetime

from django.db import transaction

from governance import audit
from governance.terms import terms_in_force
from registry.models import Source


@transaction.atomic
def set_breakers(*, now: datetime) -> int:
    """Bring every source up to the policy in force, audited; how many were not. Doing it again does nothing."""
    share = terms_in_force(now).breaker_max_share
    behind = list(Source.objects.select_for_update().exclude(breaker_share=share).order_by("pk"))
    before = {source.pk: source.breaker_share for source in behind}
    Source.objects.filter(pk__in=before).update(breaker_share=share)
    for source in behind:
        audit.record(
            "governance:source:breaker_set",
            source,
            actor=None,
            before={"breaker_share": before[source.pk]},
            after={"breaker_share": share},
        )
    return len(behind)
