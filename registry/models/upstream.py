"""What upstreams say: sources, polls, listings, observations and the changes between them."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models

from registry.models.catalog import AIModel, Offering
from registry.models.vendors import Vendor


class Method(models.TextChoices):
    """How a source knows, best first: the order in which `registry.effective` believes."""

    VENDOR_API = "vendor_api", "Vendor's API"
    VENDOR_PAGE = "vendor_page", "Vendor's page"
    CURATED_FEED = "curated_feed", "Curated feed"
    INFERRED = "inferred", "Inferred"
    REPORTED = "reported", "Reported by a person"


class SourceQuerySet(models.QuerySet["Source"]):
    def due(self, now: datetime) -> Self:
        """Enabled sources whose next poll is not later than `now`."""
        return self.filter(is_enabled=True).filter(models.Q(next_due_at=None) | models.Q(next_due_at__lte=now))


class Source(models.Model):
    """An upstream that is polled. The adapter with the same slug stands in `registry.upstream.SOURCES`."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    method = models.CharField(max_length=15, choices=Method)
    interval = models.DurationField(default=timedelta(hours=6))
    is_enabled = models.BooleanField(default=True)
    next_due_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_observed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the newest document was seen; an older one is refused."
    )
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    content_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the last document that was taken in.")

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class PollRun(models.Model):
    """One run of a poll. What it wrote counts only once `completed_at` is set."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        CHANGED = "changed", "Changed"
        UNCHANGED = "unchanged", "Unchanged"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"

    source = models.ForeignKey(Source, models.CASCADE, related_name="runs")
    slot = models.DateTimeField(help_text="The moment this run was due; one run per source and slot.")
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    is_baseline = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    content_sha256 = models.CharField(max_length=64, blank=True)
    record_count = models.PositiveIntegerField(default=0)
    rejected_count = models.PositiveIntegerField(default=0)
    listed_count = models.PositiveIntegerField(default=0)
    change_count = models.PositiveIntegerField(default=0)
    missing_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-slot",)
        constraints = [models.UniqueConstraint(fields=("source", "slot"), name="one_run_per_source_and_slot")]

    def __str__(self) -> str:
        return f"{self.source} at {self.slot:%Y-%m-%d %H:%M}"


class Rejected(models.Model):
    """A record of a document that could not be read, set aside with the reason; its neighbours were taken."""

    run = models.ForeignKey(PollRun, models.CASCADE, related_name="rejected")
    external_id = models.CharField(max_length=300, blank=True)
    reason = models.TextField()
    excerpt = models.TextField(blank=True)

    class Meta:
        verbose_name = "rejected record"

    def __str__(self) -> str:
        return f"{self.external_id or '?'}: {self.reason}"


class Listing(models.Model):
    """One row of one source. Feeds list thousands of models nobody uses: `offering` is empty until somebody maps it."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="listings")
    external_id = models.CharField(max_length=300)
    offering = models.ForeignKey(Offering, models.SET_NULL, null=True, blank=True, related_name="listings")
    current = models.ForeignKey(
        "registry.Observation", models.SET_NULL, null=True, blank=True, related_name="+", help_text="What it says now."
    )
    first_seen_at = models.DateTimeField()
    missing_since = models.DateTimeField(
        null=True, blank=True, help_text="Absent from the source since then. Absence is not removal."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=("source", "external_id"), name="listing_once_per_source")]
        # Read by the suggestions for an unmapped id.
        indexes = [models.Index(fields=("external_id",), name="listing_by_external_id")]

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

    def __str__(self) -> str:
        return f"{self.listing} on {self.observed_at:%Y-%m-%d}"


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
        """Changes that count: what an unfinished poll wrote does not."""
        return self.filter(models.Q(run=None) | models.Q(run__completed_at__isnull=False))


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
