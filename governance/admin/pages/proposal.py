"""One proposal: facts beside claims, what differs from what was approved before, and the decision."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import proposals
from governance.admin.pages.forms import DecisionForm
from governance.admin.pages.frame import person_of, show
from governance.admin.pages.proposal_page import SHOWN, load
from governance.admin.pages.talk_forms import AnswerForm, TalkForm
from governance.models import Comment, Proposal
from governance.refused import Refused


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
    is_open = decided.state == Proposal.State.SUBMITTED
    said = "Your approval is kept. Others are still asked." if is_open else f"{decided.get_state_display()}."
    messages.success(request, said if is_open else f"{said} The next check sees it.")
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


@require_POST
def talk(request: HttpRequest, pk: int) -> HttpResponse:
    """A comment, or a question to the proposer."""
    row, form = _get(pk), TalkForm(request.POST)
    return _talk(request, row, form, "talk")


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer to one question; `pk` is the question's."""
    question = get_object_or_404(Comment, pk=pk, kind=Comment.Kind.QUESTION)
    return _talk(request, _get(question.proposal_id), AnswerForm(request.POST, question=question), "answer")


def _talk(request: HttpRequest, row: Proposal, form: TalkForm | AnswerForm, name: str) -> HttpResponse:
    if not form.is_valid():
        return _page(request, row, status=400, forms_={name: form})
    try:
        form.write(row, author=person_of(request), now=timezone.now())
    except Refused as refused:
        return _page(request, row, refused=refused, status=409)
    return redirect("pages:proposal", row.pk)


def _get(pk: int) -> Proposal:
    return get_object_or_404(Proposal.objects.select_related(*SHOWN), pk=pk)


def _page(
    request: HttpRequest,
    row: Proposal,
    *,
    refused: Refused | None = None,
    status: int = 200,
    forms_: Mapping[str, forms.Form] | None = None,
) -> HttpResponse:
    if request.method == "POST":
        # What was refused may have been decided, or edited, by somebody else in between.
        row = _get(row.pk)
    page = load(row, person=person_of(request), now=timezone.now())
    # What was written stays; the digest is that of the facts which are shown now.
    shown = {"state_digest": page.digest}
    is_decision = request.method == "POST" and "state_digest" in request.POST
    context: dict[str, Any] = {
        "form": DecisionForm(request.POST.dict() | shown) if is_decision else DecisionForm(initial=shown),
        "talk": TalkForm(),
        "answer": AnswerForm(),
        **(forms_ or {}),
    }
    return show(
        request, "proposal.html", title=f"Proposal {row.pk}", page=page, refused=refused, status=status, **context
    )
