"""The organisation's model gateways, and how what they do differs from what was approved."""

from django.conf import settings
from django.db import models

from governance.models.checks import Level
from registry.models import Dependency, Environment, System, Team


class Gateway(models.Model):
    """A LiteLLM proxy whose configuration is held against the approved plans of the uses that it serves."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    team = models.ForeignKey(Team, models.PROTECT, related_name="gateways", help_text="Who runs it, and is told.")
    system = models.ForeignKey(
        System,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="gateways",
        help_text="Empty: it serves every system.",
    )
    environment = models.ForeignKey(
        Environment,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="gateways",
        help_text="Empty: all of class production.",
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class GatewayReport(models.Model):
    """What a configuration said when it was read, and how it stood to the plans of that moment. It does not change.

    `configuration` holds names alone: `{"served": [{"name", "model", "place", "unsure"}], "routes": [{"kind", "primary",
    "fallbacks", "place"}]}`. No key, address or header of the file is kept.
    """

    gateway = models.ForeignKey(Gateway, models.PROTECT, related_name="reports")
    compared_at = models.DateTimeField()
    read_at = models.DateTimeField(help_text="When the configuration was handed in.")
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    file_name = models.CharField(max_length=200)
    configuration = models.JSONField()

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.gateway}, compared on {self.compared_at:%Y-%m-%d}"


class Drift(models.Model):
    """One way in which a gateway differs from the approved plans: a finding of UD409."""

    class Kind(models.TextChoices):
        BLOCKED = "blocked", "Falls back to what is blocked"
        UNAPPROVED = "unapproved", "Falls back to what nobody approved"
        SAME_VENDOR = "same_vendor", "Falls back to the same vendor"
        MISSING = "missing", "An approved alternative is missing"
        ORDER = "order", "Another order"
        UNDECLARED = "undeclared", "Serves what nobody declared"
        UNRESOLVED = "unresolved", "Serves what the register does not know"

    report = models.ForeignKey(GatewayReport, models.CASCADE, related_name="drifts")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=11, choices=Kind)
    rule = models.CharField(max_length=5, default="UD409")
    level = models.CharField(max_length=7, choices=Level)
    ref = models.CharField(max_length=400, help_text="The name in the gateway.")
    message = models.TextField()
    fix = models.TextField(blank=True)
    place = models.CharField(max_length=300, blank=True, help_text="The path in the configuration.")
    dependency = models.ForeignKey(Dependency, models.PROTECT, null=True, blank=True, related_name="drifts")
    fingerprint = models.CharField(max_length=64, help_text="The same as long as the drift is: it is told once.")

    class Meta:
        ordering = ("position",)
        constraints = [models.UniqueConstraint(fields=("report", "position"), name="drift_position_once")]

    def __str__(self) -> str:
        return f"{self.rule} {self.level}: {self.ref}"
