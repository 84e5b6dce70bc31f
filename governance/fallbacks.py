"""What stands ready behind a dependency, in a clause that an impact can carry."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from governance.models import Approval


@dataclass(frozen=True, slots=True)
class Fallback:
    """Whether a plan holds, and in words: `approved alternative acme/e5 (huggingface)`, or empty."""

    holds: bool = False
    words: str = ""


def fallbacks_of(dependency_ids: Collection[int], *, today: date) -> dict[int, Fallback]:
    """For each id what stands ready on `today`; an approval of an older plan revision does not count."""
    approvals = (
        Approval.objects.filter(dependency_id__in=dependency_ids, ended_at=None, expires_on__gte=today)
        .select_related("alternative__offering")
        .order_by("-alternative__order")
    )
    found = {
        approval.dependency_id: Fallback(holds=True, words=f"approved alternative {approval.alternative}")
        for approval in approvals
    }
    return {pk: found.get(pk, Fallback()) for pk in dependency_ids}
