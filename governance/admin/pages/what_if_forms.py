"""The question "what if they go?" as a form: everything in it can stand in an address, because asking changes nothing."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import Q

from governance.admin.pages.forms import day_field
from governance.whatif.question import Question
from registry.models import LicenseClass, Offering, Vendor

USUAL_NOTICE = timedelta(days=30)
# More is no number of a row, and more than SQLite takes.
_DIGITS = 19


class WordsField(forms.CharField):
    """Words divided by commas or white space; its value is a tuple."""

    def clean(self, value: Any) -> Any:
        return tuple(dict.fromkeys((super().clean(value) or "").replace(",", " ").split()))


class OfferingsField(WordsField):
    """Offerings as people write them: the id at its place, `host/id` for one place alone, or our number; a tuple of numbers."""

    def clean(self, value: Any) -> Any:
        return tuple(dict.fromkeys(pk for word in super().clean(value) for pk in self._named(word)))

    def _named(self, word: str) -> list[int]:
        host, _, rest = word.partition("/")
        named = Q(external_key=word.casefold()) | Q(host=host, external_key=rest.casefold())
        named |= Q(pk=int(word)) if word.isascii() and word.isdecimal() and len(word) < _DIGITS else Q()
        found = list(Offering.objects.filter(named).order_by("pk").values_list("pk", flat=True))
        if not found:
            raise forms.ValidationError(f"There is no offering “{word}”: write its id as the place spells it.")
        return found


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
        help_text="Short names, as in the address of a model's page, divided by commas. At every place.",
    )
    offerings = OfferingsField(
        max_length=2000,
        required=False,
        label="Models at one place",
        help_text="Ids as the place spells them, such as gpt-5-2025-08-07, or azure/gpt-5-2025-08-07 for that place alone.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        vendors = Vendor.objects.standing().filter(is_self=False).order_by("name")
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
        kinds = ("vendors", "countries", "hosts", "license_classes", "models", "offerings")
        lists = {name: tuple(given[name]) for name in kinds}
        return Question(gone_on=given["gone_on"], **lists)


def first_day(today: date) -> dict[str, str]:
    """What the form is filled in with before anybody asks."""
    return {"gone_on": (today + USUAL_NOTICE).isoformat()}
