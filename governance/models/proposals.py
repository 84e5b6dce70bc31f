"""What people propose, what others decide, and what a decision leaves: adoptions, approvals, waivers, blocks."""

from datetime import date, datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone

from governance.models.days import DaysAfter
from registry.models import (
    AIModel,
    Alternative,
    Dependency,
    Distribution,
    Offering,
    PlanRevision,
    System,
    Vendor,
)

# How critical the system is that a proposal is about, most critical first; proposals about no system come last.
_CRITICALITY = Coalesce("dependency__system__criticality", "system__criticality", models.Value(""))
_MOST_CRITICAL_FIRST = models.Case(
    *(models.When(about_criticality=value, then=place) for place, value in enumerate(System.Criticality.values)),
    default=len(System.Criticality.values),
)


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def open(self) -> Self:
        return self.filter(state=Proposal.State.SUBMITTED)

    def overdue(self, today: date) -> Self:
        return self.open().filter(due_on__lt=today)

    def most_pressing_first(self) -> Self:
        """By the day on which they are due, and of the same day the most critical first."""
        return self.annotate(about_criticality=_CRITICALITY).order_by(
            models.F("due_on").asc(nulls_last=True), _MOST_CRITICAL_FIRST, "decide_by", "pk"
        )


class Proposal(models.Model):
    """A person asks for a decision of other people. What it is about is pinned by `state_digest`.

    The proposer may edit the reason and the terms, never the subject: that begins the next round, in which what was
    given before does not count.
    """

    class Kind(models.TextChoices):
        ADOPT_MODEL = "adopt_model", "Adopt a model"
        APPROVE_ALTERNATIVE = "approve_alternative", "Approve an alternative"
        WAIVE_RULE = "waive_rule", "Waive a rule"
        RETIRE_MODEL = "retire_model", "Retire a model"
        CHANGE_POLICY = "change_policy", "Change the policy"

    class State(models.TextChoices):
        SUBMITTED = "submitted", "Waiting for a decision"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.SUBMITTED)
    proposer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="proposals")
    reason = models.TextField()
    # adopt_model
    offering = models.ForeignKey(Offering, models.PROTECT, null=True, blank=True, related_name="proposals")
    purpose = models.SlugField(blank=True)
    distribution = models.CharField(max_length=10, choices=Distribution, blank=True)
    revision = models.CharField(
        max_length=64, blank=True, help_text="The one revision that is to be adopted; empty: whichever is in use."
    )
    # approve_alternative; waive_rule for one dependency
    dependency = models.ForeignKey(Dependency, models.PROTECT, null=True, blank=True, related_name="proposals")
    plan_revision = models.ForeignKey(PlanRevision, models.PROTECT, null=True, blank=True, related_name="proposals")
    alternative = models.ForeignKey(Alternative, models.PROTECT, null=True, blank=True, related_name="proposals")
    plan_author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who wrote the plan revision: they decide on it as little as who proposes it.",
    )
    plan_submitter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who submitted that revision, which another person may have drafted: they do not decide on it either.",
    )
    # waive_rule
    system = models.ForeignKey(System, models.PROTECT, null=True, blank=True, related_name="proposals")
    rule = models.CharField(max_length=5, blank=True)
    until = models.DateField(null=True, blank=True)
    compensating_measure = models.TextField(blank=True)
    # change_policy
    policy_text = models.TextField(blank=True, db_default="", default="")
    in_force_from = models.DateTimeField(null=True, blank=True, help_text="Empty: as soon as it is approved.")
    # retire_model
    model = models.ForeignKey(AIModel, models.PROTECT, null=True, blank=True, related_name="proposals")

    round = models.PositiveSmallIntegerField(default=1, db_default=1, help_text="Counts the edits, from 1.")
    state_digest = models.CharField(
        max_length=64, help_text="sha256 over the facts that the proposal was made on; a decision names the same."
    )
    submitted_state = models.JSONField(
        default=dict, blank=True, help_text="Those facts themselves, for showing what has changed since."
    )
    route = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text="Who was asked when it was submitted, for queues; a decision asks the policy of its moment.",
    )
    decided_state = models.JSONField(
        default=dict, blank=True, db_default={}, help_text="The facts that it was approved on; empty before."
    )
    due_on = models.DateField(
        null=True, blank=True, help_text="By when it should be decided; from the next day on it is overdue."
    )
    decide_by = models.DateTimeField(help_text="After that it expires undecided.")
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        constraints = [
            models.CheckConstraint(
                name="proposal_names_what_its_kind_needs",
                condition=(
                    models.Q(kind="adopt_model", offering__isnull=False)
                    & ~models.Q(purpose="")
                    & ~models.Q(distribution="")
                )
                | models.Q(
                    kind="approve_alternative",
                    dependency__isnull=False,
                    plan_revision__isnull=False,
                    alternative__isnull=False,
                )
                | (
                    models.Q(kind="waive_rule", until__isnull=False)
                    & ~models.Q(rule="")
                    & (
                        models.Q(dependency__isnull=False, system=None)
                        | models.Q(dependency=None, system__isnull=False)
                    )
                )
                | models.Q(kind="retire_model", model__isnull=False)
                | (models.Q(kind="change_policy") & ~models.Q(policy_text="")),
            )
        ]

    @property
    def concerned_ids(self) -> frozenset[int]:
        """Who must not decide on it, in whatever place: the proposer, and who wrote or submitted the plan it is about."""
        # From before the author was copied here, the plan itself knows.
        author = self.plan_revision.created_by_id if self.plan_revision else None
        concerned = (self.proposer_id, self.plan_author_id, self.plan_submitter_id, author)
        return frozenset(pk for pk in concerned if pk is not None)

    def __str__(self) -> str:
        if self.kind == self.Kind.CHANGE_POLICY:
            return "Change the policy"
        if self.kind == self.Kind.RETIRE_MODEL:
            return f"Retire {self.model}"
        if self.kind == self.Kind.ADOPT_MODEL:
            return f"Adopt {self.offering} for {self.purpose} ({self.get_distribution_display()})"
        if self.kind == self.Kind.APPROVE_ALTERNATIVE:
            return f"Approve {self.alternative} for {self.dependency}"
        return f"Waive {self.rule} for {self.dependency or self.system} until {self.until}"


