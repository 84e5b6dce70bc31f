"""`POST /imports/`: models out of a file, as proposed; by default only what would happen."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import IntegrityError
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from governance.api.faults import faults_as_problem
from governance.imports import bring_in
from registry.api.parsers import RawParser, raw_body
from registry.api.people import person_of
from registry.api.permissions import ModelPermission
from registry.api.problems import Problem
from registry.imports.cyclonedx import MAX_BYTES
from registry.imports.files import read
from registry.imports.review import Review, Step, review
from registry.models import Offering

_BODY = {
    "application/octet-stream": OpenApiTypes.BINARY,
    "application/json": OpenApiTypes.OBJECT,
    "text/csv": OpenApiTypes.BINARY,
    "application/yaml": OpenApiTypes.BINARY,
}


class FileParser(RawParser):
    limit = MAX_BYTES


class ImportQuery(serializers.Serializer[None]):
    name = serializers.CharField(
        max_length=200,
        help_text="The file's name; its ending says how it is written: .csv, .json, .xml, .yaml or .yml.",
    )
    dry_run = serializers.BooleanField(required=False, default=True, help_text="Say what would happen, and no more.")
    update = serializers.BooleanField(  # type: ignore[assignment]  # a field; nothing is updated by this form
        required=False, default=False, help_text="Change models that the register has already (.csv and our own .json)."
    )


class ImportedModelSerializer(serializers.Serializer[Any]):
    place = serializers.CharField(help_text="The line or the path in the file.")
    slug = serializers.CharField()
    step = serializers.ChoiceField(choices=[(step.value, step.value) for step in Step])
    changed = serializers.ListField(child=serializers.CharField())


class LeftOutSerializer(serializers.Serializer[Any]):
    place = serializers.CharField()
    column = serializers.CharField()
    reason = serializers.CharField()


class ImportSerializer(serializers.Serializer[Any]):
    written = serializers.IntegerField(help_text="Models that were made or changed; 0 for a dry run.")
    dry_run = serializers.BooleanField()
    vendors = serializers.ListField(child=serializers.CharField(), help_text="The new ones, by slug.")
    models = ImportedModelSerializer(many=True)
    left_out = LeftOutSerializer(many=True)


class Imports(GenericViewSet[Offering]):
    """Bring models in from a file, as proposed."""

    queryset = Offering.objects.none()
    serializer_class = ImportSerializer
    permission_classes = (ModelPermission,)
    parser_classes = (FileParser,)

    @extend_schema(parameters=[ImportQuery], request=_BODY, responses=ImportSerializer)
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Our own table or list, a CycloneDX bill of materials, a LiteLLM proxy's configuration or list of models."""
        form = ImportQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        with faults_as_problem("invalid_file"):
            reviewed = review(read(given["name"], raw_body(request)), update=given["update"])
        written = 0 if given["dry_run"] else self._write(reviewed, request, given["name"])
        return Response(_told(reviewed, written=written, dry_run=given["dry_run"]))

    def _write(self, reviewed: Review, request: Request, name: str) -> int:
        try:
            return len(bring_in(reviewed, file_name=name, actor=person_of(request), now=timezone.now()))
        except (IntegrityError, ValidationError, ObjectDoesNotExist) as error:
            raise Problem(
                status_code=status.HTTP_409_CONFLICT,
                code="state_changed",
                detail="The register changed meanwhile; nothing was imported. Send it again.",
            ) from error


def _told(reviewed: Review, *, written: int, dry_run: bool) -> dict[str, Any]:
    return {
        "written": written,
        "dry_run": dry_run,
        "vendors": [vendor.slug for vendor in reviewed.vendors],
        "models": [
            {"place": row.record.place, "slug": row.record.slug, "step": row.step.value, "changed": list(row.changed)}
            for row in reviewed.rows
        ],
        "left_out": [
            {"place": fault.place, "column": fault.column, "reason": fault.reason} for fault in reviewed.left_out
        ],
    }
