"""What every list and form of the web admin shares: rights on the object itself, evidence that nobody edits, audit.

This app knows nothing of the audit chain, which is governance's. The site that the admin runs in (`config.admin_site`)
offers `record_saved` and `record_deleted`; these classes call it inside the transaction of the save.
"""

from typing import Any

from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminExpandableTextareaWidget

STATE_LABELS = {
    "available": "success",
    "listed": "success",
    "passed": "success",
    "deprecated": "warning",
    "proposed": "info",
    "retired": "danger",
    "disabled": "danger",
    "removed": "danger",
    "failed": "danger",
}


FIELDS: dict[Any, Any] = {
    # Without it Django warns that its default scheme for addresses will change.
    models.URLField: {"assume_scheme": "https"},
    # Most texts are a line or two; the field grows with what is written.
    models.TextField: {"widget": UnfoldAdminExpandableTextareaWidget},
    models.JSONField: {"widget": UnfoldAdminExpandableTextareaWidget},
}


def may(request: HttpRequest, action: str, model: type[models.Model], obj: models.Model | None = None) -> bool:
    """Whether the person may do `action` (view, add, change, delete) with `obj`, or with some row of `model`."""
    codename = get_permission_codename(action, model._meta)
    return request.user.has_perm(f"{model._meta.app_label}.{codename}", obj)


class ObjectRights:
    """Asks for the right on the row in question; Django's admin asks only for the right on its kind."""

    model: Any

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may(request, "view", self.model, obj) or may(request, "change", self.model, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, "add", self.model)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may(request, "change", self.model, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may(request, "delete", self.model, obj)


class RegisterAdmin(ObjectRights, ModelAdmin):
    """A list and a form; each save and each deletion leaves a line in the audit chain."""

    formfield_overrides: Any = FIELDS
    list_per_page = 50
    list_filter_submit = False
    warn_unsaved_form = True

    def save_model(self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        # The form was opened with the right to some row; what was chosen in it may belong to another team.
        if not may(request, "change" if change else "add", self.model, obj):
            raise PermissionDenied
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: "ModelForm[Any]", formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        super().save_related(request, form, formsets, change)
        self.admin_site.record_saved(request, form.instance, created=not change, **_difference(form, formsets))

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        pk = obj.pk
        with transaction.atomic():
            super().delete_model(request, obj)
            obj.pk = pk  # Django clears it, and the audit names the row by it
            self.admin_site.record_deleted(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        rows = list(queryset)
        with transaction.atomic():
            super().delete_queryset(request, queryset)
            for row in rows:
                self.admin_site.record_deleted(request, row)


def _difference(form: "ModelForm[Any]", formsets: "list[BaseFormSet[Any]]") -> dict[str, dict[str, Any]]:
    """The changed fields as text before and after, passwords left out; a changed row of an inline has its own name."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name in form.changed_data:
        if getattr(form.fields[name].widget, "input_type", "") == "password":
            continue
        before[name], after[name] = _shown(form.initial.get(name)), _shown(form.cleaned_data.get(name))
    for formset in formsets:
        for row in formset.forms:
            if row.has_changed():
                label = f"{formset.prefix}-{row.prefix.rsplit('-', 1)[-1] if row.prefix else ''}"
                before[label] = {name: _shown(row.initial.get(name)) for name in row.changed_data}
                after[label] = {name: _shown(row.cleaned_data.get(name)) for name in row.changed_data}
    return {"before": before, "after": after}


def _shown(value: object) -> str:
    return str(value.pk) if isinstance(value, models.Model) else str("" if value is None else value)


class EvidenceAdmin(ObjectRights, ModelAdmin):
    """What happened, to be read: no form adds, changes or deletes it, whoever asks."""

    formfield_overrides: Any = FIELDS
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may(request, "view", self.model, obj)


class ParentRights:
    """Rows inside a form: to change one, the parent and the kind of row must both be open to the person."""

    model: Any
    parent_model: Any

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may(request, "view", self.parent_model, obj) or may(request, "change", self.parent_model, obj)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may_edit_parent(request, obj) and may(request, "add", self.model)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may_edit_parent(request, obj) and may(request, "change", self.model)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may_edit_parent(request, obj) and may(request, "delete", self.model)

    def _may_edit_parent(self, request: HttpRequest, obj: models.Model | None) -> bool:
        return may(request, "change" if obj else "add", self.parent_model, obj)


class Rows(ParentRights, TabularInline):
    """Editable rows in a table."""

    extra = 0


class EvidenceRows(ParentRights, TabularInline):
    """Rows to be read."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False
