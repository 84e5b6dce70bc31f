"""Leavers and what is in their name; attestations of owners."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import attest, leavers
from governance.api.refusals import refusals_as_problems
from governance.models import Attestation
from registry import scope
from registry.api import filters
from registry.api.people import person_of
from registry.api.problems import beyond_token
from registry.api.serializers import ChangeSerializer, Key, Slug
from registry.api.views import ReadOnly
from registry.models import AIModel, Dependency, User


class HoldingsSerializer(serializers.Serializer[Any]):
    """What is still in the name of somebody who left."""

    person = serializers.CharField(source="person.username")
    is_active = serializers.BooleanField(source="person.is_active")
    teams = serializers.SerializerMethodField()
    teams_without_owner = serializers.SerializerMethodField()
    deputy_of = serializers.SerializerMethodField()
    proposals = serializers.SerializerMethodField()
    tokens = serializers.SerializerMethodField()
    open_actions = serializers.IntegerField(source="actions")

    def get_teams(self, held: leavers.Holdings) -> list[str]:
        return [member.team.slug for member in held.memberships]

    def get_teams_without_owner(self, held: leavers.Holdings) -> list[str]:
        return [member.team.slug for member in held.unanswered]

    def get_deputy_of(self, held: leavers.Holdings) -> list[str]:
        return [model.slug for model in held.deputised]

    def get_proposals(self, held: leavers.Holdings) -> list[int]:
        return [proposal.pk for proposal in held.proposals]

    def get_tokens(self, held: leavers.Holdings) -> int:
        return len(held.tokens)


class Leavers(serializers.Serializer[Any]):
    results = HoldingsSerializer(many=True)


class Successor(serializers.Serializer[None]):
    successor = Slug(User.objects.filter(is_active=True), slug_field="username")


class TransferSerializer(serializers.Serializer[Any]):
    """What moved; `dropped` are proposals that were withdrawn, because the successor may not ask for that."""

    teams = serializers.IntegerField()
    deputised = serializers.IntegerField()
    proposals = serializers.SerializerMethodField()
    dropped = serializers.SerializerMethodField()
    tokens = serializers.IntegerField()

    def get_proposals(self, done: leavers.Transfer) -> list[int]:
        return [proposal.pk for proposal in done.proposals]

    def get_dropped(self, done: leavers.Transfer) -> list[int]:
        return [proposal.pk for proposal in done.dropped]


class LeaverViews(ReadOnly):
    """People who left with something in their name."""

    queryset = User.objects.all()
    is_of_everybody = True
    serializer_class = HoldingsSerializer
    lookup_field = "username"
    lookup_value_regex = "[^/]+"
    http_method_names = ("get", "post", "head", "options")
    action_permissions = {
        "list": "governance.view_leavers",
        "retrieve": "governance.view_leavers",
        "transfer": "governance.transfer_holdings",
    }

    @extend_schema(responses=Leavers, filters=False)
    def list(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        """Everybody who left with something still in their name."""
        return Response({"results": HoldingsSerializer(leavers.find(), many=True).data})

    @extend_schema(responses=Leavers)
    def retrieve(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        """What is in the name of one person: no result where there is nothing, or the person has not left."""
        found = leavers.find(people=[self.get_object().pk])
        return Response({"results": HoldingsSerializer(found, many=True).data})

    @extend_schema(request=Successor, responses=TransferSerializer)
    @action(detail=True, methods=["post"])
    def transfer(self, request: Request, **_kwargs: str) -> Response:
        """Hand everything to a successor in one step, and revoke the leaver's tokens."""
        form = Successor(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            done = leavers.transfer(
                self.get_object(), form.validated_data["successor"], by=person_of(request), now=timezone.now()
            )
        return Response(TransferSerializer(done).data)


class AttestationSerializer(serializers.ModelSerializer[Attestation]):
    model = Slug()
    attested_by = Slug(slug_field="username")

    class Meta:
        model = Attestation
        fields = ("id", "model", "dependency", "attested_by", "attested_at", "digest", "seen")


class NewAttestation(serializers.Serializer[None]):
    """A model or a dependency, one of the two, and the digest of its state as it was seen."""

    model = Slug(AIModel.objects.all(), required=False)
    dependency = Key(queryset=Dependency.objects.all(), required=False)
    digest = serializers.CharField(max_length=64)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("model" in given) == ("dependency" in given):
            raise serializers.ValidationError({"model": "Name a model or a dependency, one of the two."})
        return given


class ToConfirmSerializer(serializers.Serializer[Any]):
    """One thing to confirm, with what differs from what was confirmed last and the news since."""

    model = serializers.SerializerMethodField()
    dependency = serializers.SerializerMethodField()
    digest = serializers.CharField()
    due_on = serializers.DateField()
    last_attested_at = serializers.DateTimeField(source="last.attested_at", default=None, allow_null=True)
    state = serializers.JSONField()
    differences = serializers.JSONField()
    changes = ChangeSerializer(many=True)

    def get_model(self, line: attest.Line) -> str | None:
        return line.subject.slug if isinstance(line.subject, AIModel) else None

    def get_dependency(self, line: attest.Line) -> int | None:
        return line.subject.pk if isinstance(line.subject, Dependency) else None


class Due(serializers.Serializer[Any]):
    results = ToConfirmSerializer(many=True)


class Attestations(ReadOnly):
    """Confirmations by owners that what the register says of a model or a dependency is right."""

    queryset = Attestation.objects.select_related("model", "attested_by")
    serializer_class = AttestationSerializer
    filterset_class = filters.filters_of(Attestation, "dependency", model="model__slug", by="attested_by__username")
    ordering = ("-pk",)
    action_permissions = {"due": "governance.add_attestation"}

    @extend_schema(request=NewAttestation, responses={201: AttestationSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Confirm one thing as it was seen. 409 with the difference where it has changed since."""
        form = NewAttestation(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        subject = given.get("model") or given["dependency"]
        if not scope.belongs(subject):
            raise beyond_token()
        with refusals_as_problems():
            made = attest.attest(subject, seen_digest=given["digest"], by=person_of(request), now=timezone.now())
        return Response(AttestationSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=Due, filters=False)
    @action(detail=False, methods=["get"], filter_backends=[], pagination_class=None)
    def due(self, request: Request, **_kwargs: str) -> Response:
        """What the person who asks has to confirm, the most urgent first, with the digests to confirm it by."""
        lines = attest.lines_for(person_of(request), now=timezone.now())
        lines = [line for line in lines if scope.belongs(line.subject)]
        return Response({"results": ToConfirmSerializer(lines, many=True).data})
