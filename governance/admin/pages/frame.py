"""What every page shares: the frame of the admin around it, and how a refusal is shown."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from governance.refused import Refused
from registry.models import User


def person_of(request: HttpRequest) -> User:
    """Who asks. Every page runs behind `admin_view`, which lets nobody in without an account."""
    return cast("User", request.user)


def show(request: HttpRequest, template: str, *, title: str, status: int = 200, **context: Any) -> TemplateResponse:
    """The template in the frame of the admin, with the day as `today`."""
    frame = admin.site.each_context(request)
    return TemplateResponse(
        request,
        f"understudy/{template}",
        frame | {"title": title, "today": timezone.now().date()} | context,
        status=status,
    )


def put_into(form: forms.Form, refused: Refused) -> None:
    """Say a refusal at the field it names, or above the form where it names none that the form has."""
    field = str(refused.extra.get("field", ""))
    text = str(refused).removeprefix(f"{field}: ")
    form.add_error(field if field in form.fields else None, text[:1].upper() + text[1:])


def put_errors_into(form: forms.Form, error: ValidationError) -> None:
    """Say what a model or a service refused at the fields it names, or above the form where the form has no such field."""
    for field, texts in error.message_dict.items():
        form.add_error(field if field in form.fields else None, texts)


def status_of(request: HttpRequest) -> int:
    """400 for a form that was sent and is shown again, else 200."""
    return 400 if request.method == "POST" else 200
