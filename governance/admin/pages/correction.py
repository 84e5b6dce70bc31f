"""A person puts a fact right, and lifts that again."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import corrections
from governance.admin.pages.frame import person_of, put_errors_into, show, status_of
from governance.admin.pages.word_forms import CorrectionForm
from governance.headlines import in_words
from governance.permissions import can_correct
from governance.refused import Refused
from registry.correctable import CORRECTABLE
from registry.models import Correction, Offering
from registry.present import present_facts
from registry.records import jsonable


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that can be put right, what counts for it now, and the correction that makes it so."""

    name: str
    label: str
    value: str
    correction: Correction | None


def facts_of(offering: Offering, *, now: datetime) -> list[Fact]:
    """Each fact that can be corrected; those of the model with a correction made at another of its offerings."""
    present = present_facts(offering, now=now)
    standing = Correction.objects.in_force(now.date()).select_related("made_by")
    own = {one.fact: one for one in standing.filter(offering=offering)}
    shared = {one.fact: one for one in standing.filter(offering__model=offering.model_id)}
    return [
        Fact(name, one.label, _shown(getattr(present, name)), (shared if one.is_of_model else own).get(name))
        for name, one in CORRECTABLE.items()
    ]


def _shown(value: Any) -> str:
    return in_words(jsonable(value)) or "–"


def choose_correction(request: HttpRequest, pk: int) -> HttpResponse:
    offering = _offering(request, pk)
    facts = facts_of(offering, now=timezone.now())
    title = f"Correct a fact about {offering.external_id}"
    return show(request, "correct.html", title=title, offering=offering, facts=facts)


def correct(request: HttpRequest, pk: int, fact: str) -> HttpResponse:
    offering = _offering(request, pk)
    if fact not in CORRECTABLE:
        raise Http404(f"Nobody can correct “{fact}”.")
    now = timezone.now()
    form = CorrectionForm(request.POST or None, fact=fact, today=now.date())
    if request.method == "POST" and form.is_valid():
        try:
            made = _enter(request, offering, fact, form, now=now)
        except ValidationError as error:
            put_errors_into(form, error)
        else:
            messages.success(request, f"Corrected: it counts from now on, until {made.ends_on:%d %B %Y}.")
            return redirect("pages:model", slug=offering.model.slug)
    now_counts = next(one.value for one in facts_of(offering, now=now) if one.name == fact)
    lead = f"{CORRECTABLE[fact].label} of {offering.external_id}; what counts now: {now_counts}."
    note = (
        "It stands above every source, in the gate too. Who made it, why and until when is shown beside it and audited."
    )
    context = {"lead": lead, "form": form, "submit": "Correct it", "note": note}
    return show(request, "form.html", title="Correct a fact", status=status_of(request), **context)


def lift(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Correction.objects.select_related("offering__model", "made_by"), pk=pk)
    _require_right(request, row.offering)
    if request.method == "POST":
        try:
            corrections.lift(row, by=person_of(request), now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "The correction is lifted: what sources say counts again.")
        return redirect("pages:model", slug=row.offering.model.slug)
    label = CORRECTABLE[row.fact].label
    return show(request, "lift_correction.html", title="Lift a correction", correction=row, label=label)


def _enter(request: HttpRequest, offering: Offering, fact: str, form: CorrectionForm, *, now: datetime) -> Correction:
    given = form.cleaned_data
    return corrections.correct(
        offering,
        fact=fact,
        value=_as_written(given["value"]),
        reason=given["reason"],
        evidence_url=given["evidence_url"],
        ends_on=given["ends_on"],
        by=person_of(request),
        now=now,
    )


def _as_written(value: Any) -> Any:
    return str(value) if isinstance(value, date | Decimal) else value


def _offering(request: HttpRequest, pk: int) -> Offering:
    offering = get_object_or_404(Offering.objects.select_related("model"), pk=pk)
    _require_right(request, offering)
    return offering


def _require_right(request: HttpRequest, offering: Offering) -> None:
    if not can_correct(person_of(request), offering):
        raise PermissionDenied
