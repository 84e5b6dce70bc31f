"""Models, offerings and what people call them."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import Count, Q, QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter
from unfold.decorators import display

from registry.admin.base import STATE_LABELS, EvidenceRows, RegisterAdmin, Rows
from registry.models import AIModel, Alias, LineageEdge, Offering, Revision
from registry.ownership import lineage_of, model_of, tell_lineage, tell_model
from registry.records import JSON


class Offerings(EvidenceRows):
    model = Offering
    fields = ("host", "external_id", "kind", "status", "gating", "retires_on")
    readonly_fields = fields
    ordering = ("host", "external_id")


class Bases(Rows):
    model = LineageEdge
    fk_name = "child"
    autocomplete_fields = ("base",)
    verbose_name_plural = "base models (lineage)"

    def _may_edit_parent(self, request: HttpRequest, obj: models.Model | None) -> bool:
        return super()._may_edit_parent(request, obj) and request.user.has_perm("registry.assert_lineage", obj)


class AIModelForm(forms.ModelForm):  # type: ignore[type-arg]  # Django's class takes no argument at run time
    """The register's facts of a model. Withdrawing it is no fact: other people decide that."""

    def clean_state(self) -> str:
        state = str(self.cleaned_data["state"])
        if state == AIModel.State.WITHDRAWN != self.initial.get("state"):
            raise ValidationError("A model is withdrawn by a decision: choose Retire on its page.")
        return state


