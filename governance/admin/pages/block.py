"""Setting and lifting a block: for reviewers."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import blocks
from governance.admin.pages.forms import BlockForm, LiftForm
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.models import Block
from governance.permissions import can_decide
from governance.refused import Refused


def block(request: HttpRequest) -> HttpResponse:
    _require_reviewer(request)
    form = BlockForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            made = blocks.block(by=person_of(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, f"{made}. Every check says so from now on.")
            return redirect("admin:governance_block_changelist")
    lead = "Checks that meet it fail at once, with your reason, whatever was decided before."
    return _form(request, form, title="Block a vendor, a model or an offering", lead=lead, submit="Block")


def lift(request: HttpRequest, pk: int) -> HttpResponse:
    _require_reviewer(request)
    row = get_object_or_404(Block.objects.select_related("vendor", "model", "offering", "blocked_by"), pk=pk)
    form = LiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            blocks.lift(row, by=person_of(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, "The block is lifted.")
            return redirect("admin:governance_block_changelist")
    lead = f"{row}, by {row.blocked_by}: {row.reason}"
    return _form(request, form, title="Lift a block", lead=lead, submit="Lift the block")


def _require_reviewer(request: HttpRequest) -> None:
    if not can_decide(person_of(request)):
        raise PermissionDenied


def _form(request: HttpRequest, form: BlockForm | LiftForm, *, title: str, lead: str, submit: str) -> HttpResponse:
    return show(request, "form.html", title=title, lead=lead, form=form, submit=submit, status=status_of(request))
