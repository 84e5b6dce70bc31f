"""The policy in force: rule levels and numbers, versioned; and the trial of one before it takes force."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone


class PolicyQuerySet(models.QuerySet["Policy"]):
    def in_force(self, now: datetime) -> "Policy | None":
        """The newest version whose day has come; None means the built-in defaults (version 0)."""
        return self.filter(in_force_from__lte=now).order_by("-version").first()


class Policy(models.Model):
    """One version. `document` overrides the built-in defaults of `governance.rules.policy`; a version never changes.

    `text` is the TOML it was written in, comments included. A version that loosens something came by a proposal that
    another person approved: a CHECK wants the proposal, a trigger that it is an approved one with this very text.
    """

    version = models.PositiveIntegerField(unique=True)
    document = models.JSONField(default=dict, blank=True)
    text = models.TextField(blank=True, db_default="", default="")
    loosens = models.TextField(
        blank=True, db_default="", default="", help_text="What it asks for less than the version before, one per line."
    )
    proposal = models.OneToOneField("governance.Proposal", models.PROTECT, null=True, blank=True, related_name="policy")
    reason = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="policies")
    in_force_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        ordering = ("-version",)
        constraints = [
            models.CheckConstraint(
                name="loosening_policy_has_a_proposal",
                condition=models.Q(loosens="") | models.Q(proposal__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Policy {self.version}"


class DryRun(models.Model):
    """What a policy would change if it took force: asked by a person, answered by a worker, kept as it was then."""

    text = models.TextField(help_text="The policy that is tried, as TOML.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="dry_runs")
    created_at = models.DateTimeField(default=timezone.now)
    policy_version = models.PositiveIntegerField(help_text="The version that it is compared with.")
    total = models.PositiveIntegerField(default=0, help_text="Systems with current dependencies.")
    done = models.PositiveIntegerField(default=0, help_text="Of these, how many are judged.")
    changed_count = models.PositiveIntegerField(default=0, help_text="Systems and environments whose answer changes.")
    verdicts = models.JSONField(
        default=dict, blank=True, help_text="How many systems and environments, by `before -> after`."
    )
    changes = models.JSONField(default=list, blank=True, help_text="The first of them, with what comes and goes.")
    as_of = models.DateTimeField(
        null=True, blank=True, help_text="The moment for which all of it is judged; empty until a worker begins."
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"Dry run {self.pk}"


class DryRunPartQuerySet(models.QuerySet["DryRunPart"]):
    def claimable(self, now: datetime) -> models.QuerySet["DryRunPart"]:
        """Those that nobody works on: new ones, and those whose worker has not been heard of for the lease."""
        free = models.Q(claimed_until=None) | models.Q(claimed_until__lt=now)
        return self.filter(free, finished_at=None)


class DryRunPart(models.Model):
    """Some of the systems of a dry run, which one worker judges while another has the next; gone when it is finished."""

    dry_run = models.ForeignKey(DryRun, models.CASCADE, related_name="parts")
    first_system = models.PositiveBigIntegerField(help_text="The lowest id of a system that belongs to it.")
    last_system = models.PositiveBigIntegerField(null=True, help_text="The highest; empty for all that follow.")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    verdicts = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    claimed_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = DryRunPartQuerySet.as_manager()

    class Meta:
        ordering = ("first_system",)
        constraints = [
            models.UniqueConstraint(fields=["dry_run", "first_system"], name="part_begins_at_its_own_system")
        ]

    def __str__(self) -> str:
        return f"{self.dry_run}, from system {self.first_system}"
