"""Dependencies with what could take over from the model in use."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance.candidates import Filters, rank, unregistered
from registry.api import resources
from registry.criteria import Criterion


class ReasonSerializer(serializers.Serializer[Any]):
    criterion = serializers.ChoiceField(choices=[(one.value, one.in_words) for one in Criterion])
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
    license = serializers.CharField(source="license.spdx_id", default=None, allow_null=True)
    reasons = ReasonSerializer(many=True)


class UnregisteredSerializer(serializers.Serializer[Any]):
    """A row of a source that no offering stands for: it has to enter the register first."""

    listing = serializers.IntegerField(source="listing.pk")
    source: Any = serializers.CharField(source="listing.source.slug")
    name = serializers.CharField()
    ref = serializers.CharField(source="candidate.offering.external_id")
    host = serializers.CharField()
    license = serializers.CharField(source="candidate.license.spdx_id", default=None, allow_null=True)
    reasons = ReasonSerializer(many=True, source="candidate.reasons")


class SuggestionFilters(serializers.Serializer[Any]):
    independent = serializers.BooleanField(default=False, help_text="Only what is shown independent.")
    allowed = serializers.BooleanField(
        default=False, help_text="Only what has a license that policy allows in this system's distribution."
    )


class Suggestions(serializers.Serializer[Any]):
    """At most 60 of the register, best first, and what upstream lists beyond it."""

    criteria = serializers.ListField(child=serializers.CharField(), help_text="In the order in which they decide.")
    results = CandidateSerializer(many=True)
    listed_upstream = UnregisteredSerializer(many=True)


class Dependencies(resources.Dependencies):
    """What the organisation's systems depend on."""

    action_permissions = {"suggestions": "registry.view_dependency"}

    @extend_schema(parameters=[SuggestionFilters], responses=Suggestions)
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def suggestions(self, request: Request, **_kwargs: str) -> Response:
        """What could take over, best first: other vendors before kin, what is approved here before what is not."""
        form = SuggestionFilters(data=request.query_params)
        form.is_valid(raise_exception=True)
        filters = Filters(form.validated_data["independent"], form.validated_data["allowed"])
        dependency, now = self.get_object(), timezone.now()
        ranked = rank(dependency, now=now, filters=filters)
        listed = unregistered(dependency, now=now, filters=filters)
        return Response(
            {
                "criteria": [one.value for one in Criterion],
                "results": CandidateSerializer(instance=ranked, many=True).data,
                "listed_upstream": UnregisteredSerializer(instance=listed, many=True).data,
            }
        )
