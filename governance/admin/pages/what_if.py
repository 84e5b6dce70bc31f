"""What if they go? A question in the address, its answer, and the answers that were kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance.admin.pages.frame import person_of, put_errors_into, show
from governance.admin.pages.what_if_forms import WhatIfForm, first_day
from governance.models import WhatIfReport
from governance.whatif.answer import Document
from governance.whatif.ask import answer_document, save_report, title_of
from governance.whatif.sheet import csv_of

SHOWN_LINES = 100
SHOWN_REPORTS = 50


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one outcome, cut to what a page can show."""

    outcome: str
    title: str
    tone: str
    lines: list[Document]
    count: int


_GROUPS = (
    ("stops", "Stops", "bad"),
    ("degrades", "Degrades", "warn"),
    ("survives", "Survives", "good"),
)


def groups_of(document: Document, limit: int | None) -> list[Group]:
    """By outcome; `limit` None shows every line."""
    found = []
    for outcome, title, tone in _GROUPS:
        lines = [line for line in document["lines"] if line["outcome"] == outcome]
        found.append(Group(outcome, title, tone, lines[:limit], len(lines)))
    return found


def shown(document: Document, limit: int | None = SHOWN_LINES) -> dict[str, Any]:
    """What the templates need of an answer, live or kept."""
    return {
        "answer": document,
        "groups": groups_of(document, limit),
        "best": next(iter(document["actions"]), None),
        "gone_on": date.fromisoformat(document["gone_on"]),
    }


def what_if(request: HttpRequest) -> HttpResponse:
    """Ask by GET; POST of the same question keeps the answer."""
    _refuse_who_may_not(request, "view")
    today = timezone.now().date()
    given = request.POST if request.method == "POST" else _asked(request.GET)
    form = WhatIfForm(given or None, initial=first_day(today))
    answer: dict[str, Any] = {}
    status = 200
    if form.is_bound and form.is_valid():
        try:
            if request.method == "POST":
                return _keep(request, form)
            answer = shown(answer_document(form.question, now=timezone.now()))
        except ValidationError as error:
            put_errors_into(form, error)
    if form.errors:
        status = 400
    title = title_of(answer["answer"]["asked"]) if answer else "What if they go?"
    context = answer | {"form": form, "query": given.urlencode() if given else "", "fields": list(given.lists())}
    return show(request, "what_if.html", title=title, status=status, reports=_reports()[:5], **context)


def _asked(query: QueryDict) -> QueryDict:
    """The question of an address; a link that names only what goes gets the usual notice."""
    if query and not query.get("gone_on"):
        query = query.copy()
        query["gone_on"] = first_day(timezone.now().date())["gone_on"]
    return query


def _keep(request: HttpRequest, form: WhatIfForm) -> HttpResponse:
    _refuse_who_may_not(request, "add")
    title = request.POST.get("title", "")
    row = save_report(form.question, title=title, by=person_of(request), now=timezone.now())
    return redirect("pages:what-if-report", pk=row.pk)


def _reports() -> Any:
    return (
        WhatIfReport.objects.select_related("created_by").annotate(counts=F("answer__counts")).defer("answer", "asked")
    )


def reports(request: HttpRequest) -> HttpResponse:
    _refuse_who_may_not(request, "view")
    rows = list(_reports()[:SHOWN_REPORTS])
    return show(request, "what_if_reports.html", title="Reports of what would happen", reports=rows)


def report(request: HttpRequest, pk: int) -> HttpResponse:
    _refuse_who_may_not(request, "view")
    row = get_object_or_404(WhatIfReport.objects.select_related("created_by"), pk=pk)
    limit = None if request.GET.get("all") else SHOWN_LINES
    again = urlencode({**row.asked, "gone_on": ""}, doseq=True)
    return show(request, "what_if_report.html", title=row.title, report=row, again=again, **shown(row.answer, limit))


def _json(document: Document) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False)


_EXPORTS: dict[str, tuple[str, Callable[[Document], str]]] = {
    "csv": ("text/csv; charset=utf-8", csv_of),
    "json": ("application/json", _json),
}


def export(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The whole answer as a file."""
    _refuse_who_may_not(request, "view")
    if form not in _EXPORTS:
        raise Http404
    row = get_object_or_404(WhatIfReport, pk=pk)
    content_type, write = _EXPORTS[form]
    response = HttpResponse(write(row.answer), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="what-if-{row.pk}.{form}"'
    return response


def _refuse_who_may_not(request: HttpRequest, action: str) -> None:
    if not person_of(request).has_perm(f"governance.{action}_whatifreport"):
        raise PermissionDenied
