"""Forms about the policy and about break-glass."""

from typing import Any, cast

from django import forms

from governance import break_glass
from governance.admin.pages.forms import long_text
from governance.models import BreakGlass
from governance.permissions import can_decide
from governance.rules.policy_text import LONGEST_TEXT
from registry.models import Environment, System, User


class PolicyForm(forms.Form):
    """What `policies.change` takes; a trial needs the text alone."""

    text = forms.CharField(
        label="policy.toml",
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "class": "us-code", "spellcheck": "false"}),
        help_text="What is not written stays as it is built in. Comments are kept.",
    )
    reason = long_text(help_text="Why. Whoever reads the history, or decides on it, reads this.")
    in_force_from = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        help_text="UTC; empty: as soon as it may.",
    )

    def __init__(self, *args: Any, is_trial: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = not is_trial


class BreakGlassForm(forms.Form):
    """What `break_glass.open_glass` takes."""

    system = forms.ModelChoiceField(System.objects.all(), to_field_name="slug", empty_label="Choose the system")
    environment = forms.ModelChoiceField(
        Environment.objects.all(), to_field_name="slug", empty_label="Choose the environment"
    )
    hours = forms.IntegerField(min_value=1, max_value=break_glass.LONGEST_HOURS, initial=4)
    reason = long_text(help_text="What cannot wait, and why. Everybody sees it, and the reviewer asks about it.")

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        """Offers the systems that the person may open."""
        super().__init__(*args, **kwargs)
        if not can_decide(person):
            field = cast("forms.ModelChoiceField[Any]", self.fields["system"])
            field.queryset = System.objects.owned_by(person)


class ReviewForm(forms.Form):
    """What `break_glass.review` takes."""

    verdict = forms.ChoiceField(choices=[("", "Choose"), *BreakGlass.Verdict.choices])
    review = long_text(label="What came of it", help_text="And what is done so that it is not needed again.")
