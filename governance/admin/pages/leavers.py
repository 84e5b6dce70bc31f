"""Who left with something in their name, and the one step that hands it to a successor."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import pluralize
from django.utils import timezone

from governance import leavers as use_case
from governance.admin.pages.frame import person_of, show
from governance.leavers import Transfer
from governance.refused import Refused
from registry.models import User


class SuccessorForm(forms.Form):
    successor = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("first_name", "last_name", "username"),
        empty_label="Choose the successor",
    )


def leavers(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    if not person.has_perm("governance.view_leavers"):
        raise PermissionDenied
    context = {
        "leavers": use_case.find(),
        "successors": SuccessorForm().fields["successor"].choices,  # type: ignore[attr-defined]  # a field of choices
        "may_transfer": person.has_perm("governance.transfer_holdings"),
    }
    return show(request, "leavers.html", title="Leavers", **context)


def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """Only by POST: a link changes nothing."""
    leaver = get_object_or_404(User, pk=pk)
    if not person_of(request).has_perm("governance.transfer_holdings"):
        raise PermissionDenied
    form = SuccessorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = use_case.transfer(leaver, form.cleaned_data["successor"], by=person_of(request), now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused).removeprefix("successor: ").capitalize())
        else:
            _tell(request, done, leaver, form.cleaned_data["successor"])
    elif request.method == "POST":
        messages.error(request, "Choose the successor: somebody with an active account.")
    return redirect("pages:leavers")


def _tell(request: HttpRequest, done: Transfer, leaver: User, successor: User) -> None:
    counts = [
        (done.teams, "team"),
        (done.deputised, "deputyship"),
        (len(done.proposals), "proposal"),
    ]
    moved = ", ".join(f"{count} {word}{pluralize(count)}" for count, word in counts if count) or "nothing"
    revoked = f" {done.tokens} token{pluralize(done.tokens)} revoked." if done.tokens else ""
    messages.success(request, f"{successor} took over from {leaver}: {moved}.{revoked}")
    if done.dropped:
        numbers = ", ".join(str(one.pk) for one in done.dropped)
        messages.warning(request, f"Withdrawn, because {successor} may not propose that: {numbers}.")
