"""The outbox: what must be said and where, each attempt, and the tickets that live on in a tracker."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models

from governance.models.triage import Concern
from registry.models import Change, Dependency, Incident, Team

# How letters and pages call the people behind a channel without a team.
OPERATORS = "those who look after the sources"


class Channel(models.Model):
    """A place where a team wants to be told. `transport` names an entry of `governance.transports.TRANSPORTS`."""

    team = models.ForeignKey(
        Team,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="channels",
        help_text="Empty: for those who look after the sources; they are told when one fails or is held back.",
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="channels",
        help_text="For one person who decides on proposals, in place of a team.",
    )
    transport = models.SlugField(help_text="email, jira, …")
    address = models.CharField(max_length=300, help_text="An e-mail address, or the address of the tracker.")
    options = models.JSONField(
        default=dict,
        blank=True,
        help_text='What the transport needs besides, e.g. {"project": "SRCH"}. Never a secret.',
    )
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=300, blank=True)
    introduced_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it was told the state as it stood; empty: not yet."
    )

    class Meta:
        ordering = ("team__name", "transport")
        constraints = [
            models.UniqueConstraint(fields=("team", "transport", "address"), name="channel_once_per_team"),
            models.UniqueConstraint(
                fields=("transport", "address"),
                condition=models.Q(team=None, person=None),
                name="channel_once_for_operators",
            ),
            models.UniqueConstraint(fields=("person", "transport", "address"), name="channel_once_per_person"),
            models.CheckConstraint(
                condition=models.Q(team=None) | models.Q(person=None), name="channel_of_a_team_or_a_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.transport} to {self.address} for {self.team or self.person or OPERATORS}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    def deliverable(self, now: datetime) -> Self:
        """Queued and due, or claimed by a worker whose lease has run out."""
        return self.filter(channel__is_enabled=True).filter(
            models.Q(state=Notice.State.QUEUED, due_at__lte=now)
            | models.Q(state=Notice.State.SENDING, claimed_until__lt=now)
        )


class Notice(models.Model):
    """One message to one channel: a digest of a window, the state of one ticket, what is wrong with a source, which
    decisions wait and end, which releases would be stopped, or how gateways differ from the plans.

    `key` is the idempotency key. It goes along to the receiver, so a second attempt after a lost answer
    is recognised there.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        DEAD = "dead", "Dead letter"

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="notices")
    key = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    due_at = models.DateTimeField(db_index=True, help_text="Read by the sweep; a digest is due when its window ends.")
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    item_count = models.PositiveIntegerField(default=0)
    ticket = models.ForeignKey("governance.Ticket", models.PROTECT, null=True, blank=True, related_name="notices")
    incident = models.ForeignKey(
        Incident,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="notices",
        help_text="For a letter about a source.",
    )
    reminders = models.ManyToManyField(
        "governance.Reminder",
        blank=True,
        related_name="notices",
        help_text="For a letter about proposals that wait and decisions that end: one for all of a window.",
    )
    forewarnings = models.ManyToManyField(
        "governance.Forewarning",
        blank=True,
        related_name="notices",
        help_text="For a letter about releases that would not get through any more: one for all of a window.",
    )
    drifts = models.ManyToManyField(
        "governance.Drift",
        blank=True,
        related_name="notices",
        help_text="For a letter about gateways that differ from the approved plans: one for all of a window.",
    )
    is_over = models.BooleanField(
        db_default=False, default=False, help_text="The letter says that the incident is over."
    )
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.key


class NoticeItem(models.Model):
    """One thing a notice says: a change and the dependency that it touches."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="items")
    change = models.ForeignKey(Change, models.PROTECT, related_name="notice_items")
    dependency = models.ForeignKey(Dependency, models.PROTECT, related_name="notice_items")
    action = models.ForeignKey("governance.Action", models.PROTECT, null=True, blank=True, related_name="notice_items")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("notice", "change", "dependency"), name="said_once_per_notice")]

    def __str__(self) -> str:
        return f"{self.change} for {self.dependency}"


class Delivery(models.Model):
    """One attempt to send a notice."""

    class Outcome(models.TextChoices):
        STARTED = "started", "Started"
        SENT = "sent", "Sent"
        RETRY = "retry", "Failed, will be tried again"
        REFUSED = "refused", "Refused for good"

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    attempt = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.STARTED)
    detail = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ("-started_at",)
        constraints = [models.UniqueConstraint(fields=("notice", "attempt"), name="attempt_once")]

    def __str__(self) -> str:
        return f"Attempt {self.attempt} of {self.notice_id}: {self.outcome}"


class Ticket(models.Model):
    """A ticket in a tracker: one per dependency and concern, updated by later changes."""

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="tickets")
    dependency = models.ForeignKey(Dependency, models.PROTECT, related_name="tickets")
    concern = models.CharField(max_length=15, choices=Concern)
    external_key = models.CharField(max_length=60, blank=True, help_text="e.g. SRCH-12; empty until it was created.")
    url = models.URLField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("-updated_at",)
        constraints = [models.UniqueConstraint(fields=("dependency", "concern"), name="one_ticket_per_concern")]

    def __str__(self) -> str:
        return self.external_key or f"{self.get_concern_display()} of {self.dependency_id}, not yet created"


class IncidentTold(models.Model):
    """The mark that the operators were told of an incident, and later that they were told of its end. Once each."""

    incident = models.OneToOneField(Incident, models.CASCADE, primary_key=True, related_name="told")
    told_at = models.DateTimeField()
    end_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "incidents told"

    def __str__(self) -> str:
        return f"Told of {self.incident_id}"
