"""What CI asked and what we answered."""

from uuid import uuid4

from django.conf import settings
from django.db import models

from registry.models import Environment, System


class Level(models.TextChoices):
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    NOTE = "note", "Note"


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
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="checks")

    class Meta:
        ordering = ("-checked_at",)

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
