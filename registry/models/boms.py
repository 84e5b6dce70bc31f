"""What a bill of materials said about a model that was imported from it."""

from django.db import models

from registry.models.catalog import Offering


class BomComponent(models.Model):
    """The CycloneDX component that an offering was last imported from, as its file had it.

    It is given back on export, so that what only others understand survives the way through the register.
    """

    offering = models.OneToOneField(Offering, models.CASCADE, related_name="bom_component")
    document = models.JSONField(help_text="The component as JSON, unknown fields included.")
    spec_version = models.CharField(max_length=10)
    file_name = models.CharField(max_length=200)
    imported_at = models.DateTimeField()

    class Meta:
        verbose_name = "component of a bill of materials"
        verbose_name_plural = "components of bills of materials"

    def __str__(self) -> str:
        return f"{self.offering} in {self.file_name}"
