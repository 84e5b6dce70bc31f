"""Asking other people for a decision: adopt a model, waive a rule, retire a model."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import proposals
from governance.admin.pages.forms import AdoptionForm, RetirementForm, WaiverForm
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.admin.pages.proposal_facts import table_of
from governance.models import Proposal
from governance.permissions import can_propose, can_retire
from governance.propose import why_not_to_retire
from governance.refused import Refused
from registry.models import AIModel, Offering

_NOTE = "You cannot decide on it yourself: a reviewer will, and sees the facts of that moment beside what you write."


def adoption(request: HttpRequest) -> HttpResponse:
    _require_proposer(request)
    form = AdoptionForm(request.POST or None, initial=_asked_adoption(request))
    if made := _submitted(request, form):
        return made
    lead = "An adoption says that a model at one place may be used for one purpose in one kind of distribution."
    return _form(request, form, title="Propose an adoption", lead=lead)


def waiver(request: HttpRequest) -> HttpResponse:
    _require_proposer(request)
    form = WaiverForm(request.POST or None, initial=request.GET.dict(), person=person_of(request))
    if made := _submitted(request, form):
        return made
    lead = "A waiver lets a system ship although a rule says no: visibly, and until a day."
    return _form(request, form, title="Propose a waiver", lead=lead)


def retirement(request: HttpRequest, slug: str) -> HttpResponse:
    model = get_object_or_404(AIModel, slug=slug)
    if not can_retire(person_of(request), model):
        raise PermissionDenied
    form = RetirementForm(request.POST or None)
    if made := _submitted(request, form, model=model):
        return made
    lead = "A retired model is withdrawn from the register: nobody begins to use it. Its history stays."
    now, asked = timezone.now(), Proposal(kind=Proposal.Kind.RETIRE_MODEL, model=model)
    facts = {"table": table_of(proposals.state_of(asked, now=now)), "flaw": why_not_to_retire(model, now=now)}
    return _form(request, form, template="retire.html", title=f"Retire {model}", lead=lead, **facts)


def _asked_adoption(request: HttpRequest) -> dict[str, Any]:
    """What a link has filled in already; an offering is linked by its id."""
    asked: dict[str, Any] = request.GET.dict()
    pk = asked.pop("offering", "")
    return asked | ({"offering": Offering.objects.filter(pk=pk).first()} if pk.isdecimal() else {})


def _submitted(request: HttpRequest, form: forms.Form, **about: Any) -> HttpResponse | None:
    """The way to the new proposal; None where the form is still to be filled in."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        proposal = _propose(request, form, **about)
    except Refused as refused:
        put_into(form, refused)
        return None
    messages.success(request, "Submitted. Reviewers see it on their home page.")
    return redirect("pages:proposal", proposal.pk)


_USE_CASES: dict[type[forms.Form], Callable[..., Proposal]] = {
    AdoptionForm: proposals.propose_adoption,
    WaiverForm: proposals.propose_waiver,
    RetirementForm: proposals.propose_retirement,
}


def _propose(request: HttpRequest, form: forms.Form, **about: Any) -> Proposal:
    propose = _USE_CASES[type(form)]
    return propose(proposer=person_of(request), now=timezone.now(), **form.cleaned_data, **about)


def _require_proposer(request: HttpRequest) -> None:
    if not can_propose(person_of(request)):
        raise PermissionDenied


def _form(
    request: HttpRequest, form: forms.Form, *, title: str, lead: str, template: str = "form.html", **about: Any
) -> HttpResponse:
    context = {"lead": lead, "form": form, "submit": "Submit the proposal", "note": _NOTE, **about}
    return show(request, template, title=title, status=status_of(request), **context)
