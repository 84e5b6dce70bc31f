"""The policy in force: rule levels and numbers, versioned."""

from datetime import datetime

from django.conf import settings
from django.db import models


class PolicyQuerySet(models.QuerySet["Policy"]):
    def in_force(self, now: datetime) -> "Policy | None":
        """The newest version whose day has come; None means the built-in defaults (version 0)."""
        return self.filter(in_force_from__lte=now).order_by("-version").first()


class Policy(models.Model):
    """One version. `document` overrides the built-in defaults of `governance.rules.policy`; a version never changes."""

    version = models.PositiveIntegerField(unique=True)
    document = models.JSONField(default=dict, blank=True)
    reason = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="policies")
    in_force_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        ordering = ("-version",)

    def __str__(self) -> str:
        return f"Policy {self.version}"
