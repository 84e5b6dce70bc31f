"""`manage.py triage`: work through what is new, now."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from governance.models import Action, TriageFailure
from governance.triage import MAX_FAILURES, triage_changes


class Command(BaseCommand):
    help = "Turn new changes into impacts, actions and notices. Safe to run beside the workers."

    def handle(self, *args: Any, **options: Any) -> None:
        raised_before = Action.objects.count()
        marked = triage_changes(now=timezone.now())
        raised = Action.objects.count() - raised_before
        self.stdout.write(
            f"{marked} changes worked through, {raised} new actions, {Action.objects.open().count()} open."
        )
        for failure in TriageFailure.objects.filter(failures__gte=MAX_FAILURES, change__triage=None):
            self.stderr.write(f"Set aside: change {failure.change_id}, {failure.last_error}")
