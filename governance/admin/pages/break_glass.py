"""Break-glass: opening a gate for hours, closing it again, and the review by another person."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import break_glass
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.admin.pages.policy_forms import BreakGlassForm, ReviewForm
from governance.models import BreakGlass
from governance.permissions import can_break_glass, can_decide
from governance.refused import Refused
from registry.models import User

_SHOWN = ("system__team", "environment", "opened_by", "closed_by", "reviewed_by")


def open_glass(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = BreakGlassForm(request.POST or None, initial={"hours": 4} | request.GET.dict(), person=person)
    if request.method == "POST" and form.is_valid():
        try:
            made = break_glass.open_glass(by=person, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.warning(request, f"{made} is in force until {made.ends_at:%Y-%m-%d %H:%M} UTC.")
            return redirect("pages:break-glass", made.pk)
    return show(
        request,
        "form.html",
        title="Break the glass",
        lead="What would stop the system warns instead, for some hours. One person may do that; another reviews it.",
        form=form,
        submit="Break the glass",
        note="Blocked models, unknown or ambiguous refs and names that another took over still stop it.",
        status=status_of(request),
    )


def glass(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _get(pk), ReviewForm())


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        break_glass.close(_get(pk), by=person_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Closed. The next check judges as always; another person reviews it.")
    return redirect("pages:break-glass", pk)


@require_POST
def review(request: HttpRequest, pk: int) -> HttpResponse:
    row, form = _get(pk), ReviewForm(request.POST)
    if form.is_valid():
        try:
            break_glass.review(row, by=person_of(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, "Reviewed.")
            return redirect("pages:break-glass", pk)
    return _page(request, row, form, status=400)


def _get(pk: int) -> BreakGlass:
    return get_object_or_404(BreakGlass.objects.select_related(*_SHOWN), pk=pk)


def _page(request: HttpRequest, row: BreakGlass, form: ReviewForm, *, status: int = 200) -> HttpResponse:
    now, person = timezone.now(), person_of(request)
    return show(
        request,
        "break_glass.html",
        title=str(row),
        glass=row,
        is_over=row.is_over(now),
        can_close=can_break_glass(person, row.system),
        why_not=_why_not(row, person, now),
        form=form,
        status=status,
    )


def _why_not(row: BreakGlass, person: User, now: datetime) -> str:
    """Why this person cannot review it; empty where they can."""
    if row.opened_by_id == person.pk:
        return "You opened it, so somebody else has to review it."
    if not can_decide(person):
        return "Only reviewers review."
    return "" if row.is_over(now) else "It is still in force: the review comes afterwards."
