"""Systems, environments and dependencies."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from registry.admin.base import EvidenceRows, RegisterAdmin
from registry.models import Dependency, Environment, System

CRITICALITY_LABELS = {"critical": "danger", "important": "warning", "normal": "info", "experimental": "default"}


class Dependencies(EvidenceRows):
    model = Dependency
    fields = ("offering", "purpose", "environment", "served_by", "pinned_revision", "has_index", "ended_on")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dependency]:
        return super().get_queryset(request).select_related("offering", "environment", "served_by", "system")


@admin.register(System)
class SystemAdmin(RegisterAdmin):
    list_display = ("name", "gate", "team", "criticality_label", "distribution", "dependency_total")
    list_before_template = "understudy/lists/systems.html"
    list_filter = ("criticality", "distribution", ("team", AutocompleteSelectFilter))
    list_select_related = ("team",)
    search_fields = ("name", "slug", "team__name")
    autocomplete_fields = ("team",)
    prepopulated_fields = {"slug": ("name",)}
    inlines = (Dependencies,)

    def get_readonly_fields(self, request: HttpRequest, obj: System | None = None) -> tuple[str, ...]:
        """Tags decide on exceptions of the policy, and criticality and distribution on what it asks: the team that has to
        pass the gate does not change them, whatever else its people may do.
        """
        if request.user.has_perm("registry.weigh_system", obj):
            return ()
        return ("tags", *(System.WEIGHED_BY if obj is not None else ()))

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Who enters the own system is not offered what hardly anything is asked of."""
        if db_field.name == "criticality" and not request.user.has_perm("registry.weigh_system"):
            kwargs["choices"] = [one for one in db_field.choices if one[0] != System.Criticality.EXPERIMENTAL]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: System, form: "ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        # A new one names its team in the form itself.
        if (
            not change
            and obj.weighs_less_than_a_team_may_say
            and not request.user.has_perm("registry.weigh_system", obj)
        ):
            raise PermissionDenied
        super().save_model(request, obj, form, change)

    def get_queryset(self, request: HttpRequest) -> QuerySet[System]:
        return (
            super()
            .get_queryset(request)
            .annotate(dependency_count=Count("dependencies", filter=Q(dependencies__ended_on=None)))
        )

    @display(description="Gate")
    def gate(self, system: System) -> SafeString:
        return format_html('<a class="us-link" href="/systems/{}/gate/">Would it ship?</a>', system.slug)

    @display(description="Criticality", ordering="criticality", label=CRITICALITY_LABELS)
    def criticality_label(self, system: System) -> tuple[str, str]:
        return system.criticality, system.get_criticality_display()

    @display(description="Dependencies", ordering="dependency_count")
    def dependency_total(self, system: System) -> int:
        return system.dependency_count  # type: ignore[attr-defined]  # annotated in get_queryset


@admin.register(Environment)
class EnvironmentAdmin(RegisterAdmin):
    list_display = ("name", "slug", "environment_class")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}


class InUse(admin.SimpleListFilter):
    """Ended dependencies stay for history; a list of what is in use should not need to be asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002 - Django's signature
        return [("current", "In use"), ("ended", "Ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dependency]) -> QuerySet[Dependency]:  # noqa: ARG002 - Django's signature
        if self.value() == "current":
            return queryset.filter(ended_on=None)
        return queryset.exclude(ended_on=None) if self.value() == "ended" else queryset


@admin.register(Dependency)
class DependencyAdmin(RegisterAdmin):
    list_display = ("system", "offering", "purpose", "environment", "plan_link", "has_index", "ended_on")
    list_filter = (
        InUse,
        "environment",
        "purpose",
        "has_index",
        ("system", AutocompleteSelectFilter),
        ("offering", AutocompleteSelectFilter),
    )
    list_select_related = ("system", "offering", "environment", "fallback_plan")
    search_fields = ("system__name", "offering__external_id", "offering__model__name", "purpose")
    autocomplete_fields = ("system", "offering", "environment", "served_by")
    readonly_fields = ("declared_on", "needs_link")
    fieldsets = (
        (None, {"fields": (("system", "environment"), ("offering", "purpose"), ("served_by", "pinned_revision"))}),
        ("What it needs", {"fields": (("has_index", "needs_link"),)}),
        ("Our own copy", {"fields": ("held_copy_location", ("held_copy_digest", "held_copy_verified_on"))}),
        ("Life", {"fields": (("declared_on", "ended_on"),)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:  # noqa: ARG002 - Django's signature
        """What was decided for one use does not go over to another: that is another dependency."""
        return (*self.readonly_fields, *(Dependency.IDENTITY if obj is not None else ()))

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        """A dependency ends (`ended_on`); it is never deleted."""
        return False

    @display(description="Of any model", empty_value="Save it first.")
    def needs_link(self, dependency: Dependency) -> SafeString | None:
        if dependency.pk is None:
            return None
        text = ", ".join(dependency.needs) or "Nothing is stated"
        return format_html('{}. <a class="us-link" href="/dependencies/{}/needs/">Say what</a>', text, dependency.pk)

    @display(description="Plan")
    def plan_link(self, dependency: Dependency) -> SafeString:
        text = "Plan" if hasattr(dependency, "fallback_plan") else "Write one"
        return format_html('<a class="us-link" href="/dependencies/{}/plan/">{}</a>', dependency.pk, text)
