"""What a decider should know beside the state of a proposal: it moves by itself, so no decision names it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class StatementSerializer(serializers.Serializer[Any]):
    said_by = serializers.CharField(help_text="The name of the source.")
    value = serializers.CharField()


class DisputeSerializer(serializers.Serializer[Any]):
    """Sources that answer in time contradict each other; the register goes by the statement that comes first."""

    offering = serializers.IntegerField()
    fact = serializers.CharField()
    statements = StatementSerializer(many=True)


class ShareSerializer(serializers.Serializer[Any]):
    behind = serializers.IntegerField()
    total = serializers.IntegerField()
    critical_behind = serializers.IntegerField()
    critical_total = serializers.IntegerField()


class ConcentrationLineSerializer(serializers.Serializer[Any]):
    """Of so many dependencies in production a vendor stands behind so many, now and once the use has moved."""

    vendor = serializers.CharField(source="line.vendor")
    scope = serializers.CharField(source="line.scope")
    now = ShareSerializer(source="line.now")
    afterwards = ShareSerializer(source="line.afterwards")
    is_above_limit = serializers.BooleanField(source="is_above")


class BesideSerializer(serializers.Serializer[Any]):
    """Both lists are empty for a closed proposal, and where nothing would move to another model."""

    disputes = serializers.SerializerMethodField()
    counted_on = serializers.DateField(source="after.day", default=None, allow_null=True)
    concentration = serializers.SerializerMethodField()

    @extend_schema_field(DisputeSerializer(many=True))
    def get_disputes(self, beside: Any) -> list[dict[str, Any]]:
        return [
            {
                "offering": row.offering.pk,
                "fact": dispute.fact,
                "statements": [{"said_by": source, "value": value} for source, value in dispute.in_words],
            }
            for row in beside.disputed
            for dispute in row.disputes
        ]

    @extend_schema_field(ConcentrationLineSerializer(many=True))
    def get_concentration(self, beside: Any) -> list[dict[str, Any]]:
        told = [one for of_vendor in beside.told for one in of_vendor]
        return [dict(row) for row in ConcentrationLineSerializer(instance=told, many=True).data]
