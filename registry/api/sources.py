"""The sources with their health."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from registry.api import resources
from registry.api.serializers import SourceSerializer
from registry.health import Health, State, look
from registry.models import Source

_STATES = {
    State.FAILING.value: "no good poll for two intervals, or none ever",
    State.QUARANTINED.value: "it states a mass change, which is held back",
    State.EMPTY.value: "it answers with far less than it used to",
    State.LATE.value: "the last poll failed in whole or in part, or it is due and nobody polls it",
    State.NEW.value: "not polled yet",
    State.OK.value: "it answers",
    State.OFF.value: "switched off",
}


class HealthSerializer(serializers.Serializer[Health]):
    """How a source does at this moment."""

    state = serializers.ChoiceField(choices=list(_STATES.items()))
    since = serializers.DateTimeField(allow_null=True, help_text="When the state began; null where all is well.")
    why = serializers.CharField()
    is_stale = serializers.BooleanField(help_text="It has had no good poll for two intervals (UD306).")
    fresh_until = serializers.DateTimeField(allow_null=True)
    rows = serializers.IntegerField(source="coverage.rows", allow_null=True, help_text="Of the last good run.")
    usual_rows = serializers.IntegerField(
        source="coverage.usual", allow_null=True, help_text="The median of the ten completed runs before it."
    )
    coverage = serializers.FloatField(source="coverage.ratio", allow_null=True)
    section_count = serializers.IntegerField(source="sections.count")
    failing_section_count = serializers.IntegerField(source="sections.failing_count")
    held_count = serializers.IntegerField(help_text="Statements and changes that are held back.")
    open_incidents = serializers.SerializerMethodField()

    def get_open_incidents(self, health: Health) -> list[int]:
        return [one.incident.pk for one in health.quarantines]


class SourceWithHealth(SourceSerializer):
    health = HealthSerializer(read_only=True)

    class Meta(SourceSerializer.Meta):
        fields = (*SourceSerializer.Meta.fields, "health")  # type: ignore[assignment]  # the base's tuple is shorter


class Sources(resources.Sources):
    """Upstreams that are watched, each with its health."""

    serializer_class = SourceWithHealth

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        return None if page is None else _examined(page)

    def get_object(self) -> Source:
        (row,) = _examined([super().get_object()])
        return row

    def perform_update(self, serializer: Any) -> None:
        super().perform_update(serializer)
        _examined([serializer.instance])


def _examined(rows: Iterable[Source]) -> list[Source]:
    """The rows, each with its `health`, by five queries for all."""
    listed = list(rows)
    found = {one.source.pk: one for one in look(listed, now=timezone.now())}
    for row in listed:
        row.health = found[row.pk]  # type: ignore[attr-defined]  # for the serializer
    return listed
