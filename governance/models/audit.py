"""The audit chain."""

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """One line of the chain. Rows are only ever added: triggers refuse UPDATE and DELETE (and TRUNCATE on PostgreSQL)."""

    sequence = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", help_text="Empty: the platform itself."
    )
    tag = models.CharField(max_length=80, db_index=True, help_text="source:subject:action; read by the list filters.")
    subject = models.CharField(max_length=80, db_index=True, help_text="label:pk; read by the history of one subject.")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ("-sequence",)

    def __str__(self) -> str:
        return f"{self.sequence} {self.tag} {self.subject}"
