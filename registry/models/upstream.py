"""The upstreams: sources with their sections, polls, budgets, and what went wrong with them."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models

# As `registry.absence.MAX_GONE`, which knows nothing of rows; a test holds the two together.
BREAKER_AT_MOST = 0.05


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
    breaker_share = models.FloatField(
        default=BREAKER_AT_MOST,
        db_default=BREAKER_AT_MOST,
        editable=False,
        help_text="More than this share of it gone at once waits for a person. The policy in force sets it.",
    )

    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                name="what_people_report_is_not_polled",
                condition=~models.Q(method=Method.REPORTED) | models.Q(is_enabled=False),
                violation_error_message="People report by themselves: there is nothing to poll.",
            ),
            models.CheckConstraint(
                name="breaker_trips_at_a_twentieth_or_less",
                condition=models.Q(breaker_share__gt=0, breaker_share__lte=BREAKER_AT_MOST),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Section(models.Model):
    """The part of a source that is read, compared and confirmed as one: a namespace of the Hub, or a feed as a whole.

    Its row is all that an unchanged answer writes: a listing that is not missing is as fresh as its section.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="sections")
    name = models.CharField(max_length=120, blank=True, help_text="“” for the whole of a source.")
    content_sha256 = models.CharField(max_length=64, blank=True, help_text="Of what was compared last.")
    evidence_url = models.CharField(max_length=500, blank=True)
    evidence_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the raw answer that confirmed it.")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    hinted_at = models.DateTimeField(null=True, blank=True, help_text="Upstream hinted at a change: read it next.")
    row_count = models.PositiveIntegerField(default=0)
    page_count = models.PositiveIntegerField(default=0)
    releases = models.JSONField(default=list, blank=True, help_text="By quarter, as `registry.releases` counts them.")
    failed_since = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("source", "name")
        constraints = [models.UniqueConstraint(fields=("source", "name"), name="section_once_per_source")]

    def __str__(self) -> str:
        return f"{self.source}: {self.name or 'all of it'}"


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
    request_count = models.PositiveIntegerField(default=0)
    section_count = models.PositiveIntegerField(default=0, help_text="Sections that answered.")
    left_count = models.PositiveIntegerField(default=0, help_text="Sections that are still due, for the next run.")
    log = models.TextField(blank=True, help_text="How the run was planned and why, a sentence a line.")

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


class IncidentQuerySet(models.QuerySet["Incident"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)


class Incident(models.Model):
    """Something is wrong with a source. It is told once, whatever it goes on to do while the incident is open."""

    class Kind(models.TextChoices):
        FAILING = "failing", "No good poll for two intervals"
        EMPTY = "empty", "Answers with far less than it used to"
        SUSPECT = "suspect", "States a mass change that is held back"

    class Verdict(models.TextChoices):
        OPEN = "open", "Open"
        RELEASED = "released", "Released: it was true"
        DISMISSED = "dismissed", "Dismissed: it was wrong"
        PASSED = "passed", "Passed by itself"

    source = models.ForeignKey(Source, models.CASCADE, related_name="incidents")
    kind = models.CharField(max_length=10, choices=Kind)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField()
    affected_count = models.PositiveIntegerField(default=0)
    run = models.ForeignKey(PollRun, models.SET_NULL, null=True, blank=True, related_name="incidents")
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ("-opened_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("source", "kind"),
                condition=models.Q(closed_at=None),
                name="one_open_incident_per_source_and_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.get_kind_display()}"


class Hint(models.Model):
    """A message of upstream that something may have changed, kept so that a replay of it is known as one."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="hints")
    digest = models.CharField(max_length=64, unique=True, help_text="sha256 of the message.")
    subject = models.CharField(max_length=300)
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.subject} at {self.received_at:%Y-%m-%d %H:%M}"


class RequestBudget(models.Model):
    """What may still be sent to a source with one key, shared by all workers of an installation without Redis."""

    key = models.CharField(max_length=120, unique=True, help_text="The source's slug and a hash of the key.")
    state = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
