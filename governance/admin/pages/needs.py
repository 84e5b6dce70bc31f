"""What a use needs of any model that does its work: said in a form, shown beside what each alternative offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from governance.admin.pages.frame import person_of, put_into, show, status_of
from governance.refused import Refused
from governance.rules.english import DISTRIBUTION, license_of
from governance.rules.facts import AlternativeFacts, HostFacts
from governance.rules.plan import PlanState
from governance.state_needs import state_needs
from registry.capabilities import BadNeeds, Capabilities, Fit, Match, Needs, compare, listed, read_needs
from registry.models import Dependency

_TONES = {Fit.MEETS: "us-good", Fit.LACKS: "us-bad", Fit.UNKNOWN: "us-warn"}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one alternative offers for one need."""

    match: Match

    @property
    def tone(self) -> str:
        return _TONES[self.match.fit]


@dataclass(frozen=True, slots=True)
class Row:
    need: str
    wanted: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class NeedsTable:
    """Needs by row and the models that could take over by column, with who serves each."""

    distribution: str
    names: tuple[str, ...]
    licenses: tuple[str, ...]
    hosts: tuple[str, ...]
    rows: tuple[Row, ...]


def table_of(needs: Needs, state: PlanState, *, distribution: str) -> NeedsTable:
    """What is needed beside what each alternative of the plan offers; ways that are no model need nothing."""
    ways = [standing.alternative for standing in state.standings if standing.alternative.offering is not None]
    columns = [compare(needs, way.offering.capabilities) for way in ways if way.offering is not None]
    # Without an alternative the needs still stand there.
    wanted = compare(needs, Capabilities())
    return NeedsTable(
        distribution=DISTRIBUTION[distribution],
        names=tuple(str(way) for way in ways),
        licenses=tuple(_license(way) for way in ways),
        hosts=tuple(served_by(way.host) for way in ways),
        rows=tuple(_row(one, [column[position] for column in columns]) for position, one in enumerate(wanted)),
    )


def _row(wanted: Match, matches: Sequence[Match]) -> Row:
    return Row(wanted.need, wanted.wanted, tuple(Cell(match) for match in matches))


def _license(way: AlternativeFacts) -> str:
    return license_of(way.offering.license_at(way.pinned_revision) if way.offering else None)


def served_by(host: HostFacts | None) -> str:
    """Who serves it: the vendor and its owners, ourselves, or that nobody has said so."""
    if host is None:
        return "not known"
    return "ourselves" if host.is_ourselves else listed(sorted(host.names.values(), key=str.casefold))


class WordsField(forms.CharField):
    """Words with commas between them; its value is the list of them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        return [word.strip() for word in super().clean(value).split(",") if word.strip()]


class NeedsForm(forms.Form):
    """What `registry.capabilities.Needs` holds. What is left empty is not asked for."""

    task = forms.CharField(
        required=False,
        max_length=50,
        help_text="As the Hub names it: feature-extraction, text-ranking, text-generation, …",
    )
    context_length = forms.IntegerField(
        required=False, min_value=1, label="Context length", help_text="At least so many tokens."
    )
    input_modalities = WordsField(required=False, label="Input", help_text="Such as text, image; with commas.")
    output_modalities = WordsField(required=False, label="Output", help_text="Such as text.")
    languages = WordsField(required=False, help_text="ISO 639 codes such as de, fr, or multilingual.")
    tools = forms.BooleanField(required=False, label="It calls tools")
    output_formats = WordsField(
        required=False, label="Output formats", help_text="What it has to keep to, such as json_schema."
    )
    embedding_dimension = forms.IntegerField(
        required=False,
        min_value=1,
        label="Embedding dimension",
        help_text="Only if the schema cannot change. Another model means building the index again at any dimension.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        stated = {name: value for name, value in data.items() if value not in (None, "", [])}
        try:
            self.needs = read_needs(stated)
        except BadNeeds as error:
            field = error.field.removeprefix("needs.")
            self.add_error(
                field if field in self.fields else None, str(error).removeprefix(f"{error.field}: ").capitalize()
            )
        return data


def needs(request: HttpRequest, pk: int) -> HttpResponse:
    shown = ("system", "environment", "offering__model")
    dependency = get_object_or_404(Dependency.objects.select_related(*shown), pk=pk)
    person = person_of(request)
    if not person.has_perm("registry.change_dependency", dependency):
        raise PermissionDenied
    form = NeedsForm(request.POST or None, initial=dependency.needs)
    if request.method == "POST" and form.is_valid():
        try:
            state_needs(dependency, form.needs, by=person)
        except Refused as refused:
            put_into(form, refused)
        else:
            messages.success(request, "Said. Every alternative is measured by it from now on.")
            return redirect("pages:plan", dependency.pk)
    return show(
        request,
        "form.html",
        title=f"What {dependency.purpose} needs in {dependency.system}",
        lead=f"Whatever model does the work of {dependency.offering.external_id} has to have this.",
        note="An alternative that lacks one of these does not hold (UD406). What nobody knows of it becomes a question.",
        form=form,
        submit="Keep it",
        status=status_of(request),
    )
