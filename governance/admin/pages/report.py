"""A person reports what changed about a model: first which kind of change, then what that kind asks for."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance.admin.pages.frame import person_of, put_errors_into, show, status_of
from governance.admin.pages.word_forms import ReportForm
from governance.headlines import in_words
from governance.permissions import can_report
from governance.reports import report_change
from registry.models import Offering
from registry.records import jsonable
from registry.reportable import REPORTABLE
from registry.reports import Otherwise, Report

_NOTE = "It cannot be changed afterwards; your name stands beside it."


def choose_report(request: HttpRequest, pk: int) -> HttpResponse:
    offering = _offering(request, pk)
    kinds = [(kind, one.label) for kind, one in REPORTABLE.items()]
    return show(
        request, "report.html", title=f"Report a change of {offering.external_id}", offering=offering, kinds=kinds
    )


def report(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    offering = _offering(request, pk)
    if kind not in REPORTABLE:
        raise Http404(f"Nobody can report “{kind}”.")
    form = ReportForm(request.POST or None, kind=kind, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            found = _enter(request, offering, kind, form)
        except ValidationError as error:
            put_errors_into(form, error)
        else:
            _tell(request, found)
            return redirect("pages:model", slug=offering.model.slug)
    title = f"{offering.external_id}: {REPORTABLE[kind].label[:1].lower()}{REPORTABLE[kind].label[1:]}"
    lead = "It counts where no source knows better, and reaches everyone whose system uses the model."
    context = {"lead": lead, "form": form, "submit": "Report it", "note": _NOTE}
    return show(request, "form.html", title=title, status=status_of(request), **context)


def _offering(request: HttpRequest, pk: int) -> Offering:
    offering = get_object_or_404(Offering.objects.select_related("model"), pk=pk)
    if not can_report(person_of(request), offering):
        raise PermissionDenied
    return offering


def _enter(request: HttpRequest, offering: Offering, kind: str, form: ReportForm) -> Report:
    return report_change(
        offering,
        kind=kind,
        facts=form.facts,
        summary=form.cleaned_data["summary"],
        source_url=form.cleaned_data["source_url"],
        reported_by=person_of(request),
        now=timezone.now(),
    )


def _tell(request: HttpRequest, found: Report) -> None:
    if found.changes:
        messages.success(request, "Your report is entered. Within a minute everyone concerned is told.")
    else:
        messages.info(request, "That is known already: your report is kept, and nobody is told again.")
    for one in found.otherwise:
        messages.warning(request, _contradiction(one))


def _contradiction(one: Otherwise) -> str:
    if one.fact == "removed":
        return f"{one.source} listed it on {one.value:%d %B %Y}. Whether it is gone is for its own answers to show."
    name = one.fact.replace("_", " ")
    return f"{one.source} says otherwise and counts ({name}: {in_words(jsonable(one.value)) or 'none'}); your report is shown beside it."
