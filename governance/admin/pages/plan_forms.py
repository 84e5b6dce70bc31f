"""The form of a plan revision and its rows of alternatives."""

from typing import Any

from django import forms

from governance.admin.pages.forms import day_field, long_text
from governance.admin.pages.refs import OfferingRefField
from governance.drills import means_reindexing
from governance.plans import Asks
from governance.shortfalls import limits
from registry.models import Alternative, Dependency, Offering, PlanRevision, System, Vendor
from registry.refs import Wanted, resolve

TEXTS = ("trigger", "switch_procedure", "switched_by", "rollback", "reindex_plan")
ASKS = tuple(Asks.__annotations__)
SUGGESTIONS = "suggested-offerings"


class PlanForm(forms.Form):
    """What `plans.draft_revision` takes besides the alternatives."""

    trigger = long_text(label="When do we switch?", help_text="What you see when it is time, and where you see it.")
    switch_procedure = long_text(label="How?", help_text="Step by step, with changes to prompts or formats.")
    switched_by = forms.CharField(label="Who does it?", max_length=120)
    rollback = long_text(label="How do we go back?", required=False)
    reindex_plan = long_text(
        label="How is the index rebuilt?",
        required=False,
        help_text="Another embedding model always means re-indexing, even at the same dimension.",
    )

    drill_every_days = forms.IntegerField(
        required=False, min_value=1, label="Drill again after", help_text="Days. Empty: as often as policy says."
    )
    least_score_share = forms.FloatField(
        required=False, min_value=0, label="Least score", help_text="As a share of the model in use: 0.95 is 95 %."
    )
    most_latency_ms = forms.FloatField(required=False, min_value=0, label="Highest median latency", help_text="In ms.")
    most_cost_usd = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=4,
        label="Highest cost",
        help_text="Of a drill, in USD.",
    )
    most_switch_time = forms.DurationField(
        required=False, label="Longest time to switch", help_text="From decision to service: [days] hh:mm:ss."
    )
    most_reindex_time = forms.DurationField(
        required=False, label="Longest time to re-index", help_text="[days] hh:mm:ss."
    )

    def __init__(self, *args: Any, dependency: Dependency, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if dependency.has_index:
            self.fields["reindex_plan"].required = True
        else:
            del self.fields["reindex_plan"], self.fields["most_reindex_time"]

    @property
    def texts(self) -> list[forms.BoundField]:
        return [self[name] for name in TEXTS if name in self.fields]

    @property
    def asks(self) -> list[forms.BoundField]:
        """What a drill has to reach, and how often."""
        return [self[name] for name in ASKS if name in self.fields]

    @property
    def asks_for_something(self) -> bool:
        return any(field.value() not in (None, "") or field.errors for field in self.asks)


class AlternativeForm(forms.Form):
    """One way out. What is needed depends on its kind, and each error names the field."""

    kind = forms.ChoiceField(choices=Alternative.Kind.choices, label="What takes over?")
    offering = OfferingRefField(
        label="Which model?",
        required=False,
        widget=forms.TextInput(attrs={"list": SUGGESTIONS, "autocomplete": "off"}),
        help_text="Pick a suggestion, or write it as your code calls it.",
    )
    pinned_revision = forms.CharField(label="Pinned revision", max_length=64, required=False)
    served_by = forms.ModelChoiceField(
        Vendor.objects.standing(), label="Served by", required=False, empty_label="its provider"
    )
    impact_statement = long_text(
        label="What do users lose?", required=False, help_text="Required where no model takes over."
    )

    def __init__(self, *args: Any, system: System | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["offering"].system = system  # type: ignore[attr-defined]  # refs may mean something else within a system

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        is_model = data.get("kind") == Alternative.Kind.OFFERING
        if is_model and not data.get("offering") and "offering" not in self.errors:
            self.add_error("offering", "Say which model takes over.")
        if not is_model and data.get("offering"):
            self.add_error("offering", "Leave this empty: no model takes over here.")
        if not is_model and not data.get("impact_statement"):
            self.add_error("impact_statement", "Say what users lose while no model does this.")
        return data


AlternativeForms = forms.formset_factory(
    AlternativeForm, extra=0, min_num=1, validate_min=True, can_order=True, can_delete=True, max_num=9
)


def initial_of(
    revision: PlanRevision | None, *, also: str = "", system: System
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The texts and the alternatives to begin the next revision with; `also` is the ref of one to put at the end."""
    added = [_way_to(also, system=system)] if also else []
    if revision is None:
        return {}, added or [{}]
    texts = {name: getattr(revision, name) for name in (*TEXTS, *ASKS)}
    return texts, [*_ways_of(revision), *added] or [{}]


def _ways_of(revision: PlanRevision) -> list[dict[str, Any]]:
    return [
        {
            "kind": way.kind,
            "offering": way.offering,
            "pinned_revision": way.pinned_revision,
            "served_by": way.served_by_id,
            "impact_statement": way.impact_statement,
        }
        for way in revision.alternatives.all()
    ]


def _way_to(ref: str, *, system: System) -> dict[str, Any]:
    """An alternative pinned to the revision that the ref names, else to the newest one of its offering."""
    resolution = resolve([Wanted(ref)], system=system)[0]
    if resolution.offering_id is None:
        return {"offering": ref}
    head = Offering.objects.get(pk=resolution.offering_id).head_revision
    return {"offering": ref, "pinned_revision": resolution.revision or head}


def alternatives_from(forms_: Any) -> list[dict[str, Any]]:
    """The rows in the order that was asked for, without those to be removed, as `plans.draft_revision` takes them."""
    kept = ("kind", "offering", "pinned_revision", "served_by", "impact_statement")
    return [{name: row.cleaned_data[name] for name in kept} for row in forms_.ordered_forms]


def with_one_more(data: Any, *, prefix: str) -> Any:
    """The posted form with an empty row at its end."""
    more = data.copy()
    count = int(more.get(f"{prefix}-TOTAL_FORMS") or 0)
    more[f"{prefix}-TOTAL_FORMS"] = str(count + 1)
    more[f"{prefix}-{count}-ORDER"] = str(count + 1)
    return more


class DrillForm(forms.Form):
    """What `drills.record_drill` takes. Whether it passed is computed; only a failure that no number shows is said."""

    drilled_on = day_field(label="Drilled on")
    suite = forms.CharField(label="What was run", max_length=200)
    answered_by = forms.CharField(
        required=False,
        max_length=300,
        label="Which model really answered",
        help_text="As its answers name it: a gateway may have answered with another model than the one you meant. "
        "Needed, unless it failed.",
    )
    primary_score = forms.FloatField(required=False, label="Score of the model in use")
    alternative_score = forms.FloatField(required=False, label="Score of the alternative")
    latency_ms = forms.FloatField(required=False, min_value=0, label="Median latency, ms")
    cost_usd = forms.DecimalField(required=False, min_value=0, max_digits=12, decimal_places=4, label="Cost, USD")
    switch_time = forms.DurationField(
        required=False, label="Time to switch", help_text="Measured, from decision to service: [days] hh:mm:ss."
    )
    reindex_time = forms.DurationField(
        required=False, label="Time to re-index", help_text="Measured: [days] hh:mm:ss. Needed, unless it failed."
    )
    run_url = forms.URLField(required=False, label="Evidence", assume_scheme="https", help_text="Where the run is.")
    failed_because = long_text(
        required=False,
        label="What failed that no number shows?",
        help_text="Empty: the numbers decide. With a word here the drill has failed, whatever they say.",
    )
    # So that a form that is sent twice records one drill.
    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)

    def __init__(self, *args: Any, alternative: Alternative, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not means_reindexing(alternative):
            del self.fields["reindex_time"]
        if alternative.kind != Alternative.Kind.OFFERING:
            del self.fields["answered_by"]
        for name, limit in limits(alternative.plan_revision).items():
            if name in self.fields:
                field = self.fields[name]
                field.help_text = f"{field.help_text} The plan asks for {limit}.".strip()
