"""The state that the same was last approved on: what a reviewer compares with, instead of a blank form."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.models import Proposal
from governance.state import State


@dataclass(frozen=True, slots=True)
class LastApproved:
    """The newest approved proposal about the same, and the facts that it was approved on."""

    proposal: Proposal
    state: State

    @property
    def at(self) -> datetime | None:
        return self.proposal.closed_at


def last_approved(proposal: Proposal) -> LastApproved | None:
    """None where the same was never approved. The same: a use; an offering in a dependency's plan; a rule somewhere."""
    if not (same := _same(proposal)):
        return None
    former = Proposal.objects.filter(state=Proposal.State.APPROVED, kind=proposal.kind, **same)
    # Of a decided proposal: what was approved before it, and not since.
    row = former.filter(pk__lt=proposal.pk).order_by("-closed_at", "-pk").first()
    return LastApproved(row, row.decided_state or row.submitted_state) if row else None


def _same(proposal: Proposal) -> dict[str, Any]:
    match proposal.kind:
        case Proposal.Kind.ADOPT_MODEL:
            return {
                "offering": proposal.offering_id,
                "purpose": proposal.purpose,
                "distribution": proposal.distribution,
            }
        case Proposal.Kind.APPROVE_ALTERNATIVE if proposal.alternative:
            return {
                "dependency": proposal.dependency_id,
                "alternative__kind": proposal.alternative.kind,
                "alternative__offering": proposal.alternative.offering_id,
            }
        case Proposal.Kind.WAIVE_RULE:
            return {"rule": proposal.rule, "dependency": proposal.dependency_id, "system": proposal.system_id}
        case _:
            return {}
