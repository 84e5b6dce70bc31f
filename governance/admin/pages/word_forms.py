"""Forms in which a person says what changed, or what is right; their fields follow from what is said."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django import forms

from governance.admin.pages.forms import day_field
from registry.correctable import CORRECTABLE
from registry.corrections import LONGEST
from registry.models import Change, Correction
from registry.reportable import REPORTABLE
from registry.words import LONGEST_ADDRESS

_USUAL_TERM = timedelta(days=90)
_NAME_LENGTH = 300
_GATED = [("manual", "by hand: somebody there decides"), ("auto", "automatically: who asks is let in")]
_GATING = [("open", "not gated"), *_GATED]
_YES_NO = [("", "–"), ("yes", "yes"), ("no", "no")]


def _flag(**options: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(choices=_YES_NO, coerce=lambda word: word == "yes", empty_value=None, **options)


def _whole(**options: Any) -> forms.IntegerField:
    return forms.IntegerField(min_value=1, **options)


def _price(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        min_value=0, decimal_places=6, max_digits=14, help_text="USD per million tokens.", **options
    )


def _name(**options: Any) -> forms.CharField:
    return forms.CharField(max_length=_NAME_LENGTH, help_text="As its place spells it.", **options)


def _license(**options: Any) -> forms.CharField:
    return forms.CharField(max_length=255, help_text="Its SPDX id, such as Apache-2.0.", **options)


def _gating(**options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=_GATING, **options)


_FIELDS: dict[str, Callable[..., forms.Field]] = {
    "retires_on": day_field,
    "is_retired": _flag,
    "deprecated_on": day_field,
    "is_deprecated": _flag,
    "is_disabled": _flag,
    "gating": _gating,
    "license": _license,
    "successor": _name,
    "input_price": _price,
    "output_price": _price,
    "context_length": _whole,
    "embedding_dimension": _whole,
    "supports_tools": _flag,
}
_REPORTED: dict[str, Callable[[], forms.Field]] = {
    "retires_on": lambda: day_field(label="When does it retire?", help_text="Its last day."),
    "deprecated_on": lambda: day_field(label="Since when?", required=False),
    "gating": lambda: forms.ChoiceField(choices=_GATED, label="How is access given?"),
    "license": lambda: _license(label="Which license is it now?"),
    "renamed_to": lambda: _name(label="What is it called now?"),
    "successor": lambda: _name(label="Which model follows it?", required=False),
    "input_price": lambda: _price(label="Input price now", required=False),
    "output_price": lambda: _price(label="Output price now", required=False),
}


def _source_url() -> forms.URLField:
    return forms.URLField(
        max_length=LONGEST_ADDRESS,
        label="Where can it be read?",
        assume_scheme="https",
        help_text="The address of the announcement, the vendor's page, the mail in your archive.",
    )


class ReportForm(forms.Form):
    """What `registry.reports.report_change` takes for one kind of change."""

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = REPORTABLE[kind].asks_for
        for name in self.asked:
            self.fields[name] = _REPORTED[name]()
            if REPORTABLE[kind].needs == (name,):
                self.fields[name].required = True
        self.fields["summary"] = forms.CharField(
            max_length=Change._meta.get_field("summary").max_length,
            label="What happened?",
            help_text="One sentence. It is kept with the change.",
        )
        self.fields["source_url"] = _source_url()

    @property
    def facts(self) -> dict[str, Any]:
        """What was told of the facts that the kind asks for."""
        return {name: self.cleaned_data[name] or None for name in self.asked}


class CorrectionForm(forms.Form):
    """What `governance.corrections.correct` takes for one fact."""

    none = forms.BooleanField(required=False, label="There is none")
    reason = forms.CharField(
        max_length=Correction._meta.get_field("reason").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Why is what sources say wrong?",
        help_text="Whoever sees the value sees this beside it.",
    )

    def __init__(self, *args: Any, fact: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one = CORRECTABLE[fact]
        value = _FIELDS[fact](label=f"{one.label}: what is right?", error_messages={"required": "Say what is right."})
        self.fields = {"value": value, **self.fields}
        if one.may_be_none:
            value.error_messages["required"] = "Say what is right, or that there is none."
            value.required = not self.data.get("none")
        else:
            del self.fields["none"]
        self.fields["evidence_url"] = _source_url()
        self.fields["ends_on"] = day_field(
            label="Until when?",
            initial=today + _USUAL_TERM,
            help_text=f"The last day on which it counts, at most {LONGEST.days} days ahead. Then sources speak again.",
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.pop("none", False) and data.get("value") is not None:
            if data["value"] != "":
                self.add_error("value", "Say what is right, or that there is none; not both.")
            data["value"] = None
        return data
