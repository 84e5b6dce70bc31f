"""Dependencies with what could take over from the model in use."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.candidates import rank
from registry.api import resources


class ReasonSerializer(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    verdict = serializers.CharField(source="verdict.word", help_text="for, question or against")
    text = serializers.CharField()


class CandidateSerializer(serializers.Serializer[Any]):
    """An offering that could take over, with one reason per criterion in the order in which they decide."""

    offering = serializers.IntegerField(source="offering.pk")
    ref = serializers.CharField(source="offering.external_id")
    host = serializers.CharField(source="offering.host")
    model = serializers.CharField(source="offering.model.slug")
    is_independent = serializers.BooleanField()
    shared_vendors = serializers.ListField(child=serializers.CharField())
    license = serializers.CharField(source="license.spdx_id", default=None)
    reasons = ReasonSerializer(many=True)


class Suggestions(serializers.Serializer[Any]):
    results = CandidateSerializer(many=True)


class Dependencies(resources.Dependencies):
    """What the organisation's systems depend on."""

    action_permissions = {"suggestions": "registry.view_dependency"}

    @extend_schema(responses=Suggestions)
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def suggestions(self, request: Request, **_kwargs: str) -> Response:  # noqa: ARG002 - DRF's signature
        """What could take over, best first: other vendors before kin, each with its reasons."""
        ranked = rank(self.get_object(), now=timezone.now())
        return Response({"results": CandidateSerializer(instance=ranked, many=True).data})
