"""API tokens: made here, shown once, kept as a hash."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from knox.models import AuthToken
from unfold.decorators import display

from registry.admin.base import RegisterAdmin, may
from registry.models import User

admin.site.unregister(AuthToken)


@admin.register(AuthToken)
class TokenAdmin(RegisterAdmin):
    list_display = ("starts_with", "user", "created", "expiry")
    list_select_related = ("user",)
    search_fields = ("token_key", "user__username")
    autocomplete_fields = ("user",)
    fields = ("user",)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002 - Django's signature
        """A token is made and revoked, never edited."""
        return False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AuthToken]:
        """One's own tokens; all of them for those who administer people."""
        tokens = super().get_queryset(request)
        return tokens if may(request, "change", User) else tokens.filter(user=request.user)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk}

    def save_model(self, request: HttpRequest, obj: Any, form: "ModelForm[Any]", change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        if not may(request, "add", AuthToken, obj):
            raise PermissionDenied
        made, text = AuthToken.objects.create(user=obj.user)
        obj.__dict__.update(made.__dict__)
        messages.warning(request, f"This is the only time the token is shown. Copy it now: {text}")

    def response_add(self, request: HttpRequest, obj: AuthToken, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """The message with the token has been said; Django's own would show its hash."""
        return redirect("admin:knox_authtoken_changelist")

    def save_related(self, request: HttpRequest, form: "ModelForm[Any]", formsets: Any, change: bool) -> None:  # noqa: ARG002, FBT001 - Django's signature
        # The audit names the person: a token's own key is a hash that nobody recognises.
        self.admin_site.record_saved(
            request, form.instance.user, created=False, before={}, after={"token": form.instance.token_key}
        )

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        token = cast("AuthToken", obj)
        with transaction.atomic():
            token.delete()
            self.admin_site.record_saved(
                request, token.user, created=False, before={"token": token.token_key}, after={}
            )

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[AuthToken]) -> None:
        for token in queryset:
            self.delete_model(request, token)

    @display(description="Token", ordering="token_key")
    def starts_with(self, token: AuthToken) -> str:
        return f"{token.token_key}…"
