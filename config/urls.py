"""Every address of the platform."""

from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from registry.api.hub_webhook import HubWebhook

handler404 = "registry.api.problems.no_such_address"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("governance.admin.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("config.api")),
    path("hooks/huggingface/", HubWebhook.as_view(), name="hub-webhook"),
]
