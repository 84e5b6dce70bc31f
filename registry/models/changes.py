"""What changed, and what a vendor's behaviour suggests."""

from typing import Self

from django.conf import settings
from django.db import models

from registry.models.catalog import AIModel, Offering
from registry.models.observed import Listing
from registry.models.upstream import Incident, PollRun
from registry.models.vendors import Vendor


class ChangeKind(models.TextChoices):
    LISTED = "listed", "Listed"
    REMOVED = "removed", "Removed"
    RESTORED = "restored", "Restored"
    RENAMED = "renamed", "Renamed"
    REREGISTERED = "reregistered", "Re-registered"
    DISABLED = "disabled", "Disabled"
    GATED = "gated", "Gated"
    UNGATED = "ungated", "No longer gated"
    LICENSE_CHANGED = "license_changed", "License changed"
    LICENSE_TEXT_CHANGED = "license_text_changed", "License text changed"
    REVISION_MOVED = "revision_moved", "New revision"
    DEPRECATED = "deprecated", "Deprecated"
    UNDEPRECATED = "undeprecated", "No longer deprecated"
    RETIREMENT_ANNOUNCED = "retirement_announced", "Retirement announced"
    RETIREMENT_MOVED = "retirement_moved", "Retirement moved"
    RETIREMENT_WITHDRAWN = "retirement_withdrawn", "Retirement withdrawn"
    RETIRED = "retired", "Retired"
    PRICE_CHANGED = "price_changed", "Price changed"
    CAPABILITY_CHANGED = "capability_changed", "Capability changed"
    SUCCESSOR_NAMED = "successor_named", "Successor named"
    LINEAGE_CHANGED = "lineage_changed", "Lineage changed"
    VENDOR_CHANGED = "vendor_changed", "Vendor changed"
    VENDOR_SIGNAL = "vendor_signal", "Vendor signal"


class Severity(models.TextChoices):
    INFO = "info", "Info"
    NOTICE = "notice", "Notice"
    WARNING = "warning", "Warning"
    CRITICAL = "critical", "Critical"


class ChangeQuerySet(models.QuerySet["Change"]):
    def in_force(self) -> Self:
        """Changes that count: what an unfinished poll wrote does not, nor what is held back as not believed."""
        return self.filter(
            models.Q(run=None) | models.Q(run__completed_at__isnull=False),
            models.Q(incident=None) | models.Q(incident__verdict=Incident.Verdict.RELEASED),
        )


class Change(models.Model):
    """One thing that changed, about exactly one subject."""

    class Origin(models.TextChoices):
        SOURCE = "source", "A source"
        CLOCK = "clock", "The clock"
        PERSON = "person", "A person"

    kind = models.CharField(max_length=25, choices=ChangeKind, db_index=True, help_text="Read by the list filters.")
    severity = models.CharField(max_length=10, choices=Severity)
    origin = models.CharField(max_length=10, choices=Origin)
    listing = models.ForeignKey(Listing, models.CASCADE, null=True, blank=True, related_name="changes")
    offering = models.ForeignKey(Offering, models.CASCADE, null=True, blank=True, related_name="changes")
    model = models.ForeignKey(AIModel, models.CASCADE, null=True, blank=True, related_name="changes")
    vendor = models.ForeignKey(Vendor, models.CASCADE, null=True, blank=True, related_name="changes")
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    detected_at = models.DateTimeField(db_index=True, help_text="Read by every list, newest first.")
    effective_on = models.DateField(null=True, blank=True)
    run = models.ForeignKey(PollRun, models.CASCADE, null=True, blank=True, related_name="changes")
    incident = models.ForeignKey(
        Incident,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="changes",
        help_text="Held back with it until a person releases it.",
    )
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    summary = models.CharField(max_length=300, blank=True)
    evidence_url = models.CharField(max_length=500, blank=True)
    evidence_sha256 = models.CharField(max_length=64, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ("-detected_at", "-id")
        constraints = [
            models.CheckConstraint(
                name="change_has_exactly_one_subject",
                condition=models.Q(listing__isnull=False, offering=None, model=None, vendor=None)
                | models.Q(listing=None, offering__isnull=False, model=None, vendor=None)
                | models.Q(listing=None, offering=None, model__isnull=False, vendor=None)
                | models.Q(listing=None, offering=None, model=None, vendor__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    @property
    def subject(self) -> Listing | Offering | AIModel | Vendor:
        subject = self.listing or self.offering or self.model or self.vendor
        assert subject is not None, "the database holds that a change has a subject"  # noqa: S101
        return subject


class ProposedSignal(models.Model):
    """What a vendor's behaviour over time suggests, with its numbers, for a person to take up or to dismiss."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        ACCEPTED = "accepted", "Accepted"
        DISMISSED = "dismissed", "Dismissed"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="proposed_signals")
    part = models.CharField(max_length=40, help_text="The part of `registry.signals` that crossed its threshold.")
    sentence = models.CharField(max_length=300)
    numbers = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    change = models.ForeignKey(Change, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ("-last_seen_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("vendor", "part"),
                condition=models.Q(state="proposed"),
                name="one_open_proposed_signal_per_part",
            )
        ]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.sentence}"
