"""The question "what if they go?" as a form: everything in it can stand in an address, because asking changes nothing."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms

from governance.admin.pages.forms import day_field
from governance.whatif.question import Question
from registry.models import LicenseClass, Offering, Vendor

USUAL_NOTICE = timedelta(days=30)


class WordsField(forms.CharField):
    """Words divided by commas or white space; its value is a tuple."""

    def clean(self, value: Any) -> Any:
        return tuple(dict.fromkeys((super().clean(value) or "").replace(",", " ").split()))


class WhatIfForm(forms.Form):
    """What `Question` takes."""

    vendors = forms.MultipleChoiceField(
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text="Each with all that belongs to it, and every model made from one of its models.",
    )
    gone_on = day_field(label="Gone from", help_text="The days until then are the notice that you have to switch.")
    countries = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    hosts = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    license_classes = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, choices=LicenseClass.choices
    )
    models = WordsField(
        max_length=2000,
        required=False,
        help_text="Short names, as in the address of a model's page, divided by commas.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vendors = Vendor.objects.filter(is_self=False).order_by("name")
        self._offer("vendors", vendors.values_list("slug", "name"))
        countries = vendors.exclude(country="").order_by("country").values_list("country", flat=True).distinct()
        self._offer("countries", ((country, country) for country in countries))
        hosts = (
            Offering.objects.exclude(provider__is_self=True).order_by("host").values_list("host", flat=True).distinct()
        )
        self._offer("hosts", ((host, host) for host in hosts))

    def _offer(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = list(choices)

    @property
    def question(self) -> Question:
        """What was asked, of a form that is valid."""
        given = self.cleaned_data
        lists = {name: tuple(given[name]) for name in ("vendors", "countries", "hosts", "license_classes", "models")}
        return Question(gone_on=given["gone_on"], **lists)


def first_day(today: date) -> dict[str, str]:
    """What the form is filled in with before anybody asks."""
    return {"gone_on": (today + USUAL_NOTICE).isoformat()}