class Decision(models.Model):
    """One person's answer to a round of a proposal. The proposer's id is copied here so that the database itself can
    refuse a decision on one's own proposal: a CHECK compares the two, a trigger holds the copy to the original.

    Who stands in for somebody by a delegation names them, and the same is refused for them.
    """

    class Verdict(models.TextChoices):
        APPROVE = "approve", "Approve"
        REJECT = "reject", "Reject"

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="decisions")
    proposer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    decider = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="decisions")
    delegation = models.ForeignKey(
        "governance.Delegation", models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    acting_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="decided_by_others"
    )
    round = models.PositiveSmallIntegerField(default=1, db_default=1, help_text="Of the proposal, when it was given.")
    verdict = models.CharField(max_length=7, choices=Verdict)
    comment = models.TextField(blank=True)
    state_digest = models.CharField(max_length=64, help_text="Of the state that the decider saw.")
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ("decided_at",)
        constraints = [
            # Of each state of the facts: who approved an earlier one is asked again.
            models.UniqueConstraint(
                fields=("proposal", "round", "state_digest", "decider"), name="one_decision_per_person"
            ),
            models.UniqueConstraint(
                fields=("proposal", "round", "state_digest", "acting_for"), name="one_decision_per_absent_person"
            ),
            models.CheckConstraint(condition=~models.Q(decider=models.F("proposer")), name="proposer_never_decides"),
            models.CheckConstraint(
                condition=models.Q(acting_for=None, delegation=None)
                | (
                    models.Q(acting_for__isnull=False, delegation__isnull=False)
                    & ~models.Q(acting_for=models.F("proposer"))
                    & ~models.Q(acting_for=models.F("decider"))
                ),
                name="nobody_decides_for_the_proposer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.decider_id}"


class Permit(models.Model):
    """What an approved proposal leaves: valid until it expires or is ended, never edited."""

    granted_at = models.DateTimeField()
    expires_on = models.DateField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True

    def is_valid_on(self, day: date) -> bool:
        """Whether it stands on `day`; the day named by `expires_on` is the last."""
        return self.ended_at is None and day <= self.expires_on


class Adoption(Permit):
    """The decision that an offering may be used for a purpose in a kind of distribution."""

    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="adoption")
    offering = models.ForeignKey(Offering, models.PROTECT, related_name="adoptions")
    purpose = models.SlugField()
    distribution = models.CharField(max_length=10, choices=Distribution)

    class Meta:
        ordering = ("-granted_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("offering", "purpose", "distribution"),
                condition=models.Q(ended_at=None),
                name="one_adoption_in_force_per_use",
            )
        ]

    def __str__(self) -> str:
        return f"{self.offering} for {self.purpose} ({self.distribution})"


