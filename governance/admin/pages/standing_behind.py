"""Who stands behind a model: stating what it was made from, and merging two vendors that are one. For stewards."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from governance import standing_behind
from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.refused import Refused
from registry.assertions import LONGEST_SOURCE
from registry.models import AIModel, LineageEdge, Vendor


class LineageForm(forms.Form):
    """What `standing_behind.assert_lineage` takes."""

    statement = forms.ChoiceField(
        label="What do you state?",
        choices=[
            ("base", "It was made from the model below"),
            ("root", "It was made from no other model"),
            ("not_base", "It was not made from the model below"),
        ],
    )
    base = forms.ModelChoiceField(
        AIModel.objects.all(),
        to_field_name="slug",
        required=False,
        widget=forms.TextInput,
        label="The other model",
        help_text="Its short name, as in the address of its page.",
    )
    relation = forms.ChoiceField(
        choices=[("", "–"), *LineageEdge.Relation.choices], required=False, label="What was done with it"
    )
    is_all = forms.BooleanField(
        required=False, label="With this one, all its bases are entered", help_text="Else its lineage stays open."
    )
    source = forms.CharField(
        max_length=LONGEST_SOURCE,
        label="Who states it, and where?",
        help_text="Model card, paper, letter: with its address.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("statement") in {"base", "not_base"}:
            for name, missing in (("base", "Name the model."), ("relation", "Say what was done with it.")):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, missing)
        return data


class MergeForm(forms.Form):
    """What `standing_behind.merge_vendors` takes."""

    into = forms.ModelChoiceField(
        Vendor.objects.standing(), to_field_name="slug", label="It is", empty_label="Choose the vendor that stays"
    )
    reason = forms.CharField(max_length=300, help_text="How you know. Everyone who is told reads it.")

    def __init__(self, *args: Any, gone: Vendor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].queryset = Vendor.objects.standing().exclude(pk=gone.pk)  # type: ignore[attr-defined]  # a choice among rows


def lineage(request: HttpRequest, slug: str) -> HttpResponse:
    model, person = get_object_or_404(AIModel, slug=slug), person_of(request)
    if not person.has_perm("registry.assert_lineage", model):
        raise PermissionDenied
    form = LineageForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            change = standing_behind.assert_lineage(model, by=person, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            put_into(form, refused)
        else:
            told = " Within a minute everyone concerned is told." if change else ""
            messages.success(request, f"It is entered with your name.{told}")
            return redirect("pages:model", slug=model.slug)
    return show(
        request,
        "form.html",
        title=f"State the lineage of {model}",
        lead="What a model was made from decides whose model it is, and so what is independent of it.",
        note="It is audited and shown on the model's page with your name. Approvals that rest on another lineage end.",
        form=form,
        submit="State it",
        status=status_of(request),
    )


def merge(request: HttpRequest, slug: str) -> HttpResponse:
    gone, person = get_object_or_404(Vendor, slug=slug), person_of(request)
    if not person.has_perm("registry.merge_vendor", gone):
        raise PermissionDenied
    form = MergeForm(request.POST or None, gone=gone, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        into = form.cleaned_data["into"]
        try:
            standing_behind.merge_vendors(gone, into, reason=form.cleaned_data["reason"], by=person, now=timezone.now())
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, f"{gone} is {into} now. Within a minute everyone concerned is told.")
            return redirect("pages:vendor", slug=into.slug)
    return show(
        request,
        "form.html",
        title=f"Merge {gone} into another vendor",
        lead=f"For one that was entered twice, was renamed, or became the other. {_what_goes_over(gone)}",
        note="It cannot be taken back in one step. If the two only have one owner, set that as parent instead.",
        form=form,
        submit="Merge",
        status=status_of(request),
    )


def _what_goes_over(gone: Vendor) -> str:
    models, places = gone.models.count(), gone.offerings.count()
    return (
        f"Its models ({models}), places ({places}), names and subsidiaries go over; its history stays, and its address "
        "leads to the other."
    )
