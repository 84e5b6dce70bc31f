"""A form field in which an offering is written as it is written in code."""

from typing import Any
from urllib.parse import quote

from django import forms

from registry.models import Offering, System
from registry.refs import Wanted, resolve


def ref_of(offering: Offering) -> str:
    """A ref that resolves to this offering alone."""
    if offering.host == "huggingface":
        return f"pkg:huggingface/{quote(offering.external_id, safe='/')}"
    return f"pkg:generic/{offering.host}/{quote(offering.external_id, safe='/')}"


class OfferingRefField(forms.CharField):
    """A ref; its value is the offering. What cannot be resolved is said in the words of the resolver."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", "A Hub id, provider/model as your code calls it, or a package URL (pkg:…).")
        super().__init__(max_length=1000, **options)
        self.system: System | None = None

    def prepare_value(self, value: Any) -> Any:
        return ref_of(value) if isinstance(value, Offering) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        resolution = resolve([Wanted(text)], system=self.system)[0]
        if resolution.offering_id is None:
            raise forms.ValidationError(resolution.message)
        return Offering.objects.select_related("model").get(pk=resolution.offering_id)
