"""What a change means for us: whom it touches and what they have to do."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models

from registry.models import Change, Dependency, Team, User


class Triage(models.Model):
    """The mark that a change was worked through. One to one, so that doing it twice is impossible."""

    change = models.OneToOneField(Change, models.CASCADE, primary_key=True, related_name="triage")
    triaged_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "triages"

    def __str__(self) -> str:
        return f"Triage of {self.change_id}"


class TriageFailure(models.Model):
    """A change that could not be worked through. After three failures it is set aside until somebody looks."""

    change = models.OneToOneField(Change, models.CASCADE, primary_key=True, related_name="triage_failure")
    failures = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField()
    last_failed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.failures} failures of {self.change_id}: {self.last_error}"


class Evaluation(models.Model):
    """The mark that the state of a dependency's offering was looked at once after it was declared.

    So that last month's announcement reaches this month's user.
    """

    dependency = models.OneToOneField(Dependency, models.CASCADE, primary_key=True, related_name="evaluation")
    evaluated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Evaluation of {self.dependency_id}"


class Impact(models.Model):
    """A change and a dependency that it touches, with the way by which it reaches it."""

    class Path(models.TextChoices):
        DIRECT = "direct", "The model in use"
        ALTERNATIVE = "alternative", "An alternative of its plan"
        LINEAGE = "lineage", "A base of the model in use"
        VENDOR = "vendor", "The vendor behind it"

    change = models.ForeignKey(Change, models.CASCADE, related_name="impacts")
    dependency = models.ForeignKey(Dependency, models.PROTECT, related_name="impacts")
    path = models.CharField(max_length=12, choices=Path)
    explanation = models.CharField(max_length=400)
    action = models.ForeignKey(
        "governance.Action",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="impacts",
        help_text="What somebody has to do about it; empty where knowing is enough.",
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-created_at",)
        constraints = [models.UniqueConstraint(fields=("change", "dependency", "path"), name="impact_once_per_path")]

    def __str__(self) -> str:
        return self.explanation


class Concern(models.TextChoices):
    """What a ticket is about; a dependency has at most one open action and one ticket for each."""

    RETIREMENT = "retirement", "Retirement"
    AVAILABILITY = "availability", "Availability"
    ACCESS = "access", "Access"
    LICENSE = "license", "License"
    IDENTITY = "identity", "Identity"
    COST = "cost", "Cost"
    CAPABILITY = "capability", "Capability"
    INDEPENDENCE = "independence", "Independence"


class ActionQuerySet(models.QuerySet["Action"]):
    def open(self) -> Self:
        """Actions that still want somebody: not done, and not snoozed."""
        return self.filter(state__in=[Action.State.OPEN, Action.State.ACKNOWLEDGED])

    def due_before(self, day: date) -> Self:
        return self.open().filter(due_on__lt=day)

    def for_person(self, user: User) -> Self:
        return self.filter(team__in=Team.objects.of(user))


class Action(models.Model):
    """What an owner has to do, by when. Later changes of the same concern update it."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        SNOOZED = "snoozed", "Snoozed"
        DONE = "done", "Done"

    dependency = models.ForeignKey(Dependency, models.PROTECT, related_name="actions")
    concern = models.CharField(max_length=15, choices=Concern)
    team = models.ForeignKey(Team, models.PROTECT, related_name="actions")
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    title = models.CharField(max_length=300)
    what_to_do = models.TextField()
    due_on = models.DateField()
    snoozed_until = models.DateField(null=True, blank=True)
    state_reason = models.CharField(max_length=300, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = ActionQuerySet.as_manager()

    class Meta:
        ordering = ("due_on",)
        constraints = [
            models.UniqueConstraint(
                fields=("dependency", "concern"), condition=~models.Q(state="done"), name="one_action_per_concern"
            )
        ]

    def __str__(self) -> str:
        return self.title
