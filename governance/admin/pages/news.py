"""News of a vendor that no feed brings: a person enters it, with where it can be read."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from governance.admin.pages.forms import NewsForm
from governance.admin.pages.frame import person_of, put_errors_into, show, status_of
from governance.reports import report_vendor_signal
from registry.models import Change

_LEAD = "What a vendor does or says that no feed brings. It reaches whoever uses a model that leads back to the vendor."
_NOTE = "It cannot be changed afterwards; your name stands beside it."


def news(request: HttpRequest) -> HttpResponse:
    if not person_of(request).has_perm("registry.add_change"):
        raise PermissionDenied
    form = NewsForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            change = _report(request, form)
        except ValidationError as error:
            put_errors_into(form, error)
        else:
            told = f"The news of {change.vendor} is entered. Within a minute everyone concerned is told."
            messages.success(request, told)
            return redirect("pages:home")
    context = {"lead": _LEAD, "form": form, "submit": "Report the news", "note": _NOTE}
    return show(request, "form.html", title="Report news of a vendor", status=status_of(request), **context)


def _report(request: HttpRequest, form: NewsForm) -> Change:
    return report_vendor_signal(reported_by=person_of(request), now=timezone.now(), **form.cleaned_data)
