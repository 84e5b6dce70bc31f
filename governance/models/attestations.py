"""What owners confirm from time to time: that what the register says of their models and uses is still so."""

from django.conf import settings
from django.db import models

from registry.models import AIModel, Dependency


class Attestation(models.Model):
    """A person has looked at a model or a dependency as it stood, and confirmed it. `seen` is that state."""

    model = models.ForeignKey(AIModel, models.PROTECT, null=True, blank=True, related_name="attestations")
    dependency = models.ForeignKey(Dependency, models.PROTECT, null=True, blank=True, related_name="attestations")
    attested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="attestations")
    attested_at = models.DateTimeField()
    digest = models.CharField(max_length=64, help_text="sha256 over the state that was seen.")
    seen = models.JSONField(help_text="That state itself, for showing what has changed since.")

    class Meta:
        ordering = ("-attested_at", "-pk")
        constraints = [
            models.CheckConstraint(
                name="attestation_of_a_model_or_a_dependency",
                condition=models.Q(model=None, dependency__isnull=False)
                | models.Q(model__isnull=False, dependency=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.model or self.dependency}, attested by {self.attested_by}"