class Approval(Permit):
    """The decision that an alternative may take over: it binds dependency, plan revision and alternative."""

    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="approval")
    dependency = models.ForeignKey(Dependency, models.PROTECT, related_name="approvals")
    plan_revision = models.ForeignKey(PlanRevision, models.PROTECT, related_name="approvals")
    alternative = models.ForeignKey(Alternative, models.PROTECT, related_name="approvals")

    class Meta:
        ordering = ("-granted_at",)
        constraints = [
            models.UniqueConstraint(
                fields=("dependency", "plan_revision", "alternative"),
                condition=models.Q(ended_at=None),
                name="one_approval_in_force_per_alternative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.alternative} for {self.dependency}"


class Basis(models.Model):
    """A material fact that an adoption or an approval rests on, with the value it had when it was granted.

    The gate compares it with the fact of the moment; nobody has to have noticed the change before.
    """

    adoption = models.ForeignKey(Adoption, models.CASCADE, null=True, blank=True, related_name="basis")
    approval = models.ForeignKey(Approval, models.CASCADE, null=True, blank=True, related_name="basis")
    fact = models.CharField(max_length=40, help_text="As `governance.basis` names it: license, gating, root_vendors, …")
    value = models.JSONField(null=True)

    class Meta:
        verbose_name_plural = "basis facts"
        constraints = [
            models.CheckConstraint(
                name="basis_of_an_adoption_or_an_approval",
                condition=models.Q(adoption__isnull=False, approval=None)
                | models.Q(adoption=None, approval__isnull=False),
            ),
            models.UniqueConstraint(
                fields=("adoption", "fact"), condition=models.Q(approval=None), name="adoption_basis_once"
            ),
            models.UniqueConstraint(
                fields=("approval", "fact"), condition=models.Q(adoption=None), name="approval_basis_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact} = {self.value}"


# Whatever a policy says, and whichever way a waiver comes in: not longer than this after it was granted.
LONGEST_WAIVER_DAYS = 90


class Waiver(Permit):
    """The decision that a rule does not stop a dependency or a system, until a day. `expires_on` is that day."""

    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="waiver")
    rule = models.CharField(max_length=5)
    dependency = models.ForeignKey(Dependency, models.PROTECT, null=True, blank=True, related_name="waivers")
    system = models.ForeignKey(System, models.PROTECT, null=True, blank=True, related_name="waivers")
    reason = models.TextField()

    class Meta:
        ordering = ("expires_on",)
        constraints = [
            models.CheckConstraint(
                name="waiver_for_a_dependency_or_a_system",
                condition=models.Q(dependency__isnull=False, system=None)
                | models.Q(dependency=None, system__isnull=False),
            ),
            models.CheckConstraint(
                name="waiver_ends_within_ninety_days",
                condition=models.Q(expires_on__lte=DaysAfter("granted_at", LONGEST_WAIVER_DAYS)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} for {self.dependency or self.system} until {self.expires_on}"


class BlockQuerySet(models.QuerySet["Block"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(lifted_at=None).filter(models.Q(until=None) | models.Q(until__gte=now.date()))


class Block(models.Model):
    """A reviewer says that a vendor, a model or an offering must not be used: who, why, until when."""

    vendor = models.ForeignKey(Vendor, models.PROTECT, null=True, blank=True, related_name="blocks")
    model = models.ForeignKey(AIModel, models.PROTECT, null=True, blank=True, related_name="blocks")
    offering = models.ForeignKey(Offering, models.PROTECT, null=True, blank=True, related_name="blocks")
    reason = models.TextField()
    until = models.DateField(null=True, blank=True, help_text="The last day; empty: until it is lifted.")
    blocked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="blocks")
    blocked_at = models.DateTimeField()
    lifted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ("-blocked_at",)
        constraints = [
            models.CheckConstraint(
                name="block_has_exactly_one_subject",
                condition=models.Q(vendor__isnull=False, model=None, offering=None)
                | models.Q(vendor=None, model__isnull=False, offering=None)
                | models.Q(vendor=None, model=None, offering__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.vendor or self.model or self.offering} is blocked"
