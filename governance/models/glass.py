"""Break-glass: one person opens the gate of a system for hours, and another reviews that afterwards."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import LessThanOrEqual
from django.db.models.sql.compiler import SQLCompiler

from registry.models import Environment, System

LONGEST = timedelta(hours=24)


class EpochSeconds(models.Func):
    """A moment as whole seconds, by what both databases bring along: a CHECK then needs nothing of Django's."""

    template = "CAST(EXTRACT(EPOCH FROM %(expressions)s) AS BIGINT)"
    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        # Twice a template: Django puts the expressions in here, and the values later.
        template = "CAST(STRFTIME('%%%%s', %(expressions)s) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)


class BreakGlassQuerySet(models.QuerySet["BreakGlass"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(opened_at__lte=now, ends_at__gt=now, closed_at=None)

    def to_review(self, now: datetime) -> Self:
        """Those that are over and that nobody has reviewed."""
        return self.filter(models.Q(ends_at__lte=now) | models.Q(closed_at__isnull=False), reviewed_at=None)


class BreakGlass(models.Model):
    """The gate of `system` in `environment` is open from `opened_at` to `ends_at`, or until it was closed.

    Opening is one person's act. So it lasts 24 hours at most, is never changed afterwards, and is reviewed, once over,
    by somebody else: constraints and triggers hold all three.
    """

    class Verdict(models.TextChoices):
        JUSTIFIED = "justified", "Justified"
        NOT_JUSTIFIED = "not_justified", "Not justified"

    system = models.ForeignKey(System, models.PROTECT, related_name="break_glasses")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="break_glasses")
    reason = models.TextField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="break_glasses")
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Closed before its time.")
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=13, choices=Verdict, blank=True)
    review = models.TextField(blank=True, help_text="What came of it, and what is done so that it is not needed again.")

    objects = BreakGlassQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "break-glass"
        ordering = ("-opened_at",)
        constraints = [
            models.CheckConstraint(
                name="break_glass_lasts_a_day_at_most",
                condition=LessThanOrEqual(
                    EpochSeconds("ends_at") - EpochSeconds("opened_at"), LONGEST // timedelta(seconds=1)
                ),
            ),
            models.CheckConstraint(
                name="break_glass_ends_after_it_begins", condition=models.Q(ends_at__gt=models.F("opened_at"))
            ),
            models.CheckConstraint(
                name="break_glass_is_closed_by_somebody",
                condition=models.Q(closed_at=None, closed_by=None)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="break_glass_is_reviewed_by_another",
                condition=models.Q(reviewed_at=None, reviewed_by=None, verdict="", review="")
                | (
                    models.Q(reviewed_at__isnull=False, reviewed_by__isnull=False)
                    & ~models.Q(reviewed_by=models.F("opened_by"))
                    & ~models.Q(verdict="")
                    & ~models.Q(review="")
                ),
            ),
            models.CheckConstraint(
                name="break_glass_is_reviewed_when_it_is_over",
                condition=models.Q(reviewed_at=None)
                | models.Q(reviewed_at__gte=models.F("ends_at"))
                # Without the first half NULL would make the whole condition unknown, and a CHECK lets that pass.
                | models.Q(closed_at__isnull=False, reviewed_at__gte=models.F("closed_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"Break-glass for {self.system} in {self.environment.slug}"

    def is_over(self, now: datetime) -> bool:
        return self.closed_at is not None or self.ends_at <= now
