"""Fields as our pages show them: plain widgets, labels and errors that name what to do."""

from typing import Any, cast

from django import forms

from governance.admin.pages.refs import OfferingRefField
from governance.permissions import can_decide
from registry.models import (
    AIModel,
    Change,
    Dependency,
    Distribution,
    Incident,
    ProposedSignal,
    Severity,
    System,
    User,
    Vendor,
)


def day_field(**options: Any) -> forms.DateField:
    """A day. The browser's date field reads no other form than ISO, in whatever form it shows the day."""
    return forms.DateField(widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **options)


def long_text(**options: Any) -> forms.CharField:
    return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=20_000, **options)


def due_field() -> forms.DateField:
    """By when a proposal should be decided."""
    return day_field(
        label="Decide by",
        required=False,
        help_text="Reviewers see it in their queue; empty: half of the time there is.",
    )


class AdoptionForm(forms.Form):
    """What `proposals.propose_adoption` takes."""

    offering = OfferingRefField(label="Model, as you call it")
    revision = forms.CharField(
        max_length=64, required=False, help_text="To adopt one revision alone; empty: whichever a system uses."
    )
    purpose = forms.SlugField(help_text="One word that the organisation uses again: embedding, chat, reranking, …")
    distribution = forms.ChoiceField(choices=Distribution.choices)
    reason = long_text(help_text="Why this model, and what you tried it on. The reviewer sees it beside the facts.")
    due_on = due_field()


class WaiverForm(forms.Form):
    """What `proposals.propose_waiver` takes, for one dependency or a whole system."""

    rule = forms.CharField(max_length=5, help_text="The code of the rule, such as UD401.")
    system = forms.ModelChoiceField(
        System.objects.all(),
        required=False,
        empty_label="–",
        help_text="Whatever it depends on; or choose a single dependency below.",
    )
    dependency = forms.ModelChoiceField(
        Dependency.objects.current().select_related("system", "offering", "environment"),
        required=False,
        empty_label="–",
    )
    until = day_field(help_text="A waiver always ends.")
    reason = long_text(help_text="Why the rule cannot be kept now.")
    compensating_measure = long_text(help_text="What makes it bearable until then.")
    due_on = due_field()

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        """Offers what the person may propose for: their teams' systems, or everything to a reviewer."""
        super().__init__(*args, **kwargs)
        if not (person.is_superuser or can_decide(person)):
            mine = System.objects.owned_by(person)
            self._narrow("system", {"pk__in": mine})
            self._narrow("dependency", {"system__in": mine})

    def _narrow(self, name: str, lookup: dict[str, Any]) -> None:
        field = cast("forms.ModelChoiceField[Any]", self.fields[name])
        field.queryset = field.queryset.filter(**lookup) if field.queryset is not None else None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("system")) == bool(data.get("dependency")):
            self.add_error("dependency", "Choose one: a dependency, or the whole system.")
        return data


class RetirementForm(forms.Form):
    """What `proposals.propose_retirement` takes beside the model."""

    reason = long_text(help_text="Why nobody should use it any more.")
    due_on = due_field()


class BlockForm(forms.Form):
    """What `blocks.block` takes: exactly one of vendor, model and offering."""

    vendor = forms.ModelChoiceField(Vendor.objects.standing(), required=False, empty_label="–")
    model = forms.ModelChoiceField(
        AIModel.objects.all(),
        required=False,
        to_field_name="slug",
        widget=forms.TextInput,
        help_text="Its short name, as in the address of its page.",
    )
    offering = OfferingRefField(required=False)
    reason = long_text(help_text="Every check that meets the block shows this.")
    until = day_field(required=False, help_text="The last day; empty: until somebody lifts it.")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if sum(bool(data.get(name)) for name in ("vendor", "model", "offering")) != 1:
            raise forms.ValidationError("Choose exactly one: a vendor, a model or an offering.")
        return data


class NewsForm(forms.Form):
    """What `registry.reports.report_vendor_signal` takes."""

    vendor = forms.ModelChoiceField(Vendor.objects.standing(), to_field_name="slug", empty_label="Choose the vendor")
    summary = forms.CharField(
        max_length=Change._meta.get_field("summary").max_length,
        label="What happened?",
        help_text="One sentence. It is the subject of what people are told.",
    )
    source_url = forms.URLField(
        max_length=Change._meta.get_field("evidence_url").max_length,
        label="Where can it be read?",
        assume_scheme="https",
        help_text="The address of the article or announcement.",
    )
    severity = forms.ChoiceField(choices=Severity.choices, initial=Severity.WARNING)


class LiftForm(forms.Form):
    reason = long_text(help_text="What has changed since it was blocked.")


class ReleaseForm(forms.Form):
    """What `incidents.release` takes."""

    note = forms.CharField(
        max_length=Incident._meta.get_field("note").max_length,
        required=False,
        help_text="How you know that it is true. Kept with the decision.",
    )


class DismissForm(ReleaseForm):
    """What `incidents.dismiss` takes."""

    note = forms.CharField(
        max_length=Incident._meta.get_field("note").max_length,
        help_text="How you know that it is wrong. Kept with the decision, and the others are told.",
    )


class DismissSignalForm(forms.Form):
    """What `vendor_signals.dismiss` takes."""

    note = forms.CharField(
        max_length=ProposedSignal._meta.get_field("note").max_length,
        help_text="Why it is no sign of an end. Kept with the decision.",
    )


class SignalForm(DismissSignalForm):
    """What `vendor_signals.accept` takes."""

    field_order = ("severity", "note")

    severity = forms.ChoiceField(choices=Severity.choices, initial=Severity.WARNING)
    note = forms.CharField(
        max_length=ProposedSignal._meta.get_field("note").max_length,
        required=False,
        help_text="What you know beyond the numbers. Everyone who is told reads it behind the sentence.",
    )


class DecisionForm(forms.Form):
    """The answer to a proposal. `state_digest` is of the facts that the page showed."""

    verdict = forms.ChoiceField(choices=[("approve", "Approve"), ("reject", "Reject")])
    comment = long_text(required=False, help_text="Kept with the decision; say why when you reject.")
    state_digest = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("verdict") == "reject" and not data.get("comment"):
            self.add_error("comment", "Say why, so that the proposer knows what to change.")
        return data


class ActionForm(forms.Form):
    """What a person does with an action: take note, put it off with a reason and a day, or finish it."""

    STEPS = (("acknowledge", "Acknowledge"), ("snooze", "Snooze"), ("done", "Done"))

    step = forms.ChoiceField(choices=STEPS)
    reason = forms.CharField(max_length=300, required=False)
    until = day_field(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("step") == "snooze" and not data.get("until") and "until" not in self.errors:
            self.add_error("until", "Say until when.")
        return data
