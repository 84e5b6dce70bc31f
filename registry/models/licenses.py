"""Licenses and what class of use they allow."""

from django.db import models


class LicenseClass(models.TextChoices):
    OPEN = "open", "Open"
    RESTRICTED = "restricted", "Restricted"
    NON_COMMERCIAL = "non-commercial", "Non-commercial"
    PROPRIETARY = "proprietary", "Proprietary"
    UNKNOWN = "unknown", "Unknown"


class License(models.Model):
    """An SPDX id, a `LicenseRef-…` or an SPDX expression of these, with the class that policy decides by."""

    spdx_id = models.CharField("SPDX id", max_length=200, unique=True)
    name = models.CharField(max_length=200)
    license_class = models.CharField(max_length=20, choices=LicenseClass, default=LicenseClass.UNKNOWN)
    reason = models.TextField(blank=True, help_text="Why it is in this class, with the source.")
    reference = models.URLField(blank=True, max_length=500)

    class Meta:
        ordering = ("spdx_id",)

    def __str__(self) -> str:
        return self.spdx_id


class LicenseName(models.Model):
    """How the Hub writes a license: an id of `license:` (`apache-2.0`) or a `license_name` behind `other`."""

    class Field(models.TextChoices):
        LICENSE = "license", "license"
        LICENSE_NAME = "license_name", "license_name"

    license = models.ForeignKey(License, models.CASCADE, related_name="hub_names")
    field = models.CharField(max_length=12, choices=Field)
    text = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("field", "text"), name="hub_license_name_once")]

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"
