"""Proposals and what decisions leave."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import blocks, models, proposals
from governance.api import serializers as shapes
from governance.api.refusals import refusals_as_problems
from registry.api import filters
from registry.api.people import person_of
from registry.api.views import ReadOnly


class Proposals(ReadOnly):
    queryset = models.Proposal.objects.select_related("proposer", "system").prefetch_related("decisions__decider")
    filterset_class = filters.filters_of(
        models.Proposal, "kind", "state", "dependency", "offering", proposer="proposer__username"
    )
    ordering = ("-pk",)
    # Who may decide or withdraw is asked by the use case, freshly and inside its transaction.
    action_permissions = {"decide": "governance.view_proposal", "withdraw": "governance.view_proposal"}

    def get_serializer_class(self) -> type[shapes.ProposalSerializer]:
        return shapes.ProposalSerializer if self.action == "list" else shapes.ProposalDetailSerializer

    @extend_schema(request=shapes.NewProposal, responses={201: shapes.ProposalDetailSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Ask other people for a decision."""
        form = shapes.NewProposal(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            proposal = _propose(form.validated_data, request)
        return Response(shapes.ProposalDetailSerializer(proposal).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.NewDecision, responses=shapes.ProposalDetailSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, **_kwargs: str) -> Response:
        """Approve or reject. 403 on one's own proposal; 409 with both states where it has changed since it was seen."""
        form = shapes.NewDecision(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            decided = proposals.decide(
                self.get_object(), decider=person_of(request), now=timezone.now(), **form.validated_data
            )
        return Response(shapes.ProposalDetailSerializer(decided).data)

    @extend_schema(request=None, responses=shapes.ProposalDetailSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, **_kwargs: str) -> Response:
        with refusals_as_problems():
            withdrawn = proposals.withdraw(self.get_object(), actor=person_of(request), now=timezone.now())
        return Response(shapes.ProposalDetailSerializer(withdrawn).data)


def _propose(data: dict[str, Any], request: Request) -> models.Proposal:
    common = {"proposer": person_of(request), "reason": data["reason"], "now": timezone.now()}
    match data["kind"]:
        case models.Proposal.Kind.ADOPT_MODEL:
            return proposals.propose_adoption(
                offering=data["offering"], purpose=data["purpose"], distribution=data["distribution"], **common
            )
        case models.Proposal.Kind.APPROVE_ALTERNATIVE:
            return proposals.propose_alternative(alternative=data["alternative"], **common)
        case _:
            return proposals.propose_waiver(
                rule=data["rule"],
                until=data["until"],
                compensating_measure=data["compensating_measure"],
                dependency=data.get("dependency"),
                system=data.get("system"),
                **common,
            )


class Adoptions(ReadOnly):
    queryset = models.Adoption.objects.prefetch_related("basis")
    serializer_class = shapes.AdoptionSerializer
    filterset_fields = ("offering", "purpose", "distribution")


class Approvals(ReadOnly):
    queryset = models.Approval.objects.prefetch_related("basis")
    serializer_class = shapes.ApprovalSerializer
    filterset_fields = ("dependency", "alternative")


class Waivers(ReadOnly):
    queryset = models.Waiver.objects.select_related("system")
    serializer_class = shapes.WaiverSerializer
    filterset_class = filters.filters_of(models.Waiver, "dependency", "rule", system="system__slug")


class LiftReason(serializers.Serializer[None]):
    reason = serializers.CharField(max_length=4000)


class Blocks(ReadOnly):
    queryset = models.Block.objects.select_related("vendor", "model", "blocked_by", "lifted_by")
    serializer_class = shapes.BlockSerializer
    filterset_class = filters.filters_of(models.Block, "offering", vendor="vendor__slug", model="model__slug")
    action_permissions = {"lift": "governance.add_block"}

    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Say that a vendor, a model or an offering must not be used."""
        form = shapes.BlockSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            row = blocks.block(by=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(shapes.BlockSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=LiftReason, responses=shapes.BlockSerializer)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, **_kwargs: str) -> Response:
        form = LiftReason(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            row = blocks.lift(self.get_object(), by=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(shapes.BlockSerializer(row).data)


class Audit(ReadOnly):
    queryset = models.AuditEntry.objects.all()
    serializer_class = shapes.AuditEntrySerializer
    lookup_field = "sequence"
    filterset_fields = ("tag", "subject", "actor")
    ordering = ("-sequence",)
