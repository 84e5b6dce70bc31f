"""Saved answers to "what if they go?", and how concentrated the dependencies were from day to day."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from registry.models import System, Team, Vendor


class WhatIfReport(models.Model):
    """One question with its answer as the register stood at `state_at`. A trigger refuses every change."""

    title = models.CharField(max_length=200)
    asked = models.JSONField(help_text="What was supposed to go, and from which day on.")
    answer = models.JSONField(help_text="What stops, degrades and survives, with the reasons.")
    state_at = models.DateTimeField(db_index=True, help_text="Of this moment is the answer; read by the list.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="what_if_reports")

    class Meta:
        verbose_name = "what-if report"
        ordering = ("-state_at", "-pk")

    def __str__(self) -> str:
        return self.title


class Concentration(models.Model):
    """On one day, within one scope: behind how many dependencies in production a vendor stands, and of how many.

    The numbers of the critical systems' dependencies stand beside those of all.
    """

    class Scope(models.TextChoices):
        ORGANISATION = "organisation", "Organisation"
        TEAM = "team", "Team"
        SYSTEM = "system", "System"

    day = models.DateField()
    scope = models.CharField(max_length=12, choices=Scope)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="concentrations")
    system = models.ForeignKey(System, models.CASCADE, null=True, blank=True, related_name="concentrations")
    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="concentrations")
    behind = models.PositiveIntegerField()
    total = models.PositiveIntegerField()
    critical_behind = models.PositiveIntegerField()
    critical_total = models.PositiveIntegerField()

    class Meta:
        ordering = ("-day", "scope", "-behind", "vendor")
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="organisation", team=None, system=None)
                | Q(scope="team", team__isnull=False, system=None)
                | Q(scope="system", team=None, system__isnull=False),
                name="concentration_names_its_scope",
            ),
            models.UniqueConstraint(
                fields=("day", "vendor"), condition=Q(scope="organisation"), name="concentration_once_of_all"
            ),
            # The gate reads the newest day of one team and one system: `facts.concentrations`.
            models.UniqueConstraint(
                fields=("day", "team", "vendor"), condition=Q(scope="team"), name="concentration_once_of_a_team"
            ),
            models.UniqueConstraint(
                fields=("day", "system", "vendor"), condition=Q(scope="system"), name="concentration_once_of_a_system"
            ),
            models.CheckConstraint(
                condition=Q(behind__lte=models.F("total"), critical_behind__lte=models.F("critical_total")),
                name="concentration_is_a_part",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vendor_id}: {self.behind} of {self.total} on {self.day}"

    @property
    def share(self) -> float:
        return self.behind / self.total if self.total else 0.0

    @property
    def critical_share(self) -> float:
        return self.critical_behind / self.critical_total if self.critical_total else 0.0
