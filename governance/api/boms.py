"""Bills of materials over HTTP: one out, one in as a check."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from governance.answer import Location
from governance.api.faults import faults_as_problem
from governance.check import CheckRequest, RequestedModel
from registry.api.parsers import RawParser
from registry.exports.cyclonedx import MEDIA_TYPE
from registry.imports.cyclonedx import MAX_BYTES, read_bill

BODY = {
    MEDIA_TYPE: OpenApiTypes.OBJECT,
    "application/vnd.cyclonedx+xml": OpenApiTypes.BINARY,
    "application/json": OpenApiTypes.OBJECT,
}


class BillRenderer(JSONRenderer):
    """For whoever asks for a bill by its media type; a refusal is JSON all the same."""

    media_type = MEDIA_TYPE
    format = "cdx"


class BillParser(RawParser):
    limit = MAX_BYTES


class BillQuery(serializers.Serializer[None]):
    """What the address says of a bill that is sent in."""

    environment = serializers.SlugField(max_length=50)
    path = serializers.CharField(max_length=1000, required=False, default="bom.cdx.json")
    complete = serializers.BooleanField(
        required=False, default=False, help_text="The bill names every model that the system uses there."
    )
    commit = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")


def question(system: str, content: bytes, given: dict[str, Any]) -> CheckRequest:
    """The check that a bill asks for; raises a problem `invalid_bom` with the path of each fault in it."""
    with faults_as_problem("invalid_bom"):
        bill = read_bill(content)
    where = (Location(given["path"]),)
    return CheckRequest(
        system=system,
        environment=given["environment"],
        models=tuple(RequestedModel(one.ref, revision=one.revision or None, locations=where) for one in bill.models),
        is_complete=given["complete"],
        commit=given["commit"],
    )
