"""Tokens: one's own (all of them for administrators), the form that makes one and shows its text once, revoking."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache

from governance import tokens as acts
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.models import Token
from governance.refused import Refused
from registry.models import System, Team


class TokenForm(forms.Form):
    """What `tokens.make` takes."""

    name = forms.CharField(max_length=80, label="What it is for")
    kind = forms.ChoiceField(
        choices=[
            (Token.Kind.CHECK, "ask the gate, and read its answers"),
            (Token.Kind.READ, "that, and read the register"),
            (Token.Kind.WRITE, "that, and do what you may do"),
        ],
        label="What it may do",
    )
    system = forms.ModelChoiceField(
        System.objects.all(), required=False, empty_label="–", help_text="It sees nothing of any other system."
    )
    team = forms.ModelChoiceField(
        Team.objects.all(), required=False, empty_label="–", label="Or a team", help_text="All its systems."
    )
    days = forms.IntegerField(
        min_value=1, max_value=acts.LONGEST.days, initial=acts.LIFETIME.days, label="Days until it expires"
    )


@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """The list and the form. The text of a new token stands in this one answer and nowhere else."""
    person, now = person_of(request), timezone.now()
    form = TokenForm(request.POST or None)
    made = _made(request, form) if request.method == "POST" and form.is_valid() else None
    may_see_all = person.has_perm("registry.change_user")
    rows = Token.objects.of_people().select_related("person", "system", "team")
    if not may_see_all:
        rows = rows.filter(person=person)
    return show(
        request,
        "tokens.html",
        title="Tokens",
        rows=[(row, row.state(now)) for row in rows[:200]],
        form=TokenForm() if made else form,
        made=made,
        may_see_all=may_see_all,
        status=200 if made else status_of(request),
    )


def _made(request: HttpRequest, form: TokenForm) -> tuple[Token, str] | None:
    given: dict[str, Any] = dict(form.cleaned_data)
    person, lifetime = person_of(request), timedelta(days=given.pop("days"))
    try:
        return acts.make(person, by=person, now=timezone.now(), lifetime=lifetime, **given)
    except Refused as refused:
        put_into(form, refused)
        return None


def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks before it revokes: whatever uses the token stops at once."""
    row = get_object_or_404(Token.objects.of_people().select_related("person"), pk=pk)
    person = person_of(request)
    # Another person's token is as absent as one that never was.
    if not person.has_perm("governance.change_token", row):
        return redirect("pages:tokens")
    if request.method == "POST":
        if acts.revoke([row], by=person, now=timezone.now()):
            messages.success(request, f"{row} lets nobody in any more.")
        return redirect("pages:tokens")
    lead = (
        f"{row} acts as {row.person}{f' and is for: {row.name}' if row.name else ''}. Whatever uses it stops at once."
    )
    return show(
        request,
        "form.html",
        title=f"Revoke {row}",
        lead=lead,
        form=forms.Form(),
        submit="Revoke",
        note="It is for good.",
    )