@admin.register(AIModel)
class AIModelAdmin(RegisterAdmin):
    form = AIModelForm
    list_display = ("card", "developer", "owner", "task", "offering_total", "use_total", "state_label", "lineage_label")
    list_display_links = None
    list_filter = (
        "state",
        "lineage_status",
        "task",
        ("developer", AutocompleteSelectFilter),
        ("owner", AutocompleteSelectFilter),
    )
    list_select_related = ("developer", "owner")
    search_fields = ("name", "slug", "developer__name", "offerings__external_id", "offerings__aliases__text")
    autocomplete_fields = ("developer", "owner", "deputy")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (Bases, Offerings)
    fieldsets = (
        (None, {"fields": ("name", "slug", "developer", "state", "owner", "deputy", "description")}),
        (
            "Capabilities",
            {
                "fields": (
                    "task",
                    ("input_modalities", "output_modalities"),
                    "languages",
                    ("context_length", "embedding_dimension", "supports_tools"),
                    "output_formats",
                )
            },
        ),
        ("Lineage", {"fields": ("lineage_status", "lineage_source")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: AIModel | None = None) -> tuple[str, ...]:
        """Lineage decides what counts as independent, so it is not for whoever has to pass with the model to state, nor is
        the developer that it is asserted of. And what other people decided to withdraw its owner does not list again.
        """
        if request.user.has_perm("registry.assert_lineage", obj):
            return ()
        withdrawn = ("state",) if obj is not None and obj.state == AIModel.State.WITHDRAWN else ()
        return ("lineage_status", "lineage_source", *(("developer",) if obj is not None else ()), *withdrawn)

    def save_model(self, request: HttpRequest, obj: AIModel, form: "ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        self._lineage_before(request, lineage_of(obj))
        if {"lineage_status", "lineage_source"} & set(form.changed_data):
            if not request.user.has_perm("registry.assert_lineage", obj):
                raise PermissionDenied
            obj.lineage_asserted_by, obj.lineage_asserted_at = request.user, timezone.now()  # type: ignore[assignment]  # admin_view lets nobody in without an account
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: "ModelForm[Any]", formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        for row in formset.forms:
            if isinstance(row.instance, LineageEdge) and row.has_changed():
                row.instance.asserted_by, row.instance.asserted_at = request.user, timezone.now()  # type: ignore[assignment]  # as above
        super().save_formset(request, form, formset, change)

    def save_related(
        self,
        request: HttpRequest,
        form: "ModelForm[Any]",
        formsets: "list[BaseFormSet[Any]]",
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        """Whoever depends on a model whose lineage was stated anew is told, in the transaction of the save."""
        super().save_related(request, form, formsets, change)
        before = self._lineage_before(request)
        tell_lineage(form.instance, before=before, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # as above

    def _lineage_before(self, request: Any, lineage: JSON | None = None) -> JSON:
        """What `save_model` found, kept with the request until its rows are saved as well."""
        if lineage is not None:
            request.lineage_before = lineage
        kept: JSON = request.lineage_before
        return kept

    def get_queryset(self, request: HttpRequest) -> QuerySet[AIModel]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                offering_count=Count("offerings", distinct=True),
                use_count=Count(
                    "offerings__dependencies", filter=Q(offerings__dependencies__ended_on=None), distinct=True
                ),
            )
        )

    @display(description="Model", ordering="name")
    def card(self, model: AIModel) -> SafeString:
        return format_html('<a class="us-link" href="/models/{}/">{}</a>', model.slug, model.name)

    @display(description="Offerings", ordering="offering_count")
    def offering_total(self, model: AIModel) -> int:
        return model.offering_count  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Uses", ordering="use_count")
    def use_total(self, model: AIModel) -> int:
        return model.use_count  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Register", ordering="state", label=STATE_LABELS)
    def state_label(self, model: AIModel) -> tuple[str, str]:
        return model.state, model.get_state_display()

    @display(
        description="Lineage",
        ordering="lineage_status",
        label={"asserted_root": "success", "complete": "success", "partial": "warning", "unknown": "danger"},
    )
    def lineage_label(self, model: AIModel) -> tuple[str, str]:
        return model.lineage_status, model.get_lineage_status_display()


class Aliases(Rows):
    model = Alias
    autocomplete_fields = ("system",)


class Revisions(Rows):
    model = Revision
    fields = ("revision", "license", "license_as_given", "license_file_sha256", "observed_at")
    autocomplete_fields = ("license",)
    verbose_name_plural = "revisions and their license"


@admin.register(Offering)
class OfferingAdmin(RegisterAdmin):
    list_display = ("external_id", "host", "model", "kind", "status_label", "gating", "retires_on", "use_total")
    list_filter = (
        "kind",
        "status",
        "gating",
        "host",
        ("retires_on", RangeDateFilter),
        ("provider", AutocompleteSelectFilter),
    )
    list_select_related = ("model",)
    search_fields = ("external_id", "model__name", "aliases__text")
    autocomplete_fields = ("model", "provider")
    inlines = (Aliases, Revisions)
    readonly_fields = ("as_of",)
    fieldsets = (
        (None, {"fields": ("model", ("host", "external_id"), ("kind", "provider"))}),
        ("Upstream", {"fields": (("status", "gating"), ("deprecated_on", "retires_on"), "as_of")}),
        ("Identity", {"fields": ("upstream_id", "head_revision")}),
        ("Price", {"fields": (("input_price", "output_price"),)}),
    )

    def save_model(self, request: HttpRequest, obj: Offering, form: "ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Whoever uses what is another model's from now on is told, in the transaction of the save."""
        before = model_of(obj)
        super().save_model(request, obj, form, change)
        tell_model(obj, before=before, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # as above

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offering]:
        return (
            super()
            .get_queryset(request)
            .with_as_of()
            .annotate(use_count=Count("dependencies", filter=Q(dependencies__ended_on=None), distinct=True))
        )

    @display(description="Facts as of", empty_value="never observed")
    def as_of(self, offering: Offering) -> datetime | None:
        """When a source last confirmed them, by itself or with the section that lists it."""
        return getattr(offering, "as_of", None)

    @display(description="Status", ordering="status", label=STATE_LABELS)
    def status_label(self, offering: Offering) -> tuple[str, str]:
        return offering.status, offering.get_status_display()

    @display(description="Uses", ordering="use_count")
    def use_total(self, offering: Offering) -> int:
        return offering.use_count  # type: ignore[attr-defined]  # annotated in get_queryset


@admin.register(Alias)
class AliasAdmin(RegisterAdmin):
    list_display = ("text", "namespace", "offering", "system", "is_floating")
    list_filter = ("namespace", "is_floating")
    list_select_related = ("offering", "system")
    search_fields = ("text", "offering__external_id")
    autocomplete_fields = ("offering", "system")
