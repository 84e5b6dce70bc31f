"""One proposal: facts beside claims, what differs from what was approved before, and the decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import proposals
from governance.admin.pages.forms import DecisionForm
from governance.admin.pages.frame import person_of, show
from governance.admin.pages.proposal_facts import State, Table, fit, shared_vendors, table_of
from governance.models import Adoption, Approval, Decision, Proposal
from governance.permissions import can_decide
from governance.refused import Refused
from registry.models import User

_SHOWN = (
    "proposer",
    "offering__model__developer",
    "dependency__system__team",
    "dependency__offering__model",
    "dependency__environment",
    "plan_revision",
    "alternative__offering__model",
    "alternative__plan_revision__plan",
    "system__team",
)


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """`before` is what an earlier decision on the same rested on; `differences` are since the submission."""

    proposal: Proposal
    state: dict[str, Any]
    digest: str
    table: Table
    shared: list[str] | None
    fit: list[State]
    differences: list[dict[str, Any]]
    before: Adoption | Approval | None
    decisions: list[Decision]
    why_not: str

    @property
    def is_open(self) -> bool:
        return self.proposal.state == Proposal.State.SUBMITTED


def load(proposal: Proposal, *, person: User, now: datetime) -> ProposalPage:
    """Facts of this moment for an open proposal; those of its submission for a closed one."""
    is_open = proposal.state == Proposal.State.SUBMITTED
    state = proposals.state_of(proposal, now=now) if is_open else proposal.submitted_state
    return ProposalPage(
        proposal=proposal,
        state=state,
        digest=proposals.digest(state),
        table=table_of(state),
        shared=shared_vendors(state),
        fit=fit(state),
        differences=proposals.differences(proposal.submitted_state, state),
        before=_decided_before(proposal),
        decisions=list(proposal.decisions.select_related("decider")),
        why_not=_why_not(proposal, person, now=now),
    )


def _decided_before(proposal: Proposal) -> Adoption | Approval | None:
    """The last decision on the same use, or on the same offering standing in for the same dependency."""
    match proposal.kind:
        case Proposal.Kind.ADOPT_MODEL:
            use = {"purpose": proposal.purpose, "distribution": proposal.distribution}
            former: Any = Adoption.objects.filter(offering=proposal.offering, **use)
        case Proposal.Kind.APPROVE_ALTERNATIVE if proposal.alternative and proposal.alternative.offering_id:
            former = Approval.objects.filter(
                dependency=proposal.dependency, alternative__offering=proposal.alternative.offering_id
            )
        case _:
            return None
    row: Adoption | Approval | None = former.exclude(proposal=proposal).prefetch_related("basis").first()
    return row


def _why_not(proposal: Proposal, person: User, *, now: datetime) -> str:
    """Why this person cannot decide on it; empty where they can."""
    if proposal.proposer_id == person.pk:
        return "You proposed this, so somebody else has to decide: nobody approves their own proposal."
    if not can_decide(person):
        return "Only reviewers decide. You see what they see."
    if proposal.decide_by < now:
        return "The time to decide it is over. It has to be proposed again."
    return ""


def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _get(pk))


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _get(pk), DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, row, status=400)
    try:
        decided = proposals.decide(row, decider=person_of(request), now=timezone.now(), **form.cleaned_data)
    except Refused as refused:
        return _page(request, row, refused=refused, status=409)
    messages.success(request, f"{decided.get_state_display()}. The next check sees it.")
    return redirect("pages:proposal", pk)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        proposals.withdraw(_get(pk), actor=person_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Withdrawn.")
    return redirect("pages:proposal", pk)


def _get(pk: int) -> Proposal:
    return get_object_or_404(Proposal.objects.select_related(*_SHOWN), pk=pk)


def _page(
    request: HttpRequest,
    row: Proposal,
    *,
    refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    page = load(row, person=person_of(request), now=timezone.now())
    # What was written stays; the digest is that of the facts which are shown now.
    shown = {"state_digest": page.digest}
    form = DecisionForm(request.POST.dict() | shown) if request.method == "POST" else DecisionForm(initial=shown)
    return show(
        request,
        "proposal.html",
        title=f"Proposal {row.pk}",
        page=page,
        form=form,
        refused=refused,
        status=status,
    )
