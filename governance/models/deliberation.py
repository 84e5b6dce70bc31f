"""What happens around a decision: people talk, stand in for each other, and are reminded."""

from datetime import date
from typing import Self

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models

from governance.models.days import DaysAfter
from governance.models.proposals import Proposal
from governance.rules.routes import LONGEST_DELEGATION
from registry.models import User

SCHEMES = ("http", "https")


class CommentQuerySet(models.QuerySet["Comment"]):
    def open_questions(self) -> Self:
        """Questions without an answer on proposals that can still be decided."""
        return self.filter(kind=Comment.Kind.QUESTION, answer=None, proposal__state=Proposal.State.SUBMITTED)


class Comment(models.Model):
    """What somebody said on a proposal; with a link to what it is about. A question stays open until it is answered."""

    class Kind(models.TextChoices):
        COMMENT = "comment", "Comment"
        QUESTION = "question", "Question"
        ANSWER = "answer", "Answer"

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="comments")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.COMMENT)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="comments")
    text = models.TextField()
    link = models.URLField(
        max_length=500, blank=True, validators=[URLValidator(SCHEMES)], help_text="Evidence: an http or https address."
    )
    asked_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="questions"
    )
    answers = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="answer")
    written_at = models.DateTimeField()

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ("written_at", "pk")
        constraints = [
            models.CheckConstraint(
                name="a_question_asks_somebody_and_an_answer_answers",
                condition=models.Q(kind="comment", asked_of=None, answers=None)
                | models.Q(kind="question", asked_of__isnull=False, answers=None)
                | models.Q(kind="answer", asked_of=None, answers__isnull=False),
            ),
            models.CheckConstraint(
                name="comment_links_to_a_page",
                condition=models.Q(link="")
                | models.Q(link__startswith="http://")
                | models.Q(link__startswith="https://"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.author} on {self.proposal_id}"


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self, today: date) -> Self:
        return self.filter(ended_at=None, starts_on__lte=today, until__gte=today)


class Delegation(models.Model):
    """Somebody who decides lets another person do so for some days. It always ends, and passes nothing on."""

    delegator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegations")
    delegate = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="stands_in")
    starts_on = models.DateField()
    until = models.DateField(help_text="The last day.")
    reason = models.TextField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Taken back before its last day.")
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = DelegationQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at",)
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(delegator=models.F("delegate")), name="nobody_stands_in_for_themselves"
            ),
            models.CheckConstraint(
                condition=models.Q(until__gte=models.F("starts_on"))
                & models.Q(until__lte=DaysAfter("starts_on", LONGEST_DELEGATION)),
                name="delegation_ends_within_ninety_days",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delegate} for {self.delegator} from {self.starts_on} until {self.until}"

    def concerns(self, user: User) -> bool:
        """Whether the person is one of the two."""
        return user.pk in (self.delegator_id, self.delegate_id)


class Reminder(models.Model):
    """The mark that people were reminded of a proposal, or of what it left, at a milestone. Once each."""

    class Milestone(models.TextChoices):
        OVERDUE = "overdue", "Not decided in time"
        MONTH = "month", "Ends within thirty days"
        WEEK = "week", "Ends within seven days"
        ENDED = "ended", "Has ended"

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="reminders")
    milestone = models.CharField(max_length=7, choices=Milestone)
    reminded_at = models.DateTimeField()

    class Meta:
        ordering = ("-reminded_at",)
        constraints = [models.UniqueConstraint(fields=("proposal", "milestone"), name="reminded_once_per_milestone")]

    def __str__(self) -> str:
        return f"{self.get_milestone_display()}: {self.proposal_id}"
