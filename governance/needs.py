"""What waits for one person: the numbers in the sidebar."""

from django.utils import timezone

from governance.models import Action, Notice
from governance.queue import decidable_by
from registry.models import User


def count_needs(person: User) -> dict[str, int]:
    """By model label: proposals this person can decide, open actions of their teams, dead letters."""
    counts = {"governance.action": Action.objects.for_person(person).open().count()}
    if waiting := decidable_by(person, today=timezone.now().date()):
        counts["governance.proposal"] = waiting.count()
    if person.has_perm("governance.change_notice"):
        counts["governance.notice"] = Notice.objects.filter(state=Notice.State.DEAD).count()
    return counts
