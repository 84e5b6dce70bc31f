"""Releasing or dismissing what is held back: a form each, which says first what will follow."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import incidents
from governance.admin.pages.forms import DismissForm, ReleaseForm
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.refused import Refused
from registry.health import quarantine_of, with_held_counts
from registry.models import Incident, User


class _Act(Protocol):
    def __call__(self, incident: Incident, *, by: User, note: str, now: datetime) -> Incident: ...


def release(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(
        request,
        pk,
        incidents.release,
        ReleaseForm,
        title="Release what is held back",
        follows="It counts from now on: facts change, checks see it, and the teams that it concerns are told.",
        said="It is released and counts from now on.",
        submit="It is true: release it",
    )


def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(
        request,
        pk,
        incidents.dismiss,
        DismissForm,
        title="Dismiss what is held back",
        follows="What was known before stands, and nobody is told, for as long as the source says the very same.",
        said="It is dismissed; what was known before stands.",
        submit="It is wrong: dismiss it",
    )


def _decide(
    request: HttpRequest,
    pk: int,
    act: _Act,
    form_of: Callable[..., ReleaseForm],
    *,
    title: str,
    follows: str,
    said: str,
    submit: str,
) -> HttpResponse:
    if not person_of(request).has_perm("registry.change_incident"):
        raise PermissionDenied
    row = get_object_or_404(with_held_counts(Incident.objects.select_related("source")), pk=pk)
    form = form_of(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            act(row, by=person_of(request), note=form.cleaned_data["note"], now=timezone.now())
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, said)
            return redirect("pages:source", row.source_id)
    lead = f"{row.source}: {row.reason} {_held_in_words(row)} {follows}"
    return show(request, "form.html", title=title, lead=lead, form=form, submit=submit, status=status_of(request))


def _held_in_words(incident: Incident) -> str:
    held = quarantine_of(incident)
    facts = f"{held.fact_count} fact{'' if held.fact_count == 1 else 's'}"
    return f"Held back: {facts} and {held.change_count} change{'' if held.change_count == 1 else 's'}."
