"""Policies as text: read, change, try."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import models, policies, trials
from governance.api.refusals import refusals_as_problems
from governance.policy_state import text_of
from registry.api.people import person_of
from registry.api.serializers import Slug
from registry.api.views import ReadOnly


class PolicySerializer(serializers.ModelSerializer[models.Policy]):
    author = Slug(slug_field="username")
    text = serializers.SerializerMethodField(help_text="The policy as TOML, comments included.")
    loosens = serializers.SerializerMethodField(help_text="What it asks for less than the version before.")

    class Meta:
        model = models.Policy
        fields = (
            "version",
            "text",
            "document",
            "loosens",
            "reason",
            "author",
            "proposal",
            "in_force_from",
            "created_at",
        )

    def get_text(self, policy: models.Policy) -> str:
        return text_of(policy)

    def get_loosens(self, policy: models.Policy) -> list[str]:
        return policy.loosens.splitlines()


class PolicyText(serializers.Serializer[None]):
    text = serializers.CharField(max_length=64_000, allow_blank=True, trim_whitespace=False, help_text="TOML.")


class NewPolicy(PolicyText):
    reason = serializers.CharField(max_length=4000)
    in_force_from = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Empty: now.")


class PolicyOutcome(serializers.Serializer[dict[str, Any]]):
    """`policy` where it is in force or due; `proposal` where another person has to decide, because of `loosened`."""

    is_changed = serializers.BooleanField(help_text="False: this is the newest version already.")
    policy = PolicySerializer(allow_null=True)
    proposal = serializers.IntegerField(allow_null=True)
    loosened = serializers.ListField(child=serializers.CharField())


class DryRunSerializer(serializers.ModelSerializer[models.DryRun]):
    asked_by = Slug(slug_field="username")

    class Meta:
        model = models.DryRun
        fields = (
            "id",
            "text",
            "asked_by",
            "created_at",
            "policy_version",
            "total",
            "done",
            "changed_count",
            "verdicts",
            "changes",
            "finished_at",
        )


class Policies(ReadOnly):
    """The versions of the policy: levels of rules, numbers, exceptions, days of enforcement."""

    queryset = models.Policy.objects.select_related("author")
    serializer_class = PolicySerializer
    lookup_field = "version"
    action_permissions = {"dry_run": "governance.add_dryrun"}

    @extend_schema(request=NewPolicy, responses={200: PolicyOutcome, 201: PolicyOutcome, 202: PolicyOutcome})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Make a text the policy: 201 where it is one, 202 where another person decides, 200 where nothing differs."""
        form = NewPolicy(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            outcome = policies.change(author=person_of(request), now=timezone.now(), **form.validated_data)
        made = {
            "is_changed": outcome.is_changed,
            "policy": outcome.policy,
            "proposal": outcome.proposal.pk if outcome.proposal else None,
            "loosened": [str(one) for one in outcome.loosened],
        }
        code: int = status.HTTP_201_CREATED if outcome.is_changed else status.HTTP_200_OK
        if outcome.proposal:
            code = status.HTTP_202_ACCEPTED
        return Response(PolicyOutcome(made).data, status=code)

    @extend_schema(request=PolicyText, responses={200: DryRunSerializer, 202: DryRunSerializer})
    @action(detail=False, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request) -> Response:
        """Whose verdict would change: 200 with the answer, or 202 where it is asked for again at /dry-runs/{id}/."""
        form = PolicyText(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            row = trials.ask(by=person_of(request), now=timezone.now(), **form.validated_data)
        code = status.HTTP_200_OK if row.finished_at else status.HTTP_202_ACCEPTED
        return Response(DryRunSerializer(row).data, status=code)


class DryRuns(ReadOnly):
    """What a text would change if it were the policy; `finished_at` is empty while a worker counts."""

    queryset = models.DryRun.objects.select_related("asked_by")
    serializer_class = DryRunSerializer
    ordering = ("-pk",)
