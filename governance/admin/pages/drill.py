"""Recording a drill of one alternative."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from governance import drills
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.admin.pages.plan_forms import DrillForm
from governance.refused import Refused
from registry.models import Alternative, Dependency, Drill

NOTE = "Whether it passed is computed from what the plan asks for. A drill cannot be edited afterwards: another one corrects it."
_SHOWN = ("offering", "plan_revision__plan__dependency__system", "plan_revision__plan__dependency__environment")


def drill(request: HttpRequest, pk: int) -> HttpResponse:
    alternative = get_object_or_404(Alternative.objects.select_related(*_SHOWN), pk=pk)
    dependency = _dependency_of(alternative)
    if not person_of(request).has_perm("registry.change_fallbackplan", alternative.plan_revision.plan):
        raise PermissionDenied
    begin = {"drilled_on": timezone.now().date(), "idempotency_key": uuid4().hex}
    form = DrillForm(request.POST or None, initial=begin, alternative=alternative)
    if request.method == "POST" and form.is_valid():
        try:
            recorded = drills.record_drill(
                alternative, recorded_by=person_of(request), now=timezone.now(), **_given(form)
            )
        except Refused as refused:
            put_into(form, refused)
        else:
            _tell(request, recorded)
            return redirect(f"{reverse('pages:plan', args=[dependency.pk])}#drills")
    lead = f"{alternative}, standing in for {dependency}"
    context = {"form": form, "lead": lead, "submit": "Record the drill", "note": NOTE}
    return show(request, "form.html", title="Record a drill", status=status_of(request), **context)


def _tell(request: HttpRequest, recorded: Drill) -> None:
    if recorded.shortfalls:
        messages.warning(request, f"The drill is recorded, and it failed: {' '.join(recorded.shortfalls)}")
    else:
        messages.success(request, f"The drill is recorded. It passed, and counts until {recorded.expires_on}.")


def _dependency_of(alternative: Alternative) -> Dependency:
    dependency = alternative.plan_revision.plan.dependency
    if dependency is None:
        raise Http404("Default plans are drilled where they are used.")
    return dependency


def _given(form: DrillForm) -> dict[str, Any]:
    """What was filled in; what was left empty is not said at all."""
    return {name: value for name, value in form.cleaned_data.items() if value not in (None, "")}
