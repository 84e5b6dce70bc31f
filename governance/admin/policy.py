"""Policies: a new version is added, an old one never changes."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import Max, Model
from django.forms import ModelForm
from django.http import HttpRequest

from governance.models import Policy
from registry.admin.base import RegisterAdmin
from registry.models import User


@admin.register(Policy)
class PolicyAdmin(RegisterAdmin):
    list_display = ("version", "in_force_from", "author", "reason")
    list_select_related = ("author",)
    fields = ("in_force_from", "reason", "document")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        obj.version = (Policy.objects.aggregate(Max("version"))["version__max"] or 0) + 1
        obj.author = cast("User", request.user)
        super().save_model(request, obj, form, change)
