"""Everything that a person answers for on one page, each line with what changed since it was last confirmed."""

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.utils import timezone

from governance import attest as use_case
from governance.admin.pages.frame import person_of, show
from governance.attest import Subject
from governance.refused import Refused
from registry.models import AIModel, Dependency

_KINDS: dict[str, type[AIModel] | type[Dependency]] = {"model": AIModel, "dependency": Dependency}
_KEY = re.compile(r"(model|dependency):(\d{1,18}):([0-9a-f]{64})")


def attest(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        _confirm(request, request.POST.getlist("seen"))
        return redirect("pages:attest")
    lines = use_case.lines_for(person_of(request), now=timezone.now())
    return show(request, "attest.html", title="Confirm what you own", lines=lines)


def _confirm(request: HttpRequest, keys: list[str]) -> None:
    """Each by itself: one that changed meanwhile is said, and the others count."""
    confirmed = 0
    for key in keys:
        subject, seen = _parse(key)
        if subject is None:
            messages.error(request, "One of the lines is not in the register any more.")
            continue
        try:
            use_case.attest(subject, seen_digest=seen, by=person_of(request), now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            confirmed += 1
    if confirmed:
        messages.success(request, f"{confirmed} line{pluralize(confirmed)} confirmed as shown.")
    if not keys:
        messages.warning(request, "Tick the lines that you confirm.")


def _parse(key: str) -> tuple[Subject | None, str]:
    found = _KEY.fullmatch(key)
    if found is None:
        return None, ""
    kind, pk, seen = found.groups()
    return _KINDS[kind]._default_manager.filter(pk=int(pk)).first(), seen  # noqa: SLF001 - every model's manager
