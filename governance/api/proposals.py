"""Proposals and what decisions leave."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import blocks, models, proposals
from governance.api import serializers as shapes
from governance.api.beside import BesideSerializer
from governance.api.refusals import refusals_as_problems
from governance.beside import beside
from governance.refused import Refused
from registry import scope
from registry.api import filters
from registry.api.people import person_of
from registry.api.problems import beyond_token
from registry.api.views import ReadOnly


class Proposals(ReadOnly):
    """What one person proposes and others decide."""

    queryset = models.Proposal.objects.select_related("proposer", "system", "model").prefetch_related(
        "decisions__decider", "decisions__acting_for", "comments__author", "comments__asked_of"
    )
    filterset_class = filters.filters_of(
        models.Proposal, "kind", "state", "dependency", "offering", proposer="proposer__username"
    )
    ordering = ("-pk",)
    # Who may decide or withdraw is asked by the use case, freshly and inside its transaction.
    action_permissions = dict.fromkeys(
        ("decide", "withdraw", "edit", "again", "comment", "ask", "answer", "beside"), "governance.view_proposal"
    )

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
        """Take an own proposal back before it is decided."""
        with refusals_as_problems():
            withdrawn = proposals.withdraw(self.get_object(), actor=person_of(request), now=timezone.now())
        return Response(shapes.ProposalDetailSerializer(withdrawn).data)

    @extend_schema(request=shapes.ProposalEdit, responses=shapes.ProposalDetailSerializer)
    @action(detail=True, methods=["post"])
    def edit(self, request: Request, **_kwargs: str) -> Response:
        """Change the reason, the last day, the measure or the due day of an own proposal: what was given is void."""
        form = shapes.ProposalEdit(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            edited = proposals.edit(
                self.get_object(), actor=person_of(request), now=timezone.now(), **form.validated_data
            )
        return Response(shapes.ProposalDetailSerializer(edited).data)

    @extend_schema(request=shapes.ProposalAgain, responses={201: shapes.ProposalDetailSerializer})
    @action(detail=True, methods=["post"])
    def again(self, request: Request, **_kwargs: str) -> Response:
        """Ask for the same once more, on the facts of now; what is left out is as it was the last time."""
        form = shapes.ProposalAgain(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            made = proposals.propose_again(
                self.get_object(), proposer=person_of(request), now=timezone.now(), **form.validated_data
            )
        return Response(shapes.ProposalDetailSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.NewComment, responses={201: shapes.CommentSerializer})
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, **_kwargs: str) -> Response:
        """Say something, perhaps with a link to evidence."""
        return self._write(request, shapes.NewComment, proposals.comment)

    @extend_schema(request=shapes.NewQuestion, responses={201: shapes.CommentSerializer})
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, **_kwargs: str) -> Response:
        """Ask for information: open until it is answered."""
        return self._write(request, shapes.NewQuestion, proposals.ask)

    @extend_schema(request=shapes.NewAnswer, responses={201: shapes.CommentSerializer})
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, **_kwargs: str) -> Response:
        """Answer a question that one is asked."""
        return self._write(request, shapes.NewAnswer, _answer)

    @extend_schema(responses=BesideSerializer)
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def beside(self, request: Request, **_kwargs: str) -> Response:  # noqa: ARG002 - DRF's signature
        """What sources contradict each other about, and how much would hang on one vendor if it took effect."""
        return Response(BesideSerializer(beside(self.get_object(), now=timezone.now())).data)

    def _write(self, request: Request, form_of: Any, write: Callable[..., models.Comment]) -> Response:
        form = form_of(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            row = write(self.get_object(), author=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(shapes.CommentSerializer(row).data, status=status.HTTP_201_CREATED)


def _answer(proposal: models.Proposal, *, question: models.Comment, **said: Any) -> models.Comment:
    if question.proposal_id != proposal.pk:
        raise Refused("invalid", "question: it was asked about another proposal.", field="question")
    return proposals.answer(question, **said)


# By kind: the use case, and the fields that it takes beside those that every kind has.
_PROPOSE: dict[str, tuple[Callable[..., models.Proposal], tuple[str, ...]]] = {
    models.Proposal.Kind.ADOPT_MODEL: (
        proposals.propose_adoption,
        ("offering", "purpose", "distribution", "revision"),
    ),
    models.Proposal.Kind.APPROVE_ALTERNATIVE: (proposals.propose_alternative, ("alternative",)),
    models.Proposal.Kind.WAIVE_RULE: (
        proposals.propose_waiver,
        ("rule", "until", "compensating_measure", "dependency", "system"),
    ),
    models.Proposal.Kind.RETIRE_MODEL: (proposals.propose_retirement, ("model",)),
}


def _propose(data: dict[str, Any], request: Request) -> models.Proposal:
    if not any(scope.belongs(data.get(name)) for name in ("dependency", "system", "alternative")):
        raise beyond_token()
    propose, fields = _PROPOSE[data["kind"]]
    given = {name: data[name] for name in (*fields, "due_on") if name in data}
    return propose(proposer=person_of(request), reason=data["reason"], now=timezone.now(), **given)


class Delegations(ReadOnly):
    """Who decides in whose place, from when until when."""

    queryset = models.Delegation.objects.select_related("delegator", "delegate", "ended_by")
    serializer_class = shapes.DelegationSerializer
    filterset_class = filters.filters_of(
        models.Delegation, delegator="delegator__username", delegate="delegate__username"
    )
    ordering = ("-pk",)
    action_permissions = {"end": "governance.view_delegation"}

    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Ask somebody to decide in one's own place for some days."""
        form = shapes.DelegationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            row = proposals.delegate(delegator=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(shapes.DelegationSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=shapes.DelegationSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, **_kwargs: str) -> Response:
        """Take it back before its last day."""
        with refusals_as_problems():
            row = proposals.take_back(self.get_object(), by=person_of(request), now=timezone.now())
        return Response(shapes.DelegationSerializer(row).data)


class Adoptions(ReadOnly):
    """Decisions that an offering may be used for a purpose, however its system is distributed."""

    queryset = models.Adoption.objects.prefetch_related("basis")
    serializer_class = shapes.AdoptionSerializer
    filterset_fields = ("offering", "purpose", "distribution")


class Approvals(ReadOnly):
    """Decisions that an alternative of a plan may take over, each with the facts that it rests on (`basis`)."""

    queryset = models.Approval.objects.prefetch_related("basis")
    serializer_class = shapes.ApprovalSerializer
    filterset_class = filters.filters_of(models.Approval, "dependency", "alternative")


class Waivers(ReadOnly):
    """Rules that are lifted for a dependency or a system until a day."""

    queryset = models.Waiver.objects.select_related("system")
    serializer_class = shapes.WaiverSerializer
    filterset_class = filters.filters_of(models.Waiver, "dependency", "rule", system="system__slug")


class LiftReason(serializers.Serializer[None]):
    reason = serializers.CharField(max_length=4000)


class Blocks(ReadOnly):
    """Vendors, models and offerings that must not be used."""

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
        """End a block, with the reason: what it stopped may be used again as far as other rules let it."""
        form = LiftReason(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            row = blocks.lift(self.get_object(), by=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(shapes.BlockSerializer(row).data)


class Audit(ReadOnly):
    """The lines of the audit chain, the newest first."""

    queryset = models.AuditEntry.objects.all()
    serializer_class = shapes.AuditEntrySerializer
    lookup_field = "sequence"
    filterset_fields = ("tag", "subject", "actor")
    ordering = ("-sequence",)
