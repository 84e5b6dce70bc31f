"""All addresses of the platform, and a view that does as little as one that answers at all can do."""

from typing import Any

from django.urls import include, path
from rest_framework.generics import RetrieveAPIView
from rest_framework.serializers import ModelSerializer

from registry.models import System


class SystemSerializer(ModelSerializer[System]):
    class Meta:
        model = System
        fields = ("slug", "name", "criticality")


class OneRow(RetrieveAPIView[System]):
    """Reads one row by its key, behind the same authentication as the rest of the API."""

    queryset = System.objects.all()
    serializer_class = SystemSerializer
    permission_classes: list[Any] = []


urlpatterns = [path("bench/systems/<int:pk>/", OneRow.as_view()), path("", include("config.urls"))]
