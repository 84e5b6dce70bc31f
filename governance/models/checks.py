"""What CI asked and what we answered."""

from uuid import uuid4

from django.conf import settings
from django.db import models

from registry.models import Environment, System


class Level(models.TextChoices):
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    NOTE = "note", "Note"


class Grounds(models.Model):
    """What an answer rested on, by `governance.grounds`. Answers on the same grounds share one row, named by its hash."""

    digest = models.CharField(max_length=64, primary_key=True)
    document = models.JSONField()

    class Meta:
        verbose_name_plural = "grounds"

    def __str__(self) -> str:
        return self.digest[:12]


class Check(models.Model):
    """One question of a pipeline with its answer, which stays the same for ever."""

    class Verdict(models.TextChoices):
        PASS = "pass", "Pass"
        WARN = "warn", "Warn"
        FAIL = "fail", "Fail"
        UNKNOWN = "unknown", "Unknown"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    system = models.ForeignKey(System, models.PROTECT, related_name="checks")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="checks")
    request = models.JSONField(help_text="The question as it was understood.")
    verdict = models.CharField(max_length=7, choices=Verdict)
    checked_at = models.DateTimeField(db_index=True, help_text="Read by the lists, newest first, and by retention.")
    facts_as_of = models.DateTimeField(null=True, blank=True)
    policy_version = models.PositiveIntegerField()
    commit = models.CharField(max_length=64, blank=True)
    source_url = models.URLField(max_length=500, blank=True)
    question_digest = models.CharField(
        max_length=64, blank=True, db_default="", default="", help_text="Of system, environment and models alone."
    )
    findings_digest = models.CharField(
        max_length=64, blank=True, db_default="", default="", help_text="The same for answers that say the same."
    )
    stale_sources = models.JSONField(null=True, blank=True, help_text="Whose silence the answer suffers from.")
    grounds = models.ForeignKey(Grounds, models.PROTECT, null=True, blank=True, related_name="checks")
    signed = models.TextField(
        blank=True, db_default="", default="", help_text="The verdict as a JSON Web Signature, for who kept it."
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="checks")

    class Meta:
        ordering = ("-checked_at",)
        indexes = [
            # Read by the badge, the diff and the outlook: the last one of a system in an environment.
            models.Index(fields=("system", "environment", "-checked_at"), name="last_check_of_a_place"),
        ]

    def __str__(self) -> str:
        return f"{self.system} in {self.environment.slug}: {self.verdict}"


class Finding(models.Model):
    """One rule on one ref."""

    check_run = models.ForeignKey(Check, models.CASCADE, related_name="findings")
    position = models.PositiveIntegerField()
    rule = models.CharField(max_length=5)
    level = models.CharField(max_length=7, choices=Level)
    ref = models.CharField(max_length=400)
    message = models.TextField()
    fix = models.TextField(blank=True)
    waiver = models.JSONField(null=True, blank=True)
    locations = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = [models.UniqueConstraint(fields=("check_run", "position"), name="finding_position_once")]

    def __str__(self) -> str:
        return f"{self.rule} {self.level}: {self.ref}"


class IdempotencyKey(models.Model):
    """The key under which somebody asked, so that a question sent twice is answered once.

    Without a check it is claimed by a request that still works on it, until `claimed_until`.
    """

    asker = models.CharField(max_length=40, help_text="Whose key it is: a person or a pipeline, by kind and id.")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="Of the whole body that came with it.")
    check_run = models.OneToOneField(
        Check,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="idempotency_key",
        help_text="Empty: not answered yet.",
    )
    claimed_until = models.DateTimeField()
    created_at = models.DateTimeField(db_index=True, help_text="Read by the sweep that forgets old keys.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("asker", "key"), name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key


class Outlook(models.Model):
    """When somebody last looked whether a system's last question would still get through."""

    system = models.ForeignKey(System, models.CASCADE, related_name="outlooks")
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="outlooks")
    looked_at = models.DateTimeField(db_index=True, help_text="Read by the sweep: the longest ago first.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("system", "environment"), name="one_outlook_of_a_place")]

    def __str__(self) -> str:
        return f"{self.system} in {self.environment.slug}"


class Forewarning(models.Model):
    """A release that got through and would not any more: told once for each set of findings that stops it."""

    check_run = models.ForeignKey(
        Check, models.CASCADE, related_name="forewarnings", help_text="The question that was answered well."
    )
    digest = models.CharField(max_length=64)
    findings = models.JSONField(help_text="What stops it now: rule, ref, message and fix of each.")
    found_at = models.DateTimeField()

    class Meta:
        ordering = ("-found_at",)
        constraints = [models.UniqueConstraint(fields=("check_run", "digest"), name="forewarned_once")]

    def __str__(self) -> str:
        return f"{self.check_run.system} in {self.check_run.environment.slug} would fail"
