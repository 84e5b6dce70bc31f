"""Decisions as JSON."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from governance import models
from governance.last_approved import last_approved
from governance.proposals import differences, digest, progress_of, route_of, state_of
from governance.terms import terms_in_force
from registry.api.serializers import ChangeSerializer, Key, Slug
from registry.models import AIModel, Alternative, Dependency, Distribution, Offering, System, User, Vendor


class BasisSerializer(serializers.ModelSerializer[models.Basis]):
    class Meta:
        model = models.Basis
        fields = ("fact", "value")


class AdoptionSerializer(serializers.ModelSerializer[models.Adoption]):
    basis = BasisSerializer(many=True, read_only=True)

    class Meta:
        model = models.Adoption
        fields = (
            "id",
            "proposal",
            "offering",
            "purpose",
            "distribution",
            "granted_at",
            "expires_on",
            "ended_at",
            "end_reason",
            "basis",
        )


class ApprovalSerializer(serializers.ModelSerializer[models.Approval]):
    basis = BasisSerializer(many=True, read_only=True)

    class Meta:
        model = models.Approval
        fields = (
            "id",
            "proposal",
            "dependency",
            "plan_revision",
            "alternative",
            "granted_at",
            "expires_on",
            "ended_at",
            "end_reason",
            "basis",
        )


class WaiverSerializer(serializers.ModelSerializer[models.Waiver]):
    system = Slug()

    class Meta:
        model = models.Waiver
        fields = (
            "id",
            "proposal",
            "rule",
            "dependency",
            "system",
            "reason",
            "granted_at",
            "expires_on",
            "ended_at",
            "end_reason",
        )


class BlockSerializer(serializers.ModelSerializer[models.Block]):
    vendor = Slug(Vendor.objects.all(), required=False, allow_null=True)
    model = Slug(AIModel.objects.all(), required=False, allow_null=True)
    blocked_by = Slug(slug_field="username")
    lifted_by = Slug(slug_field="username")

    class Meta:
        model = models.Block
        fields = (
            "id",
            "vendor",
            "model",
            "offering",
            "reason",
            "until",
            "blocked_by",
            "blocked_at",
            "lifted_by",
            "lifted_at",
        )
        read_only_fields = ("blocked_at", "lifted_at")


class DecisionSerializer(serializers.ModelSerializer[models.Decision]):
    decider = Slug(slug_field="username")

    acting_for = Slug(slug_field="username")

    class Meta:
        model = models.Decision
        fields = ("decider", "acting_for", "round", "verdict", "comment", "state_digest", "decided_at")


class CommentSerializer(serializers.ModelSerializer[models.Comment]):
    author = Slug(slug_field="username")
    asked_of = Slug(slug_field="username")

    class Meta:
        model = models.Comment
        fields = ("id", "kind", "author", "text", "link", "asked_of", "answers", "written_at")


class DelegationSerializer(serializers.ModelSerializer[models.Delegation]):
    delegator = Slug(slug_field="username")
    delegate = Slug(User.objects.all(), slug_field="username")
    ended_by = Slug(slug_field="username")

    class Meta:
        model = models.Delegation
        fields = ("id", "delegator", "delegate", "starts_on", "until", "reason", "made_at", "ended_at", "ended_by")
        read_only_fields = ("made_at", "ended_at")
        extra_kwargs = {"starts_on": {"required": False}}


class ProposalSerializer(serializers.ModelSerializer[models.Proposal]):
    proposer = Slug(slug_field="username")
    system = Slug()
    model = Slug()
    decisions = DecisionSerializer(many=True, read_only=True)

    class Meta:
        model = models.Proposal
        fields = (
            "id",
            "kind",
            "state",
            "proposer",
            "reason",
            "offering",
            "purpose",
            "distribution",
            "dependency",
            "plan_revision",
            "alternative",
            "system",
            "rule",
            "until",
            "compensating_measure",
            "model",
            "round",
            "policy_text",
            "in_force_from",
            "state_digest",
            "due_on",
            "decide_by",
            "created_at",
            "closed_at",
            "decisions",
        )
        read_only_fields = ("created_at",)


class ProposalDetailSerializer(ProposalSerializer):
    """One proposal with the state that a decider has to look at and the digest that names it; who is asked, and what
    of that is missing; and what differs from the state that the same was last approved on (null: never).
    """

    current_state = serializers.SerializerMethodField()
    current_digest = serializers.SerializerMethodField()
    route = serializers.SerializerMethodField()
    missing = serializers.SerializerMethodField()
    differs_from_last_approval = serializers.SerializerMethodField()
    comments = CommentSerializer(many=True, read_only=True)

    class Meta(ProposalSerializer.Meta):
        fields = (  # type: ignore[assignment]  # the base is a shorter tuple
            *ProposalSerializer.Meta.fields,
            "current_state",
            "current_digest",
            "route",
            "missing",
            "differs_from_last_approval",
            "comments",
        )

    def to_representation(self, instance: models.Proposal) -> dict[str, Any]:
        self.state = state_of(instance)
        return super().to_representation(instance)

    def get_current_state(self, _proposal: models.Proposal) -> dict[str, Any]:
        return self.state

    def get_current_digest(self, _proposal: models.Proposal) -> str:
        return digest(self.state)

    def get_route(self, proposal: models.Proposal) -> dict[str, int]:
        """How many people of which role it needs."""
        return dict(route_of(proposal, self.state, terms_in_force(timezone.now())))

    def get_missing(self, proposal: models.Proposal) -> dict[str, int]:
        """What of the route nobody has given yet, or not with a right that still stands."""
        route = self.get_route(proposal)
        return dict(progress_of(proposal, route, state_digest=digest(self.state)).missing)

    def get_differs_from_last_approval(self, proposal: models.Proposal) -> list[dict[str, Any]] | None:
        last = last_approved(proposal)
        return None if last is None else differences(last.state, self.state)


class NewProposal(serializers.Serializer[None]):
    """What each kind needs: adopt_model: offering, purpose, distribution; approve_alternative: alternative;
    waive_rule: rule, until, compensating_measure and a dependency or a system; retire_model: model.
    """

    kind = serializers.ChoiceField(
        choices=[choice for choice in models.Proposal.Kind.choices if choice[0] != "change_policy"],
        help_text="A change of the policy is asked for at /policies/.",
    )
    reason = serializers.CharField(max_length=4000)
    offering = serializers.PrimaryKeyRelatedField(queryset=Offering.objects.all(), required=False)
    purpose = serializers.SlugField(required=False)
    distribution = serializers.ChoiceField(choices=Distribution.choices, required=False)
    revision = serializers.CharField(max_length=64, required=False, allow_blank=True)
    alternative = Key(queryset=Alternative.objects.all(), required=False)
    rule = serializers.CharField(max_length=5, required=False)
    until = serializers.DateField(required=False)
    compensating_measure = serializers.CharField(max_length=4000, required=False)
    dependency = Key(queryset=Dependency.objects.all(), required=False)
    system = Slug(System.objects.all(), required=False)
    model = Slug(AIModel.objects.all(), required=False)
    due_on = serializers.DateField(required=False, help_text="By when it should be decided.")

    NEEDS = {
        "adopt_model": ("offering", "purpose", "distribution"),
        "approve_alternative": ("alternative",),
        "waive_rule": ("rule", "until", "compensating_measure"),
        "retire_model": ("model",),
    }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [name for name in self.NEEDS[attrs["kind"]] if name not in attrs]
        if missing:
            raise serializers.ValidationError(dict.fromkeys(missing, f"A proposal to {attrs['kind']} needs this."))
        if attrs["kind"] == models.Proposal.Kind.WAIVE_RULE and ("dependency" in attrs) == ("system" in attrs):
            raise serializers.ValidationError({"dependency": "Name a dependency or a system, one of the two."})
        return attrs


class NewDecision(serializers.Serializer[None]):
    verdict = serializers.ChoiceField(choices=models.Decision.Verdict.choices)
    state_digest = serializers.CharField(max_length=64, help_text="The `current_digest` of the state that you saw.")
    comment = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, default="", help_text="Needed to reject."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["verdict"] == models.Decision.Verdict.REJECT and not attrs["comment"].strip():
            raise serializers.ValidationError({"comment": "Say why, so that the proposer knows what to change."})
        return attrs


class ProposalEdit(serializers.Serializer[None]):
    """What the proposer changes; the rest stays. It begins a new round."""

    reason = serializers.CharField(max_length=4000, required=False)
    until = serializers.DateField(required=False)
    compensating_measure = serializers.CharField(max_length=4000, required=False)
    due_on = serializers.DateField(required=False)


class ProposalAgain(serializers.Serializer[None]):
    """What is otherwise than the last time; all of it may be left out."""

    reason = serializers.CharField(max_length=4000, required=False)
    until = serializers.DateField(required=False)
    compensating_measure = serializers.CharField(max_length=4000, required=False)


class NewComment(serializers.Serializer[None]):
    text = serializers.CharField(max_length=4000)
    link = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class NewQuestion(NewComment):
    asked_of = Slug(User.objects.all(), slug_field="username", required=False, help_text="Left out: the proposer.")


class NewAnswer(NewComment):
    question = Key(queryset=models.Comment.objects.filter(kind="question"))


class ImpactSerializer(serializers.ModelSerializer[models.Impact]):
    change = ChangeSerializer(read_only=True)

    class Meta:
        model = models.Impact
        fields = ("id", "change", "dependency", "path", "explanation", "created_at")


class ActionSerializer(serializers.ModelSerializer[models.Action]):
    team = Slug()

    class Meta:
        model = models.Action
        fields = (
            "id",
            "dependency",
            "concern",
            "team",
            "state",
            "title",
            "what_to_do",
            "due_on",
            "snoozed_until",
            "state_reason",
            "created_at",
            "updated_at",
        )


class DeliverySerializer(serializers.ModelSerializer[models.Delivery]):
    class Meta:
        model = models.Delivery
        fields = ("attempt", "started_at", "finished_at", "outcome", "detail")


class NoticeSerializer(serializers.ModelSerializer[models.Notice]):
    channel = serializers.StringRelatedField[models.Channel]()
    deliveries = DeliverySerializer(many=True, read_only=True)

    class Meta:
        model = models.Notice
        fields = (
            "id",
            "channel",
            "key",
            "state",
            "due_at",
            "attempts",
            "item_count",
            "ticket",
            "created_at",
            "sent_at",
            "last_error",
            "deliveries",
        )


class TicketSerializer(serializers.ModelSerializer[models.Ticket]):
    class Meta:
        model = models.Ticket
        fields = ("id", "dependency", "concern", "external_key", "url", "created_at", "updated_at")


class AuditEntrySerializer(serializers.ModelSerializer[models.AuditEntry]):
    class Meta:
        model = models.AuditEntry
        fields = (
            "sequence",
            "at",
            "actor",
            "tag",
            "subject",
            "before",
            "after",
            "request_id",
            "previous_hash",
            "hash",
        )
