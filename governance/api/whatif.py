"""What if they go, asked and kept; and concentration from day to day."""

from typing import Any

from django.db.models import F
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from governance import models
from governance.whatif.ask import LONGEST_TITLE, answer_document, save_report
from governance.whatif.question import Question
from governance.whatif.sheet import csv_of
from registry.api import filters
from registry.api.people import person_of
from registry.api.permissions import ModelPermission
from registry.api.views import ReadOnly
from registry.models import LicenseClass

_MANY = 200


def _words(**options: Any) -> serializers.ListField:
    child = serializers.CharField(max_length=120)
    return serializers.ListField(child=child, required=False, default=list, max_length=_MANY, **options)


class QuestionSerializer(serializers.Serializer[None]):
    """What is supposed to go; at least one thing."""

    gone_on = serializers.DateField(help_text="From when they are gone; the days until then are the notice.")
    vendors = _words(help_text="Slugs; each with its children and all that was made from their models.")
    hosts = _words(help_text="As offerings name them: huggingface, openai, …")
    countries = _words(help_text="ISO 3166-1 alpha-2: the vendors there, with all that belongs to them.")
    license_classes = serializers.ListField(
        child=serializers.ChoiceField(choices=LicenseClass.choices), required=False, default=list
    )
    models = _words(help_text="Slugs; each with all that was made from it.")
    offerings = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), required=False, default=list, max_length=_MANY
    )

    @property
    def question(self) -> Question:
        given = self.validated_data
        return Question(
            gone_on=given["gone_on"],
            vendors=tuple(given["vendors"]),
            hosts=tuple(given["hosts"]),
            countries=tuple(given["countries"]),
            license_classes=tuple(given["license_classes"]),
            models=tuple(given["models"]),
            offerings=tuple(given["offerings"]),
        )


class QuestionToKeepSerializer(QuestionSerializer):
    title = serializers.CharField(max_length=LONGEST_TITLE, required=False, allow_blank=True, default="")


class CountsSerializer(serializers.Serializer[Any]):
    dependencies = serializers.IntegerField(help_text="All current ones.")
    touched = serializers.IntegerField()
    untouched = serializers.IntegerField()
    of_unknown_country = serializers.IntegerField(
        help_text="Of the untouched, where countries were asked about: those behind which a vendor stands whose country "
        "nobody has recorded. Reports from before it was counted lack it."
    )
    stops = serializers.IntegerField()
    degrades = serializers.IntegerField()
    survives = serializers.IntegerField(help_text="Of those that are touched.")
    survives_by_copy = serializers.IntegerField()
    survives_by_plan = serializers.IntegerField()
    critical_stops = serializers.IntegerField()
    critical_degrades = serializers.IntegerField()


class TouchedSerializer(serializers.Serializer[Any]):
    dependency = serializers.IntegerField()
    system = serializers.CharField()
    system_name = serializers.CharField()
    team = serializers.CharField()
    criticality = serializers.CharField()
    environment = serializers.CharField()
    is_production = serializers.BooleanField()
    purpose = serializers.CharField()
    ref = serializers.CharField()
    outcome = serializers.ChoiceField(
        choices=[
            ("stops", "no copy of ours and no alternative that is left keeps it running"),
            ("degrades", "an alternative takes over, late, untried or with less than was asked for"),
            ("survives", "by a plan that holds and was drilled, or by our own copy"),
        ]
    )
    reason = serializers.CharField()
    text = serializers.CharField()
    why = serializers.ListField(child=serializers.CharField())
    leans_on = serializers.CharField(allow_null=True)
    plan_holds = serializers.BooleanField(help_text="As the gate says it, of the plan without what is lost.")
    notice_days = serializers.IntegerField()
    ready_in_days = serializers.FloatField(allow_null=True, help_text="As measured in the last drill.")
    days_without = serializers.FloatField(allow_null=True, help_text="Null: nobody can say.")


class SharedSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=[
            ("offering", "the plans fall back to the same offering"),
            ("vendor", "the plans fall back to offerings behind which the same vendor stands"),
        ]
    )
    name = serializers.CharField()
    dependencies = serializers.ListField(child=serializers.IntegerField())
    names = serializers.ListField(child=serializers.CharField())


class HelpfulSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=[
            ("approve", "have an alternative that stands in plans approved"),
            ("adopt", "have an alternative that stands in plans adopted"),
            ("drill", "drill an alternative that stands in plans"),
            ("plan", "put what is adopted for that use into the plans"),
        ]
    )
    text = serializers.CharField()
    no_longer_stop = serializers.IntegerField()
    then_survive = serializers.IntegerField()
    dependencies = serializers.ListField(child=serializers.IntegerField())
    names = serializers.ListField(child=serializers.CharField())


class AnswerSerializer(serializers.Serializer[Any]):
    """What stops, what degrades and what survives. Dependencies that are not listed are not touched."""

    asked = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    gone_on = serializers.DateField()
    notice_days = serializers.IntegerField()
    state_at = serializers.DateTimeField()
    policy_version = serializers.IntegerField()
    counts = CountsSerializer()
    lines = TouchedSerializer(many=True)
    shared = SharedSerializer(many=True)
    actions = HelpfulSerializer(many=True)


class ReportLineSerializer(serializers.ModelSerializer[models.WhatIfReport]):
    counts = CountsSerializer(read_only=True)
    created_by: Any = serializers.CharField(source="created_by.username", read_only=True)

    class Meta:
        model = models.WhatIfReport
        fields = ("id", "title", "asked", "state_at", "created_by", "counts")


class WhatIfReportSerializer(serializers.ModelSerializer[models.WhatIfReport]):
    answer = AnswerSerializer(read_only=True)
    created_by: Any = serializers.CharField(source="created_by.username", read_only=True)

    class Meta:
        model = models.WhatIfReport
        fields = ("id", "title", "asked", "state_at", "created_by", "answer")


class WhatIf(GenericViewSet[models.WhatIfReport]):
    """A question that leaves nothing behind."""

    queryset = models.WhatIfReport.objects.none()
    serializer_class = QuestionSerializer  # type: ignore[assignment]  # it asks, and makes no row
    permission_classes = (ModelPermission,)

    @extend_schema(request=QuestionSerializer, responses=AnswerSerializer)
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Ask what stops, degrades and survives when they go; nothing is kept."""
        form = QuestionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(answer_document(form.question, now=timezone.now()))


class WhatIfReports(mixins.CreateModelMixin, ReadOnly):
    """Answers to *What if they go?* that were kept; they never change."""

    queryset = models.WhatIfReport.objects.select_related("created_by")
    serializer_class = WhatIfReportSerializer
    filterset_class = filters.filters_of(models.WhatIfReport, created_by="created_by__username")
    ordering = ("-state_at", "-pk")

    @extend_schema(request=QuestionToKeepSerializer, responses={201: WhatIfReportSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Ask, and keep question and answer as they are now, for good."""
        form = QuestionToKeepSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        title = form.validated_data["title"]
        row = save_report(form.question, title=title, by=person_of(request), now=timezone.now())
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=ReportLineSerializer(many=True))
    def list(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        """The reports without their lines, newest first."""
        rows = self.filter_queryset(self.get_queryset()).annotate(counts=F("answer__counts")).defer("answer")
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response(ReportLineSerializer(page, many=True).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, url_path="csv")
    def as_csv(self, request: Request, **_kwargs: str) -> HttpResponse:  # noqa: ARG002 - DRF's signature
        """A line per dependency that is touched, for a spreadsheet."""
        row = self.get_object()
        response = HttpResponse(csv_of(row.answer), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="what-if-{row.pk}.csv"'
        return response


class ConcentrationSerializer(serializers.ModelSerializer[models.Concentration]):
    team: Any = serializers.CharField(source="team.slug", allow_null=True, read_only=True)
    system: Any = serializers.CharField(source="system.slug", allow_null=True, read_only=True)
    vendor: Any = serializers.CharField(source="vendor.slug", read_only=True)
    share = serializers.FloatField(read_only=True)
    critical_share = serializers.FloatField(read_only=True)

    class Meta:
        model = models.Concentration
        fields = (
            "id",
            "day",
            "scope",
            "team",
            "system",
            "vendor",
            "behind",
            "total",
            "share",
            "critical_behind",
            "critical_total",
            "critical_share",
        )


class Concentrations(ReadOnly):
    """A row per day, scope and vendor; newest first."""

    queryset = models.Concentration.objects.select_related("team", "system", "vendor")
    serializer_class = ConcentrationSerializer
    filterset_class = filters.filters_of(
        models.Concentration, "day", "scope", team="team__slug", system="system__slug", vendor="vendor__slug"
    )
    ordering = ("-day", "-pk")
