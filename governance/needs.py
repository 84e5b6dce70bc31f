"""What waits for one person: the numbers in the sidebar."""

from governance.models import Action, Notice, Proposal
from governance.permissions import can_decide
from registry.models import User


def count_needs(person: User) -> dict[str, int]:
    """By model label: proposals this person can decide, open actions of their teams, dead letters."""
    counts = {"governance.action": Action.objects.for_person(person).open().count()}
    if can_decide(person):
        counts["governance.proposal"] = Proposal.objects.open().exclude(proposer=person).count()
    if person.has_perm("governance.change_notice"):
        counts["governance.notice"] = Notice.objects.filter(state=Notice.State.DEAD).count()
    return counts
