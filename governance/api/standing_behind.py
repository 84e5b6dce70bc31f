"""Vendors that are one, and what models were made from: what decides who stands behind a model."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import standing_behind
from governance.api.refusals import refusals_as_problems
from registry.api import resources
from registry.api.people import person_of
from registry.api.serializers import AIModelSerializer, Slug, VendorSerializer
from registry.models import AIModel, LineageEdge, Vendor


class NewMerge(serializers.Serializer[None]):
    """The vendor that this one turned out to be, and how one knows."""

    into = Slug(Vendor.objects.standing())
    reason = serializers.CharField(max_length=300)


class Vendors(resources.Vendors):
    """Organisations that develop or serve models."""

    action_permissions = {"merge": "registry.merge_vendor"}

    @extend_schema(request=NewMerge, responses=VendorSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, **_kwargs: str) -> Response:
        """Merge this vendor into another, which is answered. This one's slug leads there for ever."""
        form = NewMerge(data=request.data)
        form.is_valid(raise_exception=True)
        with refusals_as_problems():
            standing_behind.merge_vendors(
                self.get_object(), by=person_of(request), now=timezone.now(), **form.validated_data
            )
        into = self.get_queryset().get(pk=form.validated_data["into"].pk)
        return Response(self.get_serializer(into).data)


class NewAssertion(serializers.Serializer[None]):
    """A statement about what the model was made from, with its source."""

    statement = serializers.ChoiceField(
        choices=standing_behind.STATEMENTS,
        help_text="root: it has no bases. base: it was made from `base`. not_base: it was not.",
    )
    base = Slug(AIModel.objects.all(), required=False, allow_null=True)
    relation = serializers.ChoiceField(choices=LineageEdge.Relation.choices, required=False)
    is_all = serializers.BooleanField(default=False, help_text="With this base, all bases of the model are entered.")
    source: Any = serializers.CharField(max_length=300, help_text="Who states it, and where it can be read.")


class Models(resources.Models):
    """Models as their developers released them."""

    action_permissions = {"assert_lineage": "registry.assert_lineage"}

    @extend_schema(request=NewAssertion, responses=AIModelSerializer)
    @action(detail=True, methods=["post"], url_path="assert-lineage")
    def assert_lineage(self, request: Request, **_kwargs: str) -> Response:
        """State what the model was made from. Who depends on it is told, and approvals that rest on it end."""
        form = NewAssertion(data=request.data)
        form.is_valid(raise_exception=True)
        given: dict[str, Any] = form.validated_data
        model = self.get_object()
        with refusals_as_problems():
            standing_behind.assert_lineage(model, by=person_of(request), now=timezone.now(), **given)
        return Response(self.get_serializer(self.get_queryset().get(pk=model.pk)).data)
