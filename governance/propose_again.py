"""Ask once more for what was decided before, filled in from the last time."""

from datetime import date, datetime, timedelta
from typing import Any

from governance.models import Proposal
from governance.propose import propose_adoption, propose_alternative, propose_retirement, propose_waiver
from governance.refused import invalid
from governance.state import required
from registry.models import Alternative, User


def propose_again(
    last: Proposal,
    *,
    proposer: User,
    now: datetime,
    reason: str = "",
    until: date | None = None,
    compensating_measure: str = "",
) -> Proposal:
    """The same as `last`, on the facts of now; what is left out is as it was, and a waiver runs as long as before.

    An alternative is looked for in the revision of the plan that counts now. Refused as the first time was.
    """
    common: dict[str, Any] = {"proposer": proposer, "reason": reason or last.reason, "now": now}
    match last.kind:
        case Proposal.Kind.ADOPT_MODEL:
            return propose_adoption(
                offering=required(last.offering),
                purpose=last.purpose,
                distribution=last.distribution,
                revision=last.revision,
                **common,
            )
        case Proposal.Kind.APPROVE_ALTERNATIVE:
            return propose_alternative(alternative=same_way_now(last), **common)
        case Proposal.Kind.RETIRE_MODEL:
            return propose_retirement(model=required(last.model), **common)
        case Proposal.Kind.WAIVE_RULE:
            return propose_waiver(
                rule=last.rule,
                until=until or same_length(last, today=now.date()),
                compensating_measure=compensating_measure or last.compensating_measure,
                dependency=last.dependency,
                system=last.system,
                **common,
            )
    raise invalid("kind", f"kind: {last.get_kind_display()} is proposed on its own page.")


def same_way_now(last: Proposal) -> Alternative:
    """The alternative of the plan's current revision that is what the approved one was; `invalid` where none is."""
    former = required(last.alternative)
    current = former.plan_revision.plan.current_revision
    same = Alternative.objects.filter(plan_revision=current, kind=former.kind, offering=former.offering_id)
    found = same.select_related("plan_revision__plan__dependency").first()
    if found is None:
        raise invalid("alternative", f"alternative: {former.offering or former.get_kind_display()} left the plan.")
    return found


def same_length(last: Proposal, *, today: date) -> date:
    """The last day of a waiver that runs as long as the former was to."""
    asked = required_day(last.until) - last.created_at.date()
    return today + max(asked, timedelta(days=1))


def required_day(day: date | None) -> date:
    """`day`, which a constraint of the table holds to be there for a waiver."""
    if day is None:
        raise ValueError("The proposal lacks its last day")
    return day
