"""Changing an open proposal of one's own, and asking again for what was decided before."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import proposals
from governance.admin.pages.forms import day_field, long_text
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.models import Proposal
from governance.permissions import can_propose
from governance.propose_again import same_length
from governance.refused import Refused


class TermsForm(forms.Form):
    """What may be otherwise; the end and the measure are a waiver's alone."""

    reason = long_text(help_text="The reviewer sees it beside the facts.")
    until = day_field(help_text="A waiver always ends.")
    compensating_measure = long_text(help_text="What makes it bearable until then.")

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != Proposal.Kind.WAIVE_RULE:
            del self.fields["until"], self.fields["compensating_measure"]


class EditForm(TermsForm):
    """What `proposals.edit` takes."""

    due_on = day_field(required=False, help_text="By when it should be decided.")


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Proposal, pk=pk)
    if row.proposer_id != person_of(request).pk:
        raise PermissionDenied
    now = {name: getattr(row, name) for name in ("reason", "until", "compensating_measure", "due_on")}
    form = EditForm(request.POST or None, initial=now, kind=row.kind)
    if request.method == "POST" and form.is_valid():
        try:
            proposals.edit(row, actor=person_of(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, "Changed. Whoever had approved it is asked again.")
            return redirect("pages:proposal", pk)
    note = "What it is about stays. Decisions that were given before are void, because they were about another text."
    context = {"form": form, "submit": "Change the proposal", "note": note}
    return show(request, "form.html", title="Change the proposal", lead=str(row), status=status_of(request), **context)


def again(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of the first time, filled in: one click asks for the same on the facts of now."""
    if not can_propose(person_of(request)):
        raise PermissionDenied
    row = get_object_or_404(Proposal, pk=pk)
    last: dict[str, Any] = {"reason": row.reason, "compensating_measure": row.compensating_measure}
    if row.kind == Proposal.Kind.WAIVE_RULE:
        last["until"] = same_length(row, today=timezone.now().date())
    form = TermsForm(request.POST or None, initial=last, kind=row.kind)
    if request.method == "POST" and form.is_valid():
        try:
            made = proposals.propose_again(row, proposer=person_of(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, "Submitted. Reviewers see what has changed since the last time.")
            return redirect("pages:proposal", made.pk)
    note = "You cannot decide on it yourself: reviewers see what differs from the last time."
    context = {"form": form, "submit": "Propose again", "note": note}
    return show(request, "form.html", title="Propose again", lead=str(row), status=status_of(request), **context)
