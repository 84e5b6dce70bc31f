"""What sources say of models: their rows, each statement as it was, what is not believed yet, what a person corrects."""

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KT

from registry.models.catalog import Offering
from registry.models.upstream import Incident, PollRun, Section, Source


class Listing(models.Model):
    """One row of one source. Feeds list thousands of models nobody uses: `offering` is empty until somebody maps it."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="listings")
    external_id = models.CharField(max_length=300)
    offering = models.ForeignKey(Offering, models.SET_NULL, null=True, blank=True, related_name="listings")
    section = models.ForeignKey(
        Section, models.SET_NULL, null=True, blank=True, related_name="listings", help_text="Confirmed as one with it."
    )
    current = models.ForeignKey(
        "registry.Observation", models.SET_NULL, null=True, blank=True, related_name="+", help_text="What it says now."
    )
    first_seen_at = models.DateTimeField()
    missing_since = models.DateTimeField(
        null=True, blank=True, help_text="Absent from the source since then. Absence is not removal."
    )
    absences = models.PositiveSmallIntegerField(default=0, help_text="Definite negatives since then, one per round.")
    last_absent_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True, help_text="When its removal was confirmed.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("source", "external_id"), name="listing_once_per_source")]
        # Read by the suggestions for an unmapped id.
        indexes = [
            models.Index(fields=("external_id",), name="listing_by_external_id"),
            # Read by the search for offerings that a source does not list: without it SQLite reads all rows for each.
            models.Index(fields=("offering", "source"), name="listing_of_offering_in_source"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} in {self.source}"


class Observation(models.Model):
    """What a source said about a listing, kept as it was. A later poll that says the same moves `last_confirmed_at`."""

    listing = models.ForeignKey(Listing, models.CASCADE, related_name="observations")
    run = models.ForeignKey(PollRun, models.CASCADE, related_name="observations")
    facts = models.JSONField(help_text="The record as `registry.records` spells it; absent keys were not stated.")
    evidence_url = models.CharField(max_length=500, blank=True)
    evidence_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the raw answer.")
    observed_at = models.DateTimeField()
    last_confirmed_at = models.DateTimeField()

    class Meta:
        ordering = ("-observed_at",)
        # Read by the suggestions: what upstream lists for a task.
        indexes = [models.Index(KT("facts__task"), name="observation_by_task")]

    def __str__(self) -> str:
        return f"{self.listing} on {self.observed_at:%Y-%m-%d}"


class HeldFact(models.Model):
    """A statement that is not believed yet. What was believed before counts until the hold ends."""

    class Reason(models.TextChoices):
        SECOND_READ = "second_read", "Waits for a second read"
        SUSPECT = "suspect", "Part of a mass change that a person has to look at"

    listing = models.ForeignKey(Listing, models.CASCADE, related_name="held")
    fact = models.CharField(max_length=30, help_text="A field of `registry.records`; “license” stands for all of it.")
    believed = models.JSONField(help_text="The facts that count meanwhile, by name; null for one that was not stated.")
    said = models.JSONField(help_text="The facts as the source states them now.")
    reason = models.CharField(max_length=15, choices=Reason)
    since = models.DateTimeField()
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, blank=True, related_name="held")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("listing", "fact"), name="one_hold_per_listing_and_fact")]

    def __str__(self) -> str:
        return f"{self.fact} of {self.listing}"


class LicenseText(models.Model):
    """The text of a LICENSE file, kept once however many revisions carry it."""

    sha256 = models.CharField(max_length=64, unique=True)
    text = models.TextField()
    first_seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"License text {self.sha256[:12]}"


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def in_force(self, day: date) -> Self:
        """Those that count on `day`."""
        return self.filter(lifted_at=None, ends_on__gte=day)


class Correction(models.Model):
    """A person's word against what sources say of an offering: it stands above all of them until it ends."""

    offering = models.ForeignKey(Offering, models.CASCADE, related_name="corrections")
    fact = models.CharField(max_length=30, help_text="A field of `registry.records`.")
    value = models.JSONField(null=True, blank=True, help_text="As records spell it; null: there is none.")
    replaced = models.JSONField(
        null=True, blank=True, help_text="What counted before: it counts again afterwards if no source says otherwise."
    )
    reason = models.CharField(max_length=500)
    evidence_url = models.CharField(max_length=500)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ends_on = models.DateField(help_text="The last day on which it counts.")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("offering", "fact"), condition=models.Q(lifted_at=None), name="one_correction_per_fact"
            )
        ]

    def __str__(self) -> str:
        return f"{self.fact} of {self.offering}"
