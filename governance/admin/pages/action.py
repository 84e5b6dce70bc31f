"""One action: what to do by when, why, and what its owner says to it."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import actions
from governance.admin.pages.forms import ActionForm
from governance.admin.pages.frame import person_of, put_errors_into, show
from governance.models import Action, Impact, Ticket
from governance.permissions import can_act
from registry.models import User

_SAID = {"acknowledge": "Acknowledged.", "snooze": "Put off.", "done": "Done."}


def action(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Action.objects.select_related(*_SHOWN), pk=pk)
    form = ActionForm(request.POST or None)
    may_act = can_act(person_of(request), row)
    if request.method == "POST" and may_act and form.is_valid():
        try:
            _act(row, form, actor=person_of(request))
        except ValidationError as error:
            put_errors_into(form, error)
        else:
            messages.success(request, _SAID[form.cleaned_data["step"]])
            return redirect("pages:action", pk)
    status = 200 if request.method != "POST" else 400 if may_act else 403
    context = {"action": row, "form": form, "may_act": may_act, "impacts": _impacts(row), "tickets": _tickets(row)}
    return show(request, "action.html", title=row.title, status=status, **context)


_SHOWN = ("dependency__system", "dependency__offering__model", "dependency__environment", "team", "changed_by")


def _act(row: Action, form: ActionForm, *, actor: User) -> None:
    data, now = form.cleaned_data, timezone.now()
    match data["step"]:
        case "acknowledge":
            actions.acknowledge(row, actor=actor, now=now)
        case "snooze":
            actions.snooze(row, actor=actor, until=data["until"], reason=data["reason"], now=now)
        case _:
            actions.finish(row, actor=actor, reason=data["reason"], now=now)


def _impacts(row: Action) -> list[Impact]:
    return list(
        Impact.objects.filter(action=row).select_related(
            "change__listing__source", "change__offering", "change__model", "change__vendor"
        )
    )


def _tickets(row: Action) -> list[Ticket]:
    return list(Ticket.objects.filter(dependency=row.dependency, concern=row.concern))
